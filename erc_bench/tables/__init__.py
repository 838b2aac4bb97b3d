"""Renderings of one comparison, one format each."""
