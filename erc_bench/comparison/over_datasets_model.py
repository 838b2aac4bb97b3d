"""Results over several datasets: on how many a row is better, and how rows rank. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from erc_bench.statistics.results import Combined, Estimate, Friedman, PartialConjunction


@dataclass(frozen=True)
class OverDatasets:
    """One row against its baseline over ``columns``, those of the datasets on which both have runs.

    ``better`` has one test for each k from 1: better on at least k of them, and ``adjusted`` its p-values
    for all rows together. ``at_least`` is the largest k that holds, 0 where none does. ``combined`` is
    Stouffer's test of "better on no dataset".
    """

    row: int
    columns: tuple[int, ...]
    better: tuple[PartialConjunction, ...]
    combined: Combined
    adjusted: tuple[float | None, ...] = ()
    at_least: int = 0
    combined_adjusted_p: float | None = None


@dataclass(frozen=True)
class Ranking:
    """Rows by their ranks (1 is best) on each of ``columns``.

    ``ranks`` has one line for each of ``rows``, those that have a score on every dataset; ``left_out``
    are the others. ``distance`` is Nemenyi's. ``forced``: computed below five datasets as well.
    """

    columns: tuple[int, ...]
    rows: tuple[int, ...]
    ranks: tuple[tuple[float, ...], ...]
    test: Friedman
    distance: Estimate
    left_out: tuple[int, ...] = ()
    forced: bool = False

    def apart(self, row: int, other: int, alpha: float) -> bool:
        """Whether two rows differ: the test rejects, and their average ranks lie as far apart as Nemenyi wants."""
        if self.distance.value is None or self.test.p is None or self.test.p > alpha:
            return False
        first, second = (self.test.average_ranks[self.rows.index(each)] for each in (row, other))
        return abs(first - second) >= self.distance.value
