"""Keeping folders of runs in order: which cells lie there, removing them, packing them away and back."""
