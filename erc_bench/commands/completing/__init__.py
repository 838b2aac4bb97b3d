"""Completion in a shell: which names there are, kept so that a key press need not import torch."""
