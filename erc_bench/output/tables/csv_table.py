"""The comparison as CSV: one line for each row of each dataset, with all its numbers, unrounded."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from erc_bench.comparison.comparison_data import Column, Comparison, PrintedClaim, Score, TableRow
from erc_bench.comparison.tested_differences import Pair
from erc_bench.output.tables.table_cells import marks, reasons


def render(comparison: Comparison) -> str:
    """Return one header line and one line per score; missing values are empty."""
    lines = score_lines(comparison)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows([*lines, *reported_lines(comparison)])
    return stream.getvalue()


def score_lines(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the numbers of each row on each dataset by the names of their columns, all with the same names."""
    return [
        _line(comparison, column, score)
        for column in comparison.columns
        for score in column.scores
        if score is not None
    ]


def pair_lines(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the numbers of each comparison of two rows by the names of their columns."""
    return [
        {
            **_condition(column),
            **_row(comparison.rows[pair.row]),
            "marks": marks(pair),
            "against_baseline": pair.against_baseline,
            **_pair(comparison, column, pair),
            **_equal(comparison, pair),
        }
        for column in comparison.columns
        for pair in column.pairs
    ]


def reported_lines(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the published numbers beside them, under some of the same names."""
    claims = {(claim.column, claim.other): claim for claim in comparison.printed_claims}
    return [
        {
            "dataset": column.dataset,
            "metric": column.metric,
            "class": column.class_name,
            "label": row.label,
            "method": row.system,
            "backbone": row.backbone,
            "mean": value,
            "reported": f"{row.citation}; {'; '.join(row.printed_in)}",
            **_claim(comparison, claims.get((index, position))),
        }
        for position, row in enumerate(comparison.reported)
        for index, (column, value) in enumerate(zip(comparison.columns, row.values, strict=True))
        if value is not None
    ]


def _line(comparison: Comparison, column: Column, score: Score) -> dict[str, Any]:
    row = comparison.rows[score.row]
    pair = column.pair_of(score.row)
    audit = _audit(column, score.row) if any(each.audit for each in comparison.columns) else {}
    own = {**_condition(column), **_row(row), **_score(score), **_pair(comparison, column, pair)}
    further = {**_equal(comparison, pair), **_over_datasets(comparison, score.row), **_ranks(comparison, score.row)}
    further |= _average(comparison, score.row)
    return {**own, **further, **audit, "reported": None, **_claim(comparison, None)}


def _named(names: Sequence[str], values: Sequence[Any] | None) -> dict[str, Any]:
    """Return the values by name; without any, every name stands for an empty cell."""
    return dict.fromkeys(names) if values is None else dict(zip(names, values, strict=True))


def _equal(comparison: Comparison, pair: Pair | None) -> dict[str, Any]:
    if comparison.tests.margin is None:
        return {}
    names = ("margin", "equal_low", "equal_high", "equal_p", "equal_adjusted_p", "equal_within_margin")
    if pair is None or pair.equivalence is None:
        return _named(names, None)
    test = pair.equivalence
    return _named(names, (test.margin, test.low, test.high, test.p, pair.equivalence_adjusted_p, pair.equivalent))


def _over_datasets(comparison: Comparison, row: int) -> dict[str, Any]:
    if not comparison.over_datasets:
        return {}
    names = ("datasets", "better_on_at_least", "at_least_adjusted_p", "stouffer_z", "stouffer_p", "stouffer_adjusted_p")
    found = next((each for each in comparison.over_datasets if each.row == row), None)
    if found is None:
        return _named(names, None)
    combined = (found.combined.z, found.combined.p, found.combined_adjusted_p)
    return _named(names, (len(found.columns), found.at_least, _list(found.adjusted), *combined))


def _ranks(comparison: Comparison, row: int) -> dict[str, Any]:
    ranking = comparison.ranking
    if ranking is None:
        return {}
    names = ("average_rank", "friedman_chi_squared", "friedman_f", "friedman_p", "nemenyi_distance")
    average = ranking.test.average_ranks[ranking.rows.index(row)] if row in ranking.rows else None
    return _named(names, (average, ranking.test.chi_squared, ranking.test.f, ranking.test.p, ranking.distance.value))


def _average(comparison: Comparison, row: int) -> dict[str, Any]:
    if not comparison.averages:
        return {}
    average = comparison.averages[row]
    return _named(("average_mean", "average_sd"), None if average is None else (average.mean, average.sd))


def _claim(comparison: Comparison, claim: PrintedClaim | None) -> dict[str, Any]:
    """Return the claim of a printed table's own row about the line's reported number."""
    if not comparison.printed_claims:
        return {}
    names = ("claimed_by", "claimed_difference", "claimed_largest_sd")
    if claim is None:
        return _named(names, None)
    return _named(names, (comparison.reported[claim.claimed].system, claim.difference, claim.largest_sd.value))


def _audit(column: Column, row: int) -> dict[str, Any]:
    scores = column.audit.scores if column.audit else ()
    audited = next((score for score in scores if score.row == row), None)
    names = ("last_epoch_mean", "best_on_test_mean", "inflation", "inflation_low", "inflation_high", "inflations")
    if audited is None:
        return _named(names, None)
    inflation = audited.inflation
    values = (audited.last.mean, audited.best.mean, inflation.mean, inflation.low, inflation.high)
    return _named(names, (*values, _list(audited.inflations)))


_CONDITION = ("dataset", "condition", "split", "metric", "class_name", "slice_name", "dialogues", "utterances")


def _condition(column: Column) -> dict[str, Any]:
    names = (*_CONDITION, "floor_label", "floor")
    return {name.removesuffix("_name"): getattr(column, name) for name in names}


def _row(row: TableRow) -> dict[str, Any]:
    key = row.key
    return {
        "label": row.label,
        "method": key.method,
        "backbone": key.backbone,
        "overrides": _settings(key.overrides),
        "variant": _settings(key.variant),
        "readout": key.readout,
        "sees_future": row.sees_future,
    }


def _settings(settings: tuple[tuple[str, str], ...]) -> str:
    return " ".join(f"{address}={value}" for address, value in settings)


def _score(score: Score) -> dict[str, Any]:
    summary, dev = score.summary, score.dev
    return {
        "settings_hash": score.settings_hash,
        "settings_from": score.settings_from,
        "selection": score.selection,
        "n": summary.n,
        "seeds": _list(score.seeds),
        "values": _list(score.values),
        "mean": summary.mean,
        "sd": summary.sd,
        "low": summary.low,
        "high": summary.high,
        "dev_mean": dev.mean if dev else None,
        "dev_sd": dev.sd if dev else None,
        "rank": score.rank,
        "degenerate_seeds": _list(score.degenerate),
        "collapsed_seeds": _list(score.collapsed),
        "collapse_low": score.collapses.low if score.collapses else None,
        "collapse_high": score.collapses.high if score.collapses else None,
    }


def _beaten(comparison: Comparison, column: Column, row: int) -> str:
    """Name the rows that a row beats, where each two rows were compared."""
    if not comparison.tests.all_pairs:
        return ""
    return "; ".join(comparison.rows[beaten].label for beaten in column.beaten_by(row))


def _list(values: Any) -> str:
    return " ".join(map(str, values))


def _pair(comparison: Comparison, column: Column, pair: Pair | None) -> dict[str, Any]:
    names = (
        *("baseline", "shared_seeds", "difference", "difference_low", "difference_high", "difference_sd", "t", "df"),
        *("test", "p", "correction", "adjusted_p", "family", "verdict"),
        *("joint_low", "joint_high", "joint_t", "joint_df", "joint_p", "joint_adjusted_p"),
        *("joint_family", "joint_verdict", "sign_flip_p", "sign_flip_smallest_p", "hedges_g", "detectable"),
        *("seed_correlation", "dialogue_low", "dialogue_high", "dialogue_p", "dialogue_adjusted_p"),
        *("dialogue_family", "dialogue_verdict", "beats", "reason"),
    )
    if pair is None:
        return _named(names, None)
    test, joint, tests = pair.interval_test, pair.joint, comparison.tests
    chosen, over = pair.seed_test, pair.over_dialogues
    # Numbers of shared seeds do not belong beside a test that does not pair them.
    shares = pair.unpaired is None
    paired = (pair.sign_flip.p, pair.sign_flip.smallest_p, pair.effect.value, pair.seed_correlation.value)
    values = (
        *(comparison.rows[pair.baseline].label, _list(pair.seeds), test.difference, test.low, test.high),
        *(pair.sd if shares else None, test.t, test.df),
        *(tests.test, chosen.p, tests.correction, pair.adjusted_p, column.family, pair.verdict),
        *(joint.low, joint.high, joint.t, joint.df, joint.p, pair.joint_adjusted_p, column.joint_family),
        *(pair.joint_verdict, *(paired[:3] if shares else [None] * 3)),
        *(pair.detectable.value, paired[3] if shares else None),
        *((over.interval.low, over.interval.high, over.test.p) if over else [None] * 3),
        *(pair.dialogue_adjusted_p, column.dialogue_family, pair.dialogue_verdict),
        *(_beaten(comparison, column, pair.row), reasons(comparison, pair)),
    )
    return _named(names, values)
