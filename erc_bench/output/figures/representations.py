"""Test representations in the plane, coloured by label, with the label anchors as triangles.

t-SNE (van der Maaten and Hinton, JMLR 2008) of representations of length 1, so that near means a
high cosine. As in Figure 4 of Yu et al. (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import patheffects
from matplotlib.axes import Axes

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.figure_data import Drawn, Numbers, Value, file_stem, left_out
from erc_bench.output.figures.selected_rows import FigurePanel, FigureRow, SelectedRows, printable
from erc_bench.output.figures.style import GREY, colour, legend_below, panel_grid, wrapped
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


PERPLEXITY = 30.0
WIDTH = 3.4
# Without triangles, which are the anchors'.
MARKERS = ("o", "s", "D", "P", "X", "*", "h", "d", "p")


@dataclass(frozen=True)
class Plane:
    """A cloud in the plane. points: (n, 2), anchors: (classes, 2) or ``None``."""

    cloud: Cloud
    points: Floats
    anchors: Floats | None


def draw(selection: SelectedRows) -> list[Drawn]:
    """Draw one figure for each dataset: a panel for each row with stored representations."""
    drawn, unreadable = [], list[str]()
    for panel in selection.panels:
        clouds, missing, notes = clouds_of(panel, selection.wanted.seed)
        unreadable += notes
        planes = [embed(cloud) for cloud in clouds]
        if missing:
            notes.append(f"{panel.column.title}: no representations are stored for {', '.join(missing)}")
        if planes:
            drawn.append(_drawn(panel, planes, notes))
    if not drawn:
        which = "" if selection.wanted.seed is None else f" with seed {selection.wanted.seed}"
        store = "Store them: the same command again with `erc-bench run --save-representations`."
        raise ErcBenchError(f"no stored run{which} has test representations", "\n".join((*unreadable, store)))
    return drawn


def embed(cloud: Cloud) -> Plane:
    """Place representations and anchors in one plane; the same cloud gives the same plane."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    together = cloud.vectors if cloud.anchors is None else np.concatenate([cloud.vectors, cloud.anchors])
    lengths = np.linalg.norm(together, axis=-1, keepdims=True)
    unit = together / np.where(lengths > 0, lengths, 1.0)
    perplexity = min(PERPLEXITY, max(1.0, (len(unit) - 1) / 3))
    # Sums over threads depend on their number; one thread gives the same plane on every machine of a kind.
    with threadpool_limits(1):
        places = TSNE(perplexity=perplexity, init="pca", random_state=0, n_jobs=1).fit_transform(unit)
    points = np.asarray(places, dtype=np.float64)
    count = len(cloud.vectors)
    return Plane(cloud, points[:count], None if cloud.anchors is None else points[count:])


def _drawn(panel: FigurePanel, planes: Sequence[Plane], notes: Sequence[str]) -> Drawn:
    figure, columns = panel_grid(len(planes), 1, (WIDTH, 3.5))
    labels = panel.labels
    for plane, (axes,) in zip(planes, columns, strict=True):
        _plane(axes, plane, labels)
    legend_below(figure, [axes for (axes,) in columns], marker_scale=2.0)
    title = panel.column.title
    rows = tuple(row for plane in planes for row in _rows(title, plane, labels))
    return Drawn(
        file_stem("representations", title),
        f"Test representations on {title}",
        _caption(panel, planes),
        figure,
        Numbers(("dataset", "row", "seed", "what", "label", "x", "y"), rows),
        tuple(notes),
    )


def _plane(axes: Axes, plane: Plane, labels: Sequence[str]) -> None:
    gold = np.array(plane.cloud.gold, dtype=object)
    size = 9 if len(gold) < 1000 else 5
    for i, label in enumerate(labels):
        own = plane.points[gold == label]
        look: dict[str, Any] = {"s": size, "marker": MARKERS[i % len(MARKERS)], "color": colour(i)}
        # An empty class keeps its place in the legend.
        axes.scatter(own[:, 0], own[:, 1], **look, alpha=0.65, linewidths=0, label=printable(label))
    if plane.anchors is not None:
        _mark_anchors(axes, plane.anchors, labels)
        axes.scatter([], [], s=20, marker="^", color=GREY, label="label anchor")
    axes.set(xticks=[], yticks=[], title=wrapped(f"{plane.cloud.shown.label}, seed {plane.cloud.seed}", WIDTH))
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("#bfbfbf")


def _mark_anchors(axes: Axes, anchors: Floats, labels: Sequence[str]) -> None:
    halo = [patheffects.withStroke(linewidth=2.5, foreground="white")]
    for i, label in enumerate(labels):
        x, y = float(anchors[i, 0]), float(anchors[i, 1])
        axes.scatter([x], [y], s=85, marker="^", color=colour(i), edgecolors="white", linewidths=1.0, zorder=3)
        offset, side = (6, "bottom") if name_above(anchors, i) else (-6, "top")
        place: dict[str, Any] = {"xytext": (0, offset), "textcoords": "offset points", "ha": "center", "va": side}
        axes.annotate(printable(label), (x, y), **place, fontsize=7.5, path_effects=halo, zorder=4)


def name_above(anchors: Floats, position: int) -> bool:
    """Return whether an anchor's name stands above it: not where it would hide an anchor or a name close by."""
    span = np.maximum(np.ptp(anchors, axis=0), 1e-9)
    across, up = ((anchors - anchors[position]) / span).T
    close = (np.abs(across) < 0.3) & (np.abs(up) < 0.12)
    # Of several close ones the highest keeps its name above; of equally high ones the last.
    higher = close & ((up > 0) | ((up == 0) & (np.arange(len(anchors)) > position)))
    return not higher.any()


def _caption(panel: FigurePanel, planes: Sequence[Plane]) -> str:
    total, kept = planes[0].cloud.total, len(planes[0].cloud.gold)
    which = f"{total} test utterances" if kept == total else f"{kept} of {total} test utterances, evenly spread"
    sentences = [
        f"t-SNE of the representations of {which} of {panel.column.title}, by true label; distances are cosines,"
        f" perplexity {PERPLEXITY:g}. The axes have no unit, and distances between far groups mean little."
    ]
    with_anchors = [plane.cloud.shown.label for plane in planes if plane.anchors is not None]
    if with_anchors:
        sentences.append(
            f"Triangles are the label anchors ({', '.join(with_anchors)}), placed together with the points."
        )
    sentences += [
        f"{plane.cloud.shown.label}, seed {plane.cloud.seed}: of the 10 nearest neighbours by cosine"
        f" {same_label(plane.cloud.vectors, plane.cloud.gold):.0f} % have the same label."
        for plane in planes
    ]
    return " ".join(sentences)


def same_label(vectors: Floats, gold: Sequence[str], neighbours: int = 10) -> float:
    """vectors: (n, dim) → of each vector's nearest ones by cosine the mean percentage with its label."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1.0)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=-1, kind="stable")[:, : min(neighbours, len(gold) - 1)]
    labels = np.array(gold, dtype=object)
    return float(100.0 * (labels[nearest] == labels[:, None]).mean())


def _rows(dataset: str, plane: Plane, labels: Sequence[str]) -> list[tuple[Value, ...]]:
    names = (dataset, plane.cloud.shown.label, plane.cloud.seed)
    points = zip(plane.cloud.gold, plane.points.tolist(), strict=True)
    rows: list[tuple[Value, ...]] = [(*names, "utterance", label, x, y) for label, (x, y) in points]
    if plane.anchors is not None:
        rows += [(*names, "anchor", label, x, y) for label, (x, y) in zip(labels, plane.anchors.tolist(), strict=True)]
    return rows
