"""From stored cells to a comparison: rows, columns, tests and a caption, all of it plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erc_bench.comparison.baselines import Baseline, default_baseline, parse_baseline
from erc_bench.comparison.caption import caption
from erc_bench.comparison.columns import build_column
from erc_bench.comparison.entries import Condition
from erc_bench.comparison.grouping import Columns, group
from erc_bench.comparison.labels import label_rows, ordered
from erc_bench.comparison.model import Column, Comparison, Family, Pair, Row, RowKey, Score
from erc_bench.comparison.pairing import pair_rows
from erc_bench.comparison.selection import check_readouts, metric_of, select
from erc_bench.comparison.significance import correct
from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import StoredCell

__all__ = ["Column", "Comparison", "Family", "Pair", "Row", "RowKey", "Score", "compare"]


def compare(
    cells: Sequence[StoredCell],
    *,
    datasets: Sequence[str] = (),
    methods: Sequence[str] = (),
    baseline: str | None = None,
    metric: str | None = None,
    readouts: Sequence[str] = (),
    alpha: float = 0.05,
    family: Family = "dataset",
    all_cells: Sequence[StoredCell] | None = None,
) -> Comparison:
    """Compare stored cells: one row for each (method, backbone, overrides), one column per dataset.

    ``baseline`` is a method, or ``method/backbone``; without it ``ce``, else ``supcon``, else the
    first method. A named baseline takes part even where ``methods`` leaves it out. ``readouts``
    adds rows for further classifiers that read the same training. ``family`` says which tests Holm
    corrects together. ``all_cells`` is everything in the folder of runs, where ``cells`` is a part
    of it: the caption counts configurations there.
    Raises :class:`ErcBenchError` for an unknown name, or when there is nothing to compare.
    """
    named = None if baseline is None else parse_baseline(baseline, cells)
    wanted = [*methods, named.method] if methods and named else methods
    kept, notes = select(cells, datasets, wanted)
    check_readouts(kept, readouts)
    metrics = metric_of(kept, metric)
    grouped, unusable = group(kept, metrics, readouts)
    notes += unusable
    if not grouped:
        raise ErcBenchError("no finished run can be read", "\n".join(notes))
    chosen = named or default_baseline(_methods(grouped, methods))
    rows = _rows(grouped, methods, chosen)
    columns = []
    for condition in _ordered(grouped, datasets):
        column, found = _column(condition, grouped, rows, metrics[condition.dataset], chosen, alpha)
        columns.append(column)
        notes += found
    unique = tuple(dict.fromkeys(notes))
    result = Comparison(rows, correct(columns, alpha, family), str(chosen), alpha, family, notes=unique)
    return replace(result, caption=caption(result, cells if all_cells is None else all_cells))


def _methods(grouped: Columns, methods: Sequence[str]) -> list[str]:
    found = sorted({entry.key.method for entries in grouped.values() for entry in entries})
    return sorted(found, key=lambda name: methods.index(name) if name in methods else len(methods))


def _rows(grouped: Columns, methods: Sequence[str], baseline: Baseline) -> tuple[Row, ...]:
    entries = [entry for column in grouped.values() for entry in column]
    keys = ordered((entry.key for entry in entries), methods, baseline.method)
    return label_rows(keys, {entry.key: bool(entry.record.get("sees_future")) for entry in entries})


def _ordered(grouped: Columns, datasets: Sequence[str]) -> list[Condition]:
    def order(condition: Condition) -> tuple[int, str, int]:
        name = condition.dataset
        return datasets.index(name) if name in datasets else len(datasets), name, -len(grouped[condition])

    return sorted(grouped, key=order)


def _column(
    condition: Condition, grouped: Columns, rows: Sequence[Row], metric: str, baseline: Baseline, alpha: float
) -> tuple[Column, list[str]]:
    entries = grouped[condition]
    others = [other for other in grouped if other.dataset == condition.dataset and other != condition]
    column = build_column(condition, others, entries, rows, metric, alpha)
    pairs, notes = pair_rows(column, entries, rows, baseline, alpha)
    if others:
        notes.insert(0, f"{column.title}: apart, because these runs differ from the others in data or hardware")
    return replace(column, pairs=pairs), notes
