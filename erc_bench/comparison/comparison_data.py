"""The data of a comparison: plain numbers and sentences. Renderings read nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from erc_bench.comparison.requested_tests import Tests
from erc_bench.comparison.row_key import RowKey
from erc_bench.comparison.tested_differences import OverDatasets, Pair, Ranking, UnshownTest
from erc_bench.statistics.results import Estimate, OneSampleT, PairedT, ShareOfRuns, Summary

CLASS_F1 = "f1"
"""The metric of a column that holds one class."""

Rank = Literal["best", "second", ""]
Family = Literal["dataset", "table", "shown"]
"""What is corrected together: all of a dataset, of every dataset, or what is shown of a dataset alone."""
Origin = Literal["own", "re-run", "copied"]
"""Who ran a printed number: the paper that proposes the method, a paper that re-ran another's, or neither."""


@dataclass(frozen=True)
class TableRow:
    """One row: its key and the shortest label that tells it from the other rows.

    ``letter`` is how other rows name it that beat it, where letters are asked for. ``frozen``: the label says that the
    language model stood still.
    """

    key: RowKey
    label: str
    sees_future: bool = False
    letter: str = ""
    frozen: bool = False


@dataclass(frozen=True)
class Score:
    """One row on one dataset. ``values`` and ``dev_values`` follow ``seeds``; all in points.

    ``degenerate`` maps the seeds whose result is degenerate to the reason. ``collapsed`` are these and the seeds that
    fell far below the others (:func:`erc_bench.comparison.failed_seeds.collapsed`), ``collapses`` their number with
    the interval of its chance; ``None`` where only dev was scored.
    """

    row: int
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    summary: Summary
    dev_values: tuple[float | None, ...]
    dev: Summary | None
    settings_hash: str
    settings_from: str
    selection: str
    degenerate: Mapping[int, str] = field(default_factory=dict)
    collapsed: tuple[int, ...] = ()
    collapses: ShareOfRuns | None = None
    rank: Rank = ""


@dataclass(frozen=True)
class Column:
    """One dataset under one condition: only results that may be compared stand in one column.

    ``condition`` is empty unless the dataset needs several columns or is partial. ``class_name`` is the one class whose
    F1 is shown, in a comparison per class, else empty; ``slice_name`` the part of the test split that is scored, else
    empty. ``scores`` has one entry for each row of the comparison. ``dialogues`` and ``utterances`` count the scored
    part; ``family``, ``joint_family`` and ``dialogue_family`` are the numbers of tests that were corrected for: of the
    ``pairs``, of the ``unshown`` ones that do not stand in the table, and of ``removed`` rows, which left no p.
    ``corpus`` is what the dataset is a reading of: itself, unless it is a variant of another one.
    """

    dataset: str
    condition: str
    metric: str
    split: Literal["test", "dev"]
    limit: int | None
    hardware: str
    fingerprint: str
    dialogues: int | None
    utterances: int | None
    floor_label: str
    floor: float | None
    scores: tuple[Score | None, ...]
    pairs: tuple[Pair, ...] = ()
    family: int = 0
    joint_family: int = 0
    class_name: str = ""
    audit: Audit | None = None
    slice_name: str = ""
    dialogue_family: int = 0
    unshown: tuple[UnshownTest, ...] = ()
    removed: int = 0
    corpus: str = ""

    @property
    def title(self) -> str:
        """The dataset, with the slice and the condition where there are such."""
        return f"{self.header} {self.slice_name}" if self.slice_name else self.header

    @property
    def header(self) -> str:
        """The dataset, with the condition where there is one."""
        return f"{self.dataset} ({self.condition})" if self.condition else self.dataset

    def pair_of(self, row: int) -> Pair | None:
        """Return the comparison in which this row meets its baseline."""
        return next((pair for pair in self.pairs if pair.row == row and pair.against_baseline), None)

    def beaten_by(self, row: int) -> list[int]:
        """Return the rows that a row is better than after correction, in their order."""
        wins = [
            pair.baseline if verdict == "better" else pair.row
            for pair in self.pairs
            if (verdict := pair.verdict or pair.dialogue_verdict)
            and row == (pair.row if verdict == "better" else pair.baseline)
        ]
        return sorted(wins)


