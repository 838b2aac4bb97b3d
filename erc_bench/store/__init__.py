"""Run folders: how a cell is laid out, written, locked and read back."""
