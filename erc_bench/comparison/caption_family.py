"""Sentences of a caption about the family of the correction: how many comparisons it has, and where they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.errors import OptionName
from erc_bench.statistics.results import counted


def family_words(comparison: Comparison, sizes: Sequence[int]) -> str:
    """Return ``12 comparisons of each dataset's table``; ``sizes`` has one number for each column."""
    found = {column.header: size for column, size in zip(comparison.columns, sizes, strict=True)}
    # Datasets without comparisons are left out.
    by_dataset = {header: size for header, size in found.items() if size} or found
    sizes_found = set(by_dataset.values())
    wider = any(column.unshown or column.removed for column in comparison.columns)
    if comparison.family == "table" or len(found) == 1:
        return f"{counted(max(sizes), 'comparison')} of {_whole(comparison, wider)}"
    if len(sizes_found) == 1 and len(by_dataset) == len(found):
        return f"{counted(sizes_found.pop(), 'comparison')} of {_each(wider)}"
    if len(by_dataset) == 1:
        (header,) = by_dataset
        return f"{counted(by_dataset[header], 'comparison')} on {header}"
    named = ", ".join(f"{header} {size}" for header, size in by_dataset.items())
    return f"comparisons of {_each(wider)} ({named})"


def _whole(comparison: Comparison, wider: bool) -> str:
    if comparison.family == "table":
        return "all datasets" if wider else "the table"
    return "the dataset" if wider else "the dataset's table"


def _each(wider: bool) -> str:
    return "each dataset" if wider else "each dataset's table"


def beyond_the_table(comparison: Comparison) -> list[str]:
    """Say which comparisons are corrected for and do not stand in the table, or that none is."""
    if comparison.family == "shown":
        return [
            f"Narrower than usual: only comparisons that are shown are corrected for ({OptionName('family'):shown}),"
            " whatever else the folder of runs holds."
        ]
    unshown = _by_dataset(comparison.columns, lambda column: len(column.unshown))
    removed = _by_dataset(comparison.columns, lambda column: column.removed)
    sentences = []
    if unshown:
        whose = "that the suite declares" if comparison.declared else "of this folder of runs"
        sentences.append(f"Corrected for as well: comparisons {whose} that are not shown ({unshown}).")
    if removed:
        sentences.append(f"Rows that were scored on test and removed since count, as if they came last ({removed}).")
    return sentences


def _by_dataset(columns: Sequence[Column], number: Callable[[Column], int]) -> str:
    found: dict[str, int] = {}
    for column in columns:
        if size := number(column):
            found[column.header] = found.get(column.header, 0) + size
    return ", ".join(f"{header} {size}" for header, size in found.items())
