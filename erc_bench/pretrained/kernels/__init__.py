"""Quicker kernels for a language model on the CPU."""
