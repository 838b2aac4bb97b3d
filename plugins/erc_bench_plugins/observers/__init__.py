"""Observers: one file each."""
