"""Shipped backbones, one per file."""
