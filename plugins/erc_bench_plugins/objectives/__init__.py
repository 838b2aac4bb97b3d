"""Shipped objectives, one per file."""
