"""Backbones that are Hugging Face checkpoints: found, checked, loaded without noise or guesswork."""
