"""Experiments: run a grid, read back what is stored, compare it. Both the command line and notebooks call this."""
