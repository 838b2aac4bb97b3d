"""The average of a row over several datasets, as papers print it: described, never tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, stdev

from erc_bench.comparison.columns import ranks_of
from erc_bench.comparison.comparison_data import Average, Column, Comparison, Score
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.statistics.metrics import METRIC_WORDS


def with_averages(comparison: Comparison) -> Comparison:
    """Return the comparison with the average of each row that has a score in all columns of whole datasets.

    Raises :class:`ErcBenchError` where there are not at least two such columns, or no row stands in all of them.
    """
    columns = [column for column in comparison.columns if not (column.slice_name or column.class_name)]
    if comparison.per_class or len(columns) < 2:
        raise ErcBenchError(
            "an average is one over datasets, of which this table has not two",
            f"Leave {OptionName('average')}; a table per class has macro F1.",
        )
    found = [_average([column.scores[row] for column in columns]) for row in range(len(comparison.rows))]
    if not any(found):
        raise ErcBenchError(
            "no row has a score on every dataset: there is no average", f"Leave {OptionName('average')}, or a dataset."
        )
    ranks = ranks_of([None if average is None else average.mean for average in found])
    averages = (average and replace(average, rank=rank) for average, rank in zip(found, ranks, strict=True))
    return replace(comparison, averages=tuple(averages))


def _average(scores: Sequence[Score | None]) -> Average | None:
    held = [score for score in scores if score is not None]
    if len(held) < len(scores):
        return None
    if len({score.seeds for score in held}) > 1:
        return Average(fmean(score.summary.mean for score in held), None)
    by_seed = [fmean(values) for values in zip(*(score.values for score in held), strict=True)]
    return Average(fmean(by_seed), stdev(by_seed) if len(by_seed) > 1 else None)


def averaged(comparison: Comparison) -> str:
    """Say what the column of averages is; nothing where there is none."""
    if not comparison.averages:
        return ""
    columns = [column for column in comparison.columns if not column.slice_name]
    metrics = list(dict.fromkeys(METRIC_WORDS[column.metric] for column in columns))
    mixed = f", of different metrics ({'; '.join(metrics)})" if len(metrics) > 1 else ""
    return (
        f"Average: mean over the {_number(columns)} columns of datasets{mixed}, of each seed where they share them; it"
        " is not tested, and weighs every dataset alike whatever its size."
    )


def _number(columns: Sequence[Column]) -> str:
    return str(len(columns))
