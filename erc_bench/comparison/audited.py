"""Scores as other ways to choose an epoch would have them."""

from __future__ import annotations

from dataclasses import dataclass

from erc_bench.statistics import Summary


@dataclass(frozen=True)
class AuditedScore:
    """One row's scores as three ways to choose an epoch would have them, in points, over ``seeds``.

    ``selected`` is what the table shows, ``last`` the last epoch, ``best`` the best epoch on test,
    which no result may use. ``inflations`` follow the seeds: best less selected. ``second_stage``
    says that the epochs are those of a classifier fitted after training: what test selection would
    have gained before it is not in the numbers.
    """

    row: int
    seeds: tuple[int, ...]
    selected: Summary
    last: Summary
    best: Summary
    inflations: tuple[float, ...]
    inflation: Summary
    second_stage: bool


@dataclass(frozen=True)
class Audit:
    """What test selection is worth on one dataset.

    ``overall`` is the inflation averaged over the methods in each of ``seeds``, the seeds that all share.
    """

    scores: tuple[AuditedScore, ...]
    seeds: tuple[int, ...]
    overall: Summary | None
