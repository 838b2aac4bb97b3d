"""Shipped classifiers, one per file."""
