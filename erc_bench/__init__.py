"""erc-bench: one honest protocol for emotion recognition in conversation."""

__version__ = "0.1.0"
