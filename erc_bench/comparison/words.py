"""How captions write numbers, and numbers of things."""

from __future__ import annotations


def number(p: float) -> str:
    """Write a probability or a level with at most four decimals: 0.05, 0.0625."""
    return f"{p:.4f}".rstrip("0").rstrip(".") if p >= 0.0001 else f"{p:.1e}"


def count(number_of: int, noun: str) -> str:
    """Return the number with its noun."""
    return f"{number_of} {noun}" if number_of == 1 else f"{number_of} {noun}s"
