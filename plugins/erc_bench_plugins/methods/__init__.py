"""Shipped recipes, those of one paper per file; none imports torch, so that methods are listed in an instant."""
