"""Holm's correction where each row makes several claims, each of which implies the one before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm_chains(chains: Sequence[Sequence[float]]) -> list[list[float]]:
    """chains: for each of m rows the p-values of its claims, weakest claim first → adjusted p-values.

    A claim is accepted where its adjusted value is at most alpha, and then so are all before it in its
    chain. The chance that any row claims too much stays at most alpha, whatever the dependence: each row
    tests one claim after the other at alpha divided by the rows that still test, and a row that has
    made its last claim leaves its share to the others. With one claim a row this is Holm's correction.
    Raises ``ValueError`` for p-values outside [0, 1] and for a chain without a claim. Source: the
    sequentially rejective procedure with fixed sequences of Bretz, Maurer, Brannath and Posch,
    Statistics in Medicine 28 (2009).
    """
    rising = [np.maximum.accumulate(_checked(chain)) for chain in chains]
    m = len(rising)
    order = sorted(range(m), key=lambda row: float(rising[row][-1]))
    # The levels at which the first j rows of this order have made all their claims.
    ends = [0.0]
    for done, row in enumerate(order):
        ends.append(max(ends[-1], (m - done) * float(rising[row][-1])))
    adjusted: list[list[float]] = [[] for _ in chains]
    for place, row in enumerate(order):
        adjusted[row] = [
            min(1.0, *(max(ends[done], (m - done) * float(p)) for done in range(place + 1))) for p in rising[row]
        ]
    return adjusted


def _checked(chain: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = np.asarray(chain, dtype=float).reshape(-1)
    if not len(values) or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("a chain must hold p-values between 0 and 1")
    return values
