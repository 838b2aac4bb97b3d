"""Tested differences between rows, on one dataset and over several: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from erc_bench.comparison.row_key import RowKey
from erc_bench.statistics import results
from erc_bench.statistics.corrections import one_sided

Verdict = Literal["better", "worse", ""]


@dataclass(frozen=True)
class OverDialogues:
    """The trained systems of one pair on new dialogues: sign-flip test and bootstrap interval."""

    test: results.DialogueSignFlip
    interval: results.BootstrapInterval


@dataclass(frozen=True)
class Pair:
    """One row against its baseline row, or another one, on one dataset, over the seeds that both have.

    ``test`` is always the paired t-test. ``chosen`` is the test behind † where another one was asked for, and
    ``difference`` the difference behind it (an unpaired one: of all seeds of either side). ``over_dialogues`` is there
    where tests over dialogues alone were asked for. ``sd`` is that of the seed-wise differences. ``verdict``,
    ``joint_verdict`` and ``dialogue_verdict`` are those after correction. ``equivalence`` is there where a margin was
    asked for, ``equivalent`` its verdict after correction. ``one_seed_dialogue_variance`` is
    ``joint.dialogue_variance`` with one seed. ``unpaired`` is the difference of means over all seeds of either side,
    where a test was asked for that does not pair them. ``contradiction`` says that † is not given although p is small
    enough, because the ranks favour one row and the means the other. ``against_baseline`` is false for the pairs that
    only ``all_pairs`` adds. ``held_back`` says of either row that it has a seed which collapsed or is degenerate: no
    mark is given then, and the tests stay in their family. ``in_family`` is false
    where either row is a floor, of which nobody claims anything.
    """

    row: int
    baseline: int
    seeds: tuple[int, ...]
    only_row: tuple[int, ...]
    only_baseline: tuple[int, ...]
    test: results.PairedT
    sign_flip: results.SignFlip
    effect: results.Estimate
    detectable: results.Estimate
    joint: results.JointTest
    seed_correlation: results.Estimate
    difference: float | None = None
    sd: float | None = None
    chosen: results.TTest | results.DiscreteTest | None = None
    over_dialogues: OverDialogues | None = None
    adjusted_p: float | None = None
    joint_adjusted_p: float | None = None
    dialogue_adjusted_p: float | None = None
    verdict: Verdict = ""
    joint_verdict: Verdict = ""
    dialogue_verdict: Verdict = ""
    against_baseline: bool = True
    equivalence: results.Equivalence | None = None
    equivalence_adjusted_p: float | None = None
    equivalent: bool = False
    one_seed_dialogue_variance: float | None = None
    contradiction: bool = False
    unpaired: results.WelchT | None = None
    held_back: tuple[str, ...] = ()
    in_family: bool = True

    @property
    def seed_test(self) -> results.TTest | results.DiscreteTest:
        """The test behind †."""
        return self.test if self.chosen is None else self.chosen

    @property
    def interval_test(self) -> results.TTest:
        """The t-test whose difference and interval stand beside † (a rank test has none of its own)."""
        return self.unpaired or self.test

    @property
    def better(self) -> float | None:
        """The one-sided p of "better", of the test that marks the table; ``None`` where no mark is given."""
        if self.held_back:
            return None
        if self.over_dialogues is not None:
            p, difference = self.over_dialogues.test.p, self.test.difference
        else:
            p, difference = self.seed_test.p, self.difference
            # Ranks that favour the other side than the means do speak for neither.
            leaning = self.seed_test.leaning if isinstance(self.seed_test, results.DiscreteTest) else None
            if leaning == -1 and difference is not None:
                difference = -abs(difference)
        return None if p is None or difference is None else one_sided(p, difference)

    @property
    def clusters(self) -> int:
        """How many dialogues (episodes, sessions) the tests over them took for independent; 0 where none was made."""
        return self.joint.clusters if self.over_dialogues is None else self.over_dialogues.test.n


@dataclass(frozen=True)
class UnshownTest:
    """The p-values, before correction, of a comparison that is of a column's family and does not stand in the table.

    ``row`` is the row that meets its baseline, ``None`` in a comparison of two others; ``better`` as in :class:`Pair`.
    """

    row: RowKey | None
    seeds: float | None
    joint: float | None
    dialogues: float | None
    equivalence: float | None
    better: float | None


@dataclass(frozen=True)
class OverDatasets:
    """One row against its baseline over ``columns``, those of the datasets on which both have runs.

    ``better`` has one test for each k from 1: better on at least k of them, and ``adjusted`` its p-values
    for all rows together. ``at_least`` is the largest k that holds, 0 where none does. ``combined`` is
    Stouffer's test of "better on no dataset". ``family`` is the number of rows that are corrected together.
    """

    row: int
    columns: tuple[int, ...]
    better: tuple[results.PartialConjunction, ...]
    combined: results.Combined
    adjusted: tuple[float | None, ...] = ()
    at_least: int = 0
    combined_adjusted_p: float | None = None
    family: int = 0


@dataclass(frozen=True)
class Ranking:
    """Rows by their ranks (1 is best) on each of ``columns``.

    ``ranks`` has one line for each of ``rows``, those that have a score on every dataset; ``left_out``
    are the others. ``distance`` is Nemenyi's. ``forced``: computed below five datasets as well.
    """

    columns: tuple[int, ...]
    rows: tuple[int, ...]
    ranks: tuple[tuple[float, ...], ...]
    test: results.Friedman
    distance: results.Estimate
    left_out: tuple[int, ...] = ()
    forced: bool = False

    def apart(self, row: int, other: int, alpha: float) -> bool:
        """Whether two rows differ: the test rejects, and their average ranks lie as far apart as Nemenyi wants."""
        if self.distance.value is None or self.test.p is None or self.test.p > alpha:
            return False
        first, second = (self.test.average_ranks[self.rows.index(each)] for each in (row, other))
        return abs(first - second) >= self.distance.value