@dataclass(frozen=True)
class ReportedRow:
    """Numbers that were printed elsewhere: copied, never ranked, never tested.

    ``values`` has one entry for each column, in points. ``citation`` is whose system it is,
    ``printed_in`` where its numbers were read, ``seeds`` how many they are the means of, where that is known.
    """

    system: str
    backbone: str
    citation: str
    printed_in: tuple[str, ...]
    values: tuple[float | None, ...]
    origin: Origin = "copied"
    seeds: int | None = None

    @property
    def label(self) -> str:
        """The system with its backbone, marked as reported."""
        return f"{self.system} · {self.backbone} (reported)"


@dataclass(frozen=True)
class AgainstReported:
    """One of our rows against one reported number: three ways to read a claim that it is better.

    ``reported`` is a row of the reported numbers. ``against_constant`` takes the number for exact.
    ``largest_sd`` is the largest sd over seeds that the number may have had for the difference to be
    significant (before correction), taken as the mean of as many seeds as ours. ``rerun`` is our own
    row of that system, if there is one, and ``against_rerun`` the paired test against it.
    """

    column: int
    row: int
    reported: int
    against_constant: OneSampleT
    largest_sd: Estimate
    rerun: int | None = None
    against_rerun: PairedT | None = None
    adjusted_p: float | None = None
    rerun_adjusted_p: float | None = None


@dataclass(frozen=True)
class PrintedClaim:
    """The claim of a printed table's best row against another of its rows, read without any run.

    ``claimed`` and ``other`` are rows of the reported numbers. ``largest_sd`` is the largest sd over
    ``seeds`` at which the printed difference is significant, before correction: that of the claimed
    scores where the other number was copied, of the seed-wise differences where the paper ran both.
    """

    column: int
    claimed: int
    other: int
    difference: float
    seeds: int
    largest_sd: Estimate


@dataclass(frozen=True)
class Comparison:
    """Rows, one column for each dataset, and every fact that the caption must state.

    ``further_facts`` are those that a short caption leaves out. ``averages`` has one entry for each row where an
    average over the datasets was asked for, ``columns_left_out`` (dataset, name) of columns that were not chosen.
    Per class there are several columns for each dataset: one for each class, then those over all
    classes. ``notes`` name everything the numbers leave out: cells that failed, seeds that have no
    partner, scores that ring an alarm. ``readings`` set our rows against ``reported`` ones, which
    no mark of the table does; ``printed_claims`` set these against each other. ``over_datasets``
    sums up the tests of several datasets, ``ranking`` the ranks where they were asked for.
    ``declared``: a suite named the comparisons of the family.
    """

    rows: tuple[TableRow, ...]
    columns: tuple[Column, ...]
    baseline: str
    alpha: float
    family: Family
    caption: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reported: tuple[ReportedRow, ...] = ()
    tests: Tests = field(default_factory=Tests)
    readings: tuple[AgainstReported, ...] = ()
    printed_claims: tuple[PrintedClaim, ...] = ()
    over_datasets: tuple[OverDatasets, ...] = ()
    ranking: Ranking | None = None
    declared: bool = False
    further_facts: tuple[str, ...] = ()
    averages: tuple[Average | None, ...] = ()
    columns_left_out: tuple[tuple[str, str], ...] = ()

    @property
    def per_class(self) -> bool:
        """Whether the columns are classes of datasets."""
        return any(column.class_name for column in self.columns)


@dataclass(frozen=True)
class Average:
    """A row's scores averaged over the datasets, in points: of each seed where all datasets share them, else of means.

    ``sd`` over the seeds is ``None`` where the datasets' seeds differ, and for one seed.
    """

    mean: float
    sd: float | None
    rank: Rank = ""


@dataclass(frozen=True)
class AuditedScore:
    """One row's scores as three ways to choose an epoch would have them, in points, over ``seeds``.

    ``selected`` is the score in the table, ``last`` the last epoch's, ``best`` the best epoch's on test, which no
    result may use. ``inflations`` follow the seeds: best less selected. ``second_stage`` says that the epochs are those
    of a classifier fitted after training: the gain of test selection before it is not in the numbers.
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
    """The gain from choosing epochs on test, on one dataset.

    ``overall`` is the inflation averaged over the methods in each of ``seeds``, the seeds that all share.
    """

    scores: tuple[AuditedScore, ...]
    seeds: tuple[int, ...]
    overall: Summary | None
