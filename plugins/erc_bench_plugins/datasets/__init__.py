"""Shipped datasets, one per file."""
