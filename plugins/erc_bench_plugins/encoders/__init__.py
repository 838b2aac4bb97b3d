"""Shipped encoders, one per file."""
