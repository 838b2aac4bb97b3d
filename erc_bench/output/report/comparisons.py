"""The table of comparisons with its forest plot: one small picture in each line, on the scale of its dataset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.comparison.tested_differences import Pair
from erc_bench.output.figures.figure_data import is_at_floor
from erc_bench.output.report.markup import EMPTY, Html, element
from erc_bench.output.report.tables import UNSORTED, figure_cell, heading, row_heading, table, text_table
from erc_bench.output.tables.additional_tables import AdditionalTable
from erc_bench.output.tables.detail_table import detail_table
from erc_bench.output.tables.table_cells import figure, interval_title

Ends = tuple[float | None, float | None]
_WIDTH, _HEIGHT, _MIDDLE = 200, 20, 10
# With two or three seeds an interval can be a hundred times as wide as its difference.
_WIDEST = 5.0
_LEAST = 1.0


@dataclass(frozen=True)
class Scale:
    """The values of the left and the right end of the pictures, in points; zero lies between."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return where a value lies, in units of the picture; beyond the ends, at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(4 + share * (_WIDTH - 8), 1)


def scale_of(column: Column) -> Scale | None:
    """Return the scale of one dataset; ``None`` where there is no difference to draw."""
    known = [pair for pair in column.pairs if pair.difference is not None]
    if not known:
        return None
    pairs = [pair for pair in known if not _is_at_floor(column, pair)] or known
    farthest = max(_LEAST, *(_WIDEST * abs(pair.difference or 0.0) for pair in pairs))
    ends = [end for pair in pairs for end in _ends(pair)]
    return Scale(max(min(0.0, *ends), -farthest), min(max(0.0, *ends), farthest))


def interval_plot(pair: Pair, scale: Scale, words: str) -> Html:
    """Draw a difference (dot), its interval over seeds (thick) and one that allows for new dialogues (thin)."""
    if pair.difference is None:
        return EMPTY
    parts = [_line(scale, 0.0, 0.0, "zero", height=_MIDDLE)]
    parts += _interval(scale, *_over_new_dialogues(pair), "new-dialogues")
    parts += _interval(scale, *_over_seeds(pair), "over-seeds")
    if scale.low <= pair.difference <= scale.high:
        parts.append(element("circle", cx=scale.place(pair.difference), cy=_MIDDLE, r=3.5, class_="difference"))
    else:
        parts += _beyond(scale, pair.difference, pair.difference)
    return element(
        "svg",
        *parts,
        class_="interval",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        width=_WIDTH,
        height=_HEIGHT,
        role="img",
        aria_label=words,
    )


def _is_at_floor(column: Column, pair: Pair) -> bool:
    # A row that always gives one answer is far off, and would press the others together.
    score = column.scores[pair.row]
    return score is not None and is_at_floor(column, score)


def _ends(pair: Pair) -> Iterable[float]:
    found = (pair.difference, *_over_seeds(pair), *_over_new_dialogues(pair))
    return [end for end in found if end is not None]


def _over_seeds(pair: Pair) -> Ends:
    if pair.over_dialogues is not None:
        return None, None
    return pair.interval_test.low, pair.interval_test.high


def _over_new_dialogues(pair: Pair) -> Ends:
    found = pair.joint if pair.over_dialogues is None else pair.over_dialogues.interval
    return found.low, found.high


def _interval(scale: Scale, low: float | None, high: float | None, kind: str) -> list[Html]:
    if low is None or high is None:
        return []
    return [_line(scale, low, high, kind), *_beyond(scale, low, high)]


def _beyond(scale: Scale, low: float, high: float) -> list[Html]:
    """Return arrows for ends that go on beyond the picture."""
    parts = []
    if low < scale.low:
        parts.append(element("path", d=f"M 5 {_MIDDLE - 4} l -4 4 l 4 4", class_="beyond"))
    if high > scale.high:
        parts.append(element("path", d=f"M {_WIDTH - 5} {_MIDDLE - 4} l 4 4 l -4 4", class_="beyond"))
    return parts


def _line(scale: Scale, low: float, high: float, kind: str, height: int = 0) -> Html:
    left, right = scale.place(low), scale.place(high)
    return element("line", x1=left, x2=right, y1=_MIDDLE - height, y2=_MIDDLE + height, class_=kind)


DRAWN_NOTE = (
    "Drawn: the difference (circle) with its interval over seeds (thick) and the one that allows for new dialogues"
    " (thin), where they can be had; the dashed line is zero. All pictures of a dataset have one scale, and an arrow"
    " marks what goes on beyond it."
)
"""The meaning of the pictures."""
_WORDS = 2
_DRAWN_BEHIND = 4


def comparison_table(comparison: Comparison) -> Html:
    """Return all comparisons, those of one dataset below each other; empty where there are none."""
    content = detail_table(comparison)
    if content is None:
        return EMPTY
    titles = content.titles[_WORDS:]
    rows = iter(content.rows)
    bodies = []
    for column in comparison.columns:
        lines = [_pair_line(comparison, column, pair, next(rows)) for pair in column.pairs]
        if lines:
            bodies.append([_group(column, len(titles) + 2), *lines])
    split = _DRAWN_BEHIND - _WORDS
    heads = [heading("comparison", kind=None), *map(heading, titles[:split])]
    heads += [heading("drawn", kind=UNSORTED), *map(heading, titles[split:])]
    return table(f"Comparisons with {comparison.baseline}", heads, bodies)


def _group(column: Column, width: int) -> Html:
    """Return the line above the comparisons of a dataset, which explains the ends of the pictures."""
    scale = scale_of(column)
    words = f" · drawn from {figure(scale.low, '+.1f')} to {figure(scale.high, '+.1f')} points" if scale else ""
    # The words stay in sight where the table is scrolled sideways.
    told = element("span", column.title, element("small", words), class_="stay")
    cell = element("th", told, scope="rowgroup", colspan=width)
    return element("tr", cell, class_="group", data_dataset=column.dataset)


def _pair_line(comparison: Comparison, column: Column, pair: Pair, shown: tuple[str, ...]) -> Html:
    row, scale = comparison.rows[pair.row], scale_of(column)
    _, name, seeds, difference, interval, *tests = shown
    words = f"difference {difference} points, {interval_title(comparison)} {interval}"
    return element(
        "tr",
        row_heading(name),
        *map(figure_cell, (seeds, difference)),
        element("td", interval_plot(pair, scale, words) if scale else EMPTY),
        *map(figure_cell, (interval, *tests)),
        data_search=row.label,
        data_backbone=row.key.backbone,
        data_dataset=column.dataset,
    )


def further_as_table(comparison: Comparison, shown: AdditionalTable) -> Html:
    """Return one of the tables below the comparisons; its lines are filtered where each is of one dataset."""
    datasets = {column.title: column.dataset for column in comparison.columns}
    by_dataset = shown.table.titles[0] == "dataset"
    return text_table(shown.table, shown.title, words=2, datasets=datasets if by_dataset else None)
