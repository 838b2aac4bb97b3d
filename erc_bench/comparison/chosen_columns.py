"""Columns of a comparison that are shown: of a table per class its classes, else slices or speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean

_WHOLE = "all"


def with_columns(comparison: Comparison, names: Sequence[str]) -> Comparison:
    """Return the comparison with the named columns of each dataset, in that order; nothing is tested anew.

    A column is named by its class, its slice or speaker (``all`` for the whole test split), or its metric where the
    table is one per class. Raises :class:`ErcBenchError` for another name, and where columns are datasets.
    """
    if not (comparison.per_class or any(column.slice_name for column in comparison.columns)):
        raise ErcBenchError(
            f"the columns of this table are datasets, and {OptionName('columns')} chooses among classes or slices",
            f"Choose datasets by {OptionName('datasets')}, in the order of the table.",
        )
    columns = [_name(column, comparison.per_class) for column in comparison.columns]
    for name in names:
        if name not in columns:
            raise ErcBenchError(f"the table has no column {name!r}; {did_you_mean(name, dict.fromkeys(columns))}")
    if comparison.ranking and _WHOLE not in names:
        raise ErcBenchError(
            f"ranks are those over whole test splits, and the column {_WHOLE!r} is not among those to show",
            f"Name {_WHOLE!r} as well, or leave {OptionName('ranks')}.",
        )
    wanted = list(dict.fromkeys(names))
    datasets = list(dict.fromkeys(column.header for column in comparison.columns))
    kept = [position for position, name in enumerate(columns) if name in wanted]
    kept.sort(key=lambda place: (datasets.index(comparison.columns[place].header), wanted.index(columns[place])))
    gone = [column.header for position, column in enumerate(comparison.columns) if position not in kept]
    names_gone = [name for name in columns if name not in wanted]
    left_out = tuple(zip(gone, names_gone, strict=True))
    return replace(_reduced(comparison, kept), columns_left_out=left_out)


def _name(column: Column, per_class: bool) -> str:
    whole = column.metric if per_class else _WHOLE
    return column.class_name or column.slice_name or whole


def _reduced(comparison: Comparison, kept: Sequence[int]) -> Comparison:
    """Return the comparison with the columns at these positions alone, which everything else is told by."""
    new = {old: position for position, old in enumerate(kept)}
    return replace(
        comparison,
        columns=tuple(comparison.columns[old] for old in kept),
        reported=tuple(replace(row, values=tuple(row.values[old] for old in kept)) for row in comparison.reported),
        readings=tuple(replace(each, column=new[each.column]) for each in comparison.readings if each.column in new),
        printed_claims=tuple(
            replace(each, column=new[each.column]) for each in comparison.printed_claims if each.column in new
        ),
        over_datasets=tuple(
            replace(each, columns=tuple(new[old] for old in each.columns))
            for each in comparison.over_datasets
            if set(each.columns) <= set(new)
        ),
        ranking=comparison.ranking
        and replace(comparison.ranking, columns=tuple(new[old] for old in comparison.ranking.columns)),
    )


def left_out(comparison: Comparison) -> str:
    """Name the columns that were not chosen; nothing where all are shown."""
    if not comparison.columns_left_out:
        return ""
    by_dataset: dict[str, list[str]] = {}
    for dataset, name in comparison.columns_left_out:
        by_dataset.setdefault(dataset, []).append(name)
    parts = [f"{dataset} {', '.join(names)}" for dataset, names in by_dataset.items()]
    return f"Columns not shown: {'; '.join(parts)}."
