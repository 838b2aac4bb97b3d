"""The tables of scores and comparisons as the page shows them; comparisons are drawn on the scale of their dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.comparison.tested_differences import Pair
from erc_bench.output.figures.figure_data import is_at_floor
from erc_bench.output.tables.detail_table import detail_table
from erc_bench.output.tables.table_cells import CellText, Panel, panels


@dataclass(frozen=True)
class ScoreLine:
    """One row of scores: each cell with the text that it sorts by and the dataset whose filter hides it."""

    label: str
    backbone: str
    cells: tuple[tuple[CellText, str, str | None], ...]


@dataclass(frozen=True)
class ScoreTable:
    """The scores of all datasets or, per class, of one ``dataset``; our rows and the reported ones in ``bodies``.

    ``heads`` are titles with the dataset whose filter hides the column. ``rows`` counts all rows.
    """

    name: str
    title: str
    dataset: str
    heads: tuple[tuple[str, str | None], ...]
    bodies: tuple[tuple[ScoreLine, ...], ...]

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return sum(map(len, self.bodies))


def scores_of(comparison: Comparison, name: str) -> list[ScoreTable]:
    """Return the tables of scores: one for all datasets or, per class, one for each."""
    by_title: dict[str, list[Column]] = {}
    for column in comparison.columns:
        by_title.setdefault(column.title if comparison.per_class else "", []).append(column)
    return [_score_table(comparison, panel, by_title[panel.title], name) for panel in panels(comparison)]


def _score_table(comparison: Comparison, panel: Panel, columns: Sequence[Column], name: str) -> ScoreTable:
    # Columns go with their dataset; the columns of classes go together, with the whole table.
    datasets = [None if panel.title else column.dataset for column in columns]
    titles = [" ".join(filter(None, words)) for words in panel.headers]
    filled = [row for row in range(len(comparison.rows)) if any(column.scores[row] for column in columns)]
    own = []
    for row, (label, cells) in zip(filled, panel.rows, strict=True):
        scores = [column.scores[row] for column in columns]
        orders = [
            cell.value if score is None else repr(score.summary.mean) for cell, score in zip(cells, scores, strict=True)
        ]
        line = tuple(zip(cells, orders, datasets, strict=True))
        own.append(ScoreLine(label, comparison.rows[row].key.backbone, line))
    backbones = {row.label: row.backbone for row in comparison.reported}
    printed = [
        ScoreLine(
            label, backbones[label], tuple((c, c.value, dataset) for c, dataset in zip(cells, datasets, strict=True))
        )
        for label, cells in panel.reported
    ]
    return ScoreTable(
        f"{name}, {panel.title}" if panel.title else name,
        panel.title or "method",
        columns[0].dataset if panel.title else "",
        tuple(zip(titles, datasets, strict=True)),
        (tuple(own), tuple(printed)),
    )


Ends = tuple[float | None, float | None]
# With two or three seeds an interval can be a hundred times as wide as its difference.
_WIDEST = 5.0
_LEAST = 1.0

DRAWN_NOTE = (
    "Drawn: the difference (circle) with its interval over seeds (thick) and the one that allows for new dialogues"
    " (thin), where they can be had; the dashed line is zero. All pictures of a dataset have one scale, and an arrow"
    " marks what goes on beyond it."
)
"""The meaning of the pictures."""


@dataclass(frozen=True)
class Plot:
    """A picture of one comparison: lines as (left, right, kind), arrows at its ends as paths, and the difference."""

    lines: tuple[tuple[float, float, str], ...]
    arrows: tuple[str, ...]
    dot: float | None
    width: int = 200
    height: int = 20
    middle: int = 10


@dataclass(frozen=True)
class Scale:
    """The values of the left and the right end of the pictures, in points; zero lies between."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return where a value lies, in units of the picture; beyond the ends, at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(4 + share * (Plot.width - 8), 1)

    def arrows(self, low: float, high: float) -> Iterator[str]:
        """Yield paths for ends that go on beyond the picture."""
        if low < self.low:
            yield f"M 5 {Plot.middle - 4} l -4 4 l 4 4"
        if high > self.high:
            yield f"M {Plot.width - 5} {Plot.middle - 4} l 4 4 l -4 4"


def scale_of(column: Column) -> Scale | None:
    """Return the scale of one dataset; ``None`` where there is no difference to draw."""
    known = [pair for pair in column.pairs if pair.difference is not None]
    if not known:
        return None
    # A row that always gives one answer is far off, and would press the others together.
    pairs = [pair for pair in known if not _is_at_floor(column, pair)] or known
    farthest = max(_LEAST, *(_WIDEST * abs(pair.difference or 0.0) for pair in pairs))
    ends = [end for pair in pairs for end in _ends(pair)]
    low, high = max(min(0.0, *ends), -farthest), min(max(0.0, *ends), farthest)
    return Scale(low, high) if low < high else Scale(-_LEAST, _LEAST)  # rows that are equal


def _is_at_floor(column: Column, pair: Pair) -> bool:
    score = column.scores[pair.row]
    return score is not None and is_at_floor(column, score)


def _ends(pair: Pair) -> Iterable[float]:
    found = (pair.difference, *(end for _, ends in _intervals(pair) for end in ends))
    return [end for end in found if end is not None]


def _intervals(pair: Pair) -> Iterator[tuple[str, Ends]]:
    """Yield the interval that allows for new dialogues and, where the tests are over seeds, the one over seeds."""
    found = pair.joint if pair.over_dialogues is None else pair.over_dialogues.interval
    yield "new-dialogues", (found.low, found.high)
    if pair.over_dialogues is None:
        yield "over-seeds", (pair.interval_test.low, pair.interval_test.high)


def plot_of(pair: Pair, scale: Scale | None) -> Plot | None:
    """Draw a difference with its intervals; ``None`` where there is nothing to draw."""
    if scale is None or pair.difference is None:
        return None
    lines, arrows = [(scale.place(0.0), scale.place(0.0), "zero")], list[str]()
    for kind, (low, high) in _intervals(pair):
        if low is not None and high is not None:
            lines.append((scale.place(low), scale.place(high), kind))
            arrows += scale.arrows(low, high)
    inside = scale.low <= pair.difference <= scale.high
    arrows += scale.arrows(pair.difference, pair.difference)
    return Plot(tuple(lines), tuple(arrows), scale.place(pair.difference) if inside else None)


DrawnPair = tuple[Pair, tuple[str, ...], Plot | None]
"""A comparison, its line in the plain table, and its picture."""


def drawn_pairs(comparison: Comparison) -> Iterator[tuple[Column, Scale | None, list[DrawnPair]]]:
    """Yield the datasets that have comparisons, each with the scale of its pictures and its comparisons."""
    content = detail_table(comparison)
    rows = iter(content.rows if content else ())
    for column in comparison.columns:
        scale = scale_of(column)
        if lines := [(pair, next(rows), plot_of(pair, scale)) for pair in column.pairs]:
            yield column, scale, lines
