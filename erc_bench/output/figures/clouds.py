"""The data of each row in the figure of representations: one cell's vectors, their labels, its anchors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.figure_data import left_out
from erc_bench.output.figures.selected_rows import FigurePanel, FigureRow
from erc_bench.store.arrays import PROJECTED, REPRESENTATIONS, read_array
from erc_bench.store.predictions import read_answers
from erc_bench.store.reading import StoredCell

MOST_POINTS = 3000
"""Larger test splits are thinned evenly: more points than this hide each other."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cloud:
    """One cell. vectors: (n, dim); ``gold``: n labels; anchors: (classes, dim) or ``None``.

    ``total`` is the number of test utterances before thinning.
    """

    shown: FigureRow
    seed: int
    vectors: Floats
    gold: tuple[str, ...]
    anchors: Floats | None
    total: int


def clouds_of(panel: FigurePanel, seed: int | None) -> tuple[list[Cloud], list[str], list[str]]:
    """Return a cloud for each row that has one, the rows without, and a sentence for each cell that cannot be read."""
    clouds, missing, notes = list[Cloud](), list[str](), list[str]()
    for shown in panel.trained:
        told = len(notes)
        cloud = _cloud(shown, panel, seed, notes)
        if cloud is not None:
            clouds.append(cloud)
        elif len(notes) == told:
            missing.append(shown.label)
    return clouds, missing, notes


def _cloud(shown: FigureRow, panel: FigurePanel, seed: int | None, notes: list[str]) -> Cloud | None:
    """Return the first cell of a row that can be drawn; ``notes`` gets a sentence for each that cannot be read."""
    for number, cell in sorted(shown.cells.items()):
        if seed not in (None, number):
            continue
        try:
            if (cloud := _cloud_of(shown, number, cell, panel)) is not None:
                return cloud
        except ErcBenchError as error:
            notes.append(left_out(cell, error))
    return None


def _cloud_of(shown: FigureRow, seed: int, cell: StoredCell, panel: FigurePanel) -> Cloud | None:
    vectors = _vectors(cell)
    if vectors is None:
        return None
    gold = read_answers(cell).gold
    if len(gold) != len(vectors):
        raise ErcBenchError(f"it has {len(vectors)} representations for {len(gold)} predictions")
    if len(gold) < 3:
        raise ErcBenchError("it has too few test utterances to place in a plane")
    kept = thinned(len(gold), MOST_POINTS)
    anchors = _anchors(cell, len(panel.labels), vectors.shape[1])
    return Cloud(shown, seed, vectors[kept], tuple(gold[i] for i in kept), anchors, len(gold))


def _vectors(cell: StoredCell) -> Floats | None:
    # Anchors lie where the objective compares, which is the projected space where there is one.
    projected = read_array(cell, PROJECTED)
    return read_array(cell, REPRESENTATIONS) if projected is None else projected


def _anchors(cell: StoredCell, classes: int, dim: int) -> Floats | None:
    for stage in ("stage_two", "stage_one"):
        anchors = read_array(cell, f"anchors.{stage}")
        if anchors is not None and anchors.shape == (classes, dim):
            return anchors
    return None


def thinned(count: int, most: int) -> list[int]:
    """Return at most ``most`` of ``count`` positions, evenly spread."""
    if count <= most:
        return list(range(count))
    return [int(position) for position in np.linspace(0, count - 1, most).round()]
