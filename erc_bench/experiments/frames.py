"""Stored cells as a frame of pandas: their scores, settings and timings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erc_bench.contracts.options import format_value
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.asked import path_of
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.layout import CellAddress
from erc_bench.store.reading import StoredCell

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("dataset", "method", "backbone", "seed")
"""What names a cell among those with the same settings."""

_COLUMNS = (
    *(*KEYS, "readout", "overrides", "settings_hash", "status"),
    *("metric", "score", "dev_score", "degenerate"),
    *(f"{split}_{metric}" for split in ("test", "dev") for metric in METRIC_WORDS),
    *("epoch", "seconds", "limit", "dev_only", "sees_future", "settings_from", "device", "error", "folder"),
)
_WHOLE_NUMBERS = ("epoch", "limit")
_TRUTHS = ("dev_only", "sees_future")


def load_runs(
    runs: str | Path = "runs",
    dataset: str | Sequence[str] | None = None,
    method: str | Sequence[str] | None = None,
    *,
    settings: bool = False,
    timings: bool = False,
    readouts: bool = False,
) -> pd.DataFrame:
    """Read the stored cells of a folder of runs.

    Returns one row for each cell, in the order of dataset, method, backbone, settings and seed, with
    the columns

    - ``dataset``, ``method``, ``backbone``, ``seed``: what was run; ``overrides``: what was set beside
      the method's own settings, as text; ``settings_hash``: twelve digits over all settings;
    - ``status``: ``done``, or ``failed``, ``interrupted``, ``half-written``, ``damaged``, with the reason in
      ``error`` and no scores;
    - ``metric``: the headline metric of the dataset; ``score``, ``dev_score``: its value on test and on dev;
      ``degenerate``: why the result is not that of a trained system, else empty;
    - ``test_…``, ``dev_…``: weighted F1, macro F1, accuracy, micro F1, in points from 0 to 100 (missing
      where the dataset or the cell has none);
    - ``epoch``: the one that was selected; ``seconds``: how long the cell took;
    - ``limit``, ``dev_only``, ``sees_future``, ``settings_from``, ``device``, ``folder``.

    ``settings`` adds a column for each setting, named as in the settings themselves
    (``objective.temperature``); one that a cell does not have is missing. ``timings`` adds
    ``seconds_…`` for each part of a cell. ``readouts`` adds a row for each further classifier that read
    a cell's training; the column ``readout`` names it, and is empty in the rows of the method's own.

    Raises :class:`ErcBenchError` where there is no such folder, and for a dataset or a method that is not
    stored there.

    Examples:
        >>> frame = erc.load_runs("runs", dataset="demo")
        >>> frame.groupby("method")["score"].count().to_dict()
        {'ce': 2, 'eacl': 2}
    """
    cells = read_cells(path_of(runs, "runs"))
    cells = only_named(cells, "dataset", dataset)
    cells = only_named(cells, "method", method)
    return frame_of_cells(cells, settings=settings, timings=timings, readouts=readouts)


def only_named(cells: list[StoredCell], kind: str, wanted: str | Sequence[str] | None) -> list[StoredCell]:
    """Return the cells of the datasets or methods that are wanted; :class:`ErcBenchError` where none has a name."""
    if wanted is None:
        return cells
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    stored = dict.fromkeys(getattr(cell, kind) for cell in cells)
    for name in names:
        if name not in stored:
            raise ErcBenchError(f"no run of the {kind} {name!r} is stored; {did_you_mean(name, stored)}")
    return [cell for cell in cells if getattr(cell, kind) in names]


def frame_of_cells(
    cells: Iterable[StoredCell],
    addresses: Sequence[CellAddress] | None = None,
    *,
    settings: bool = False,
    timings: bool = False,
    readouts: bool = False,
) -> pd.DataFrame:
    """Return the frame that :func:`load_runs` describes; ``addresses`` name the cells where that is known."""
    import pandas as pd

    cells = list(cells)
    known = addresses or [_address(cell) for cell in cells]
    rows = []
    for cell, address in zip(cells, known, strict=True):
        own = _row(cell, address, "")
        further = _timings(cell.record) if timings else {}
        further |= _settings(cell.record) if settings else {}
        rows.append({**own, **further})
        if readouts:
            rows += [{**_row(cell, address, name), **further} for name in cell.record.get("readouts_metrics", {})]
    more = sorted({name: None for row in rows for name in row}.keys() - set(_COLUMNS))
    frame = pd.DataFrame(rows, columns=[*_COLUMNS, *more])
    if not readouts:
        frame = frame.drop(columns="readout")
    types = {"seed": "int64", **dict.fromkeys(_WHOLE_NUMBERS, "Int64"), **dict.fromkeys(_TRUTHS, "boolean")}
    numbers = {name: "float64" for name in _COLUMNS if name.startswith(("test_", "dev_")) and name != "dev_only"}
    return frame.astype({**types, **numbers, "score": "float64", "seconds": "float64"})


def _address(cell: StoredCell) -> CellAddress:
    backbone, settings_hash, seed = cell.folder.parts[-3:]
    backbone = str(cell.record.get("backbone", backbone))
    return CellAddress(cell.dataset, cell.method, backbone, settings_hash, int(seed.removeprefix("seed-")))


def _row(cell: StoredCell, address: CellAddress, readout: str) -> dict[str, Any]:
    record = cell.record
    names = {
        **{name: getattr(address, name) for name in (*KEYS, "settings_hash")},
        "readout": readout,
        "status": cell.status,
        "error": cell.error,
        "folder": str(cell.folder),
    }
    if cell.status != "done":
        return names
    own = {**record["metrics"], "degenerate": record["degenerate"]}
    metrics = record["readouts_metrics"][readout] if readout else own
    selection = record.get("readouts_selection", {}).get(readout, record["selection"])
    headline = record["headline_metric"]
    return {
        **names,
        "overrides": " ".join(f"{name}={format_value(value)}" for name, value in record["overrides"].items()),
        "metric": headline,
        "score": (metrics["test"] or {}).get(headline),
        "dev_score": (metrics["dev"] or {}).get(headline),
        "degenerate": metrics["degenerate"],
        **{f"{split}_{name}": (metrics[split] or {}).get(name) for split in ("test", "dev") for name in METRIC_WORDS},
        "epoch": selection.get("epoch"),
        "seconds": sum(record["timings"].values()),
        **{name: record[name] for name in ("limit", "dev_only", "sees_future", "settings_from")},
        "device": record["provenance"].get("device"),
    }


def _timings(record: Mapping[str, Any]) -> dict[str, Any]:
    return {f"seconds_{name.replace(' ', '_')}": value for name, value in record.get("timings", {}).items()}


def _settings(record: Mapping[str, Any]) -> dict[str, Any]:
    slots = record.get("choices", {})
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in record.get("settings", {}).items()}
    return {**slots, **values}
