"""Figures of stored runs: PNG, SVG and PDF with matplotlib, and the numbers behind each as CSV.

Importing this package does not import matplotlib. Drawing is deterministic: the same cells give
the same bytes, with the same versions of the libraries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.output.figures.figure_data import FORMATS, Drawn, Numbers, said_once, save
from erc_bench.output.figures.selected_rows import SelectedRows, Wanted, select
from erc_bench.store.reading import StoredCell

__all__ = ["FORMATS", "KINDS", "Drawn", "Numbers", "draw", "draw_selected", "save"]

KINDS = {
    "confusion": "Confusion matrices of two methods and their difference.",
    "anchors": "Similarity of the label anchors: raw, after training, after their adaptation.",
    "representations": "t-SNE of test representations with the anchors (needs run --save-representations).",
    "seeds": "The score of every seed, with mean and interval.",
    "forest": "Differences to the baseline with intervals, for all datasets.",
    "curves": "Learning curves: loss terms and the dev score of every epoch.",
    "calibration": "Reliability diagrams and the expected calibration error.",
}
"""The kinds of figures; each is drawn by the module of its name."""

_LIBRARIES = {"matplotlib", "sklearn", "threadpoolctl"}


def draw(kind: str, cells: Sequence[StoredCell], **options: Any) -> list[Drawn]:
    """Draw one kind of figure; how many figures that makes depends on the kind and the cells.

    ``options`` are those of :class:`~erc_bench.output.figures.selected_rows.Wanted`. Raises :class:`ErcBenchError` for
    an unknown kind or name, where the cells hold nothing to draw, and where matplotlib is not installed.
    """
    _check(kind)
    return draw_selected(kind, select(cells, Wanted(**options)))


def draw_selected(kind: str, selection: SelectedRows) -> list[Drawn]:
    """Draw one kind of figure of rows and datasets that are chosen already; else like :func:`draw`."""
    _check(kind)
    try:
        module = import_module(f"erc_bench.output.figures.{kind}")
        style = import_module("erc_bench.output.figures.style")
        with style.styled():
            drawn: list[Drawn] = module.draw(selection)
            for each in drawn:
                style.settle(each.figure)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _LIBRARIES:
            raise
        raise ErcBenchError(
            f"drawing needs {error.name}, which is not installed", "Install it with: pip install 'erc-bench[plot]'"
        ) from None
    comparison = selection.comparison
    return [
        replace(each, notes=said_once((*comparison.notes, *each.notes), comparison.columns))
        for each in _named_apart(drawn)
    ]


def _check(kind: str) -> None:
    if kind not in KINDS:
        raise ErcBenchError(f"there is no figure {kind!r}; {did_you_mean(kind, KINDS)}")


def _named_apart(drawn: Sequence[Drawn]) -> list[Drawn]:
    """Number figures whose names would otherwise be one file's."""
    seen: Counter[str] = Counter()
    named = []
    for each in drawn:
        # Some file systems do not tell capitals from small letters.
        seen[each.name.lower()] += 1
        count = seen[each.name.lower()]
        named.append(each if count == 1 else replace(each, name=f"{each.name}-{count}"))
    return named
