"""Shipped systems that are no composition of slots, one per file."""
