"""Which rows a figure shows: those of the table that ``compare`` makes of the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from erc_bench.comparison import compare
from erc_bench.comparison.comparison_data import Column, Comparison, Score
from erc_bench.comparison.counted_cells import Address, address_of
from erc_bench.comparison.row_key import RowKey
from erc_bench.comparison.tested_differences import Pair
from erc_bench.corpora.corpus import GoldOf
from erc_bench.statistics.wording import seed_words as seed_words
from erc_bench.store.reading import StoredCell


@dataclass(frozen=True)
class Wanted:
    """A request for figures; the names mean the same as in ``compare``.

    ``seed`` is the seed of a figure that shows one training; without it the first.
    """

    datasets: Sequence[str] = ()
    methods: Sequence[str] = ()
    baseline: str | None = None
    readouts: Sequence[str] = ()
    metric: str | None = None
    alpha: float = 0.05
    seed: int | None = None
    gold_of: GoldOf | None = None


@dataclass(frozen=True)
class FigureRow:
    """One row on one dataset with its cells by seed."""

    label: str
    key: RowKey
    score: Score
    cells: dict[int, StoredCell]

    @property
    def seeds(self) -> str:
        """The seeds in words: ``seed 1``, ``seeds 1-5``."""
        return seed_words(self.cells)


@dataclass(frozen=True)
class FigurePanel:
    """One dataset under one condition, with the rows that have a score there."""

    column: Column
    shown: tuple[FigureRow, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the dataset, in its order."""
        return tuple(str(label) for label in self.shown[0].cells[self.shown[0].score.seeds[0]].record["labels"])

    def of_row(self, row: int) -> FigureRow:
        """Return a row by its position in the comparison."""
        return next(shown for shown in self.shown if shown.score.row == row)

    def pair_of(self, shown: FigureRow) -> Pair | None:
        """Return the comparison of a row with its baseline row."""
        return self.column.pair_of(shown.score.row)

    @property
    def trained(self) -> tuple[FigureRow, ...]:
        """The rows without those that only read another row's training."""
        return tuple(shown for shown in self.shown if not shown.key.readout)


@dataclass(frozen=True)
class SelectedRows:
    """The comparison, and its filled cells with the stored cells that they come from."""

    wanted: Wanted
    comparison: Comparison
    panels: tuple[FigurePanel, ...]


def select(cells: Sequence[StoredCell], wanted: Wanted) -> SelectedRows:
    """Choose rows and datasets.

    Raises :class:`~erc_bench.errors.ErcBenchError` for an unknown name, or when nothing is there.
    """
    asked: dict[str, Any] = {name: value for name, value in vars(wanted).items() if name != "seed"}
    return of_comparison(compare(cells, **asked), cells, wanted)


def of_comparison(comparison: Comparison, cells: Sequence[StoredCell], wanted: Wanted) -> SelectedRows:
    """Return the rows of a comparison with the stored cells that they were made of."""
    addresses = {address_of(cell.typed): cell for cell in cells if cell.status == "done"}
    # Classes and slices are parts of a test split, and the stored files are those of the whole.
    whole = [column for column in comparison.columns if not (column.class_name or column.slice_name)]
    panels = tuple(_panel(comparison, column, addresses) for column in whole)
    return SelectedRows(wanted, comparison, panels)


def _panel(comparison: Comparison, column: Column, cells: dict[Address, StoredCell]) -> FigurePanel:
    shown = []
    for score in filter(None, column.scores):
        row = comparison.rows[score.row]
        address = column.dataset, row.key.method, row.key.backbone, score.settings_hash
        own = {seed: cells[(*address, seed)] for seed in score.seeds}
        shown.append(FigureRow(printable(row.label), row.key, score, own))
    return FigurePanel(column, tuple(shown))


def printable(text: str) -> str:
    """Replace characters that no picture can show and no SVG file may hold."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
