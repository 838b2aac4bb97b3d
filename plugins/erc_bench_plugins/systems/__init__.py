"""Shipped systems that are not composed of slots, one per file."""
