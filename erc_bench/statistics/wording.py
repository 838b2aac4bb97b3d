"""How sentences write numbers and seeds."""

from __future__ import annotations

from collections.abc import Iterable


def number(p: float) -> str:
    """Write a probability or a level with at most four decimals: 0.05, 0.0625."""
    return f"{p:.4f}".rstrip("0").rstrip(".") if p >= 0.0001 else f"{p:.1e}"


def seed_list(seeds: Iterable[int]) -> str:
    """Write seeds as runs: 1, 2, 3, 7 becomes ``1-3, 7``."""
    runs: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def seed_words(seeds: Iterable[int]) -> str:
    """Write seeds in words: ``seed 1``, ``seeds 1-5``."""
    found = sorted(set(seeds))
    return f"seed {found[0]}" if len(found) == 1 else f"seeds {seed_list(found)}"
