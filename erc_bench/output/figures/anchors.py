"""How alike the label anchors are: as the language model has them, and after each stage of training.

Cosine similarity, as in Figures 5 and 7 of Yu et al. (2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.figure_data import Drawn, Numbers, Value, file_stem, left_out
from erc_bench.output.figures.selected_rows import FigurePanel, FigureRow, SelectedRows, printable, seed_words
from erc_bench.output.figures.style import Matrix, heatmap, new_figure, number_at, side
from erc_bench.store.arrays import read_array
from erc_bench.store.reading import StoredCell

STAGES = {"raw": "label words, raw", "stage_one": "after training", "stage_two": "after anchor adaptation"}
"""The stages by the names of their arrays, in words."""


@dataclass(frozen=True)
class Similarities:
    """By stage: cosines (classes, classes), mean over the seeds that have the stage."""

    shown: FigureRow
    cosines: Mapping[str, Matrix]
    seeds: Mapping[str, tuple[int, ...]]


def draw(selection: SelectedRows) -> list[Drawn]:
    """Draw each row whose method trains anchors; where none does, the raw label words of the first row."""
    drawn, notes = [], list[str]()
    for panel in selection.panels:
        found = [each for shown in panel.shown if _is_own(each := _similarities(shown, panel.labels, notes))]
        trained = [each for each in found if set(each.cosines) - {"raw"}]
        drawn += [_drawn(panel, each) for each in trained or _one_per_backbone(found)]
    # A row that only reads another one's training looks at the same cells.
    told = tuple(dict.fromkeys(notes))
    if not drawn:
        kept = "They are stored for every method that is built on a backbone."
        raise ErcBenchError("no stored run has label anchors", "\n".join((*told, kept)))
    return [replace(each, notes=told) for each in drawn]


def _is_own(similarities: Similarities) -> bool:
    # A further readout shows nothing new unless it adapts the anchors.
    needed = {"stage_two"} if similarities.shown.key.readout else set()
    return bool(similarities.cosines) and needed <= set(similarities.cosines)


def cosines(vectors: npt.NDArray[np.float64]) -> Matrix:
    """vectors: (classes, dim) → (classes, classes), the cosine of each pair; nan with a vector of length 0."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit = np.full(vectors.shape, np.nan)
    np.divide(vectors, lengths, out=unit, where=lengths > 0)
    return np.asarray(np.clip(unit @ unit.T, -1.0, 1.0))


def _similarities(shown: FigureRow, labels: Sequence[str], notes: list[str]) -> Similarities:
    """Return the similarities of a row's readable cells; ``notes`` gets a sentence for each of the others."""
    found: dict[str, dict[int, Matrix]] = {}
    for seed, cell in shown.cells.items():
        try:
            own = _cosines_of(cell, shown.key.readout, labels)
        except ErcBenchError as error:
            notes.append(left_out(cell, error))
            continue
        for stage, matrix in own.items():
            found.setdefault(stage, {})[seed] = matrix
    means = {stage: np.mean(list(found[stage].values()), axis=0) for stage in STAGES if stage in found}
    return Similarities(shown, means, {stage: tuple(found[stage]) for stage in means})


def _cosines_of(cell: StoredCell, readout: str, labels: Sequence[str]) -> dict[str, Matrix]:
    found = {}
    for stage in STAGES:
        anchors = read_array(cell, _array(stage, readout))
        if anchors is None:
            continue
        if len(anchors) != len(labels):
            raise ErcBenchError(f"it has {len(anchors)} anchors ({stage}) for {len(labels)} labels")
        found[stage] = cosines(anchors)
    return found


def _array(stage: str, readout: str) -> str:
    # Every classifier adapts anchors of its own.
    return f"anchors.{stage}.{readout}" if readout and stage == "stage_two" else f"anchors.{stage}"


def _one_per_backbone(found: Sequence[Similarities]) -> Iterator[Similarities]:
    # The label words are the backbone's: every method and every seed has the same ones.
    seen: set[str] = set()
    for each in found:
        if each.shown.key.backbone not in seen:
            seen.add(each.shown.key.backbone)
            yield replace(each, shown=replace(each.shown, label=each.shown.key.backbone))


def _drawn(panel: FigurePanel, similarities: Similarities) -> Drawn:
    labels = [printable(label) for label in panel.labels]
    size, count = side(len(labels)), len(similarities.cosines)
    figure = new_figure(count * (size + 0.25) + 1.0, size + 1.3)
    for position, (stage, axes) in enumerate(
        zip(similarities.cosines, figure.subplots(1, count, squeeze=False)[0], strict=True)
    ):
        heatmap(axes, similarities.cosines[stage], labels, colours="cividis", limits=(-1.0, 1.0), write=_two_decimals)
        axes.set_title(f"{STAGES[stage]}\ncosine similarity")
        if position:
            axes.set_yticklabels([])
    return Drawn(
        file_stem("anchors", panel.column.title, similarities.shown.label),
        f"Similarity of label anchors on {panel.column.title}: {similarities.shown.label}",
        _caption(panel, similarities),
        figure,
        _numbers(panel, similarities),
    )


def _two_decimals(value: float) -> str:
    text = f"{value:.2f}".replace("-0.00", "0.00")
    return text.replace("-", "\u2212")


def _caption(panel: FigurePanel, similarities: Similarities) -> str:
    seeds = {seed for each in similarities.seeds.values() for seed in each}
    mean = "mean over " if len(seeds) > 1 else ""
    sentences = [
        f"Cosine similarity between the label anchors of {similarities.shown.label} on {panel.column.title},"
        f" {mean}{seed_words(seeds)}."
    ]
    sentences += [
        f"{stage[0].upper()}{stage[1:]}: mean over pairs {_two_decimals(mean_of_pairs)}, most alike {pair}."
        for stage, mean_of_pairs, pair in _summaries(panel, similarities)
    ]
    return " ".join(sentences)


def _summaries(panel: FigurePanel, similarities: Similarities) -> Iterator[tuple[str, float, str]]:
    labels = [printable(label) for label in panel.labels]
    first, second = np.triu_indices(len(labels), 1)
    for stage, matrix in similarities.cosines.items():
        pairs = matrix[first, second]
        if len(pairs) and np.isfinite(pairs).all():
            top = int(pairs.argmax())
            named = f"{labels[first[top]]} and {labels[second[top]]} ({_two_decimals(float(pairs[top]))})"
            yield STAGES[stage], float(pairs.mean()), named


def _numbers(panel: FigurePanel, similarities: Similarities) -> Numbers:
    rows: list[tuple[Value, ...]] = []
    for i, label in enumerate(panel.labels):
        for j, other in enumerate(panel.labels):
            values = [number_at(similarities.cosines.get(stage), i, j) for stage in STAGES]
            rows.append((panel.column.title, similarities.shown.label, label, other, *values))
    return Numbers(("dataset", "row", "label", "other_label", *STAGES), tuple(rows))
