"""The comparison as CSV: one line for each row of each dataset, with all its numbers, unrounded."""

from __future__ import annotations

import csv
import io
from typing import Any

from erc_bench.comparison.model import Column, Comparison, Pair, Row, Score
from erc_bench.tables.cells import reason


def render(comparison: Comparison) -> str:
    """Return one header line and one line per score; what does not exist is empty."""
    lines = [
        _line(comparison, column, score)
        for column in comparison.columns
        for score in column.scores
        if score is not None
    ]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows([*lines, *_reported(comparison)])
    return stream.getvalue()


def _reported(comparison: Comparison) -> list[dict[str, Any]]:
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
        }
        for row in comparison.reported
        for column, value in zip(comparison.columns, row.values, strict=True)
        if value is not None
    ]


def _line(comparison: Comparison, column: Column, score: Score) -> dict[str, Any]:
    row = comparison.rows[score.row]
    pair = column.pair_of(score.row)
    audit = _audit(column, score.row) if any(each.audit for each in comparison.columns) else {}
    reported = {"reported": None}
    return {**_condition(column), **_row(row), **_score(score), **_pair(comparison, column, pair), **audit, **reported}


def _audit(column: Column, row: int) -> dict[str, Any]:
    scores = column.audit.scores if column.audit else ()
    audited = next((score for score in scores if score.row == row), None)
    names = ("last_epoch_mean", "best_on_test_mean", "inflation", "inflation_low", "inflation_high", "inflations")
    if audited is None:
        return dict.fromkeys(names)
    inflation = audited.inflation
    values = (audited.last.mean, audited.best.mean, inflation.mean, inflation.low, inflation.high)
    return dict(zip(names, (*values, _list(audited.inflations)), strict=True))


def _condition(column: Column) -> dict[str, Any]:
    return {
        "dataset": column.dataset,
        "condition": column.condition,
        "split": column.split,
        "metric": column.metric,
        "class": column.class_name,
        "slice": column.slice_name,
        "dialogues": column.dialogues,
        "utterances": column.utterances,
        "floor_label": column.floor_label,
        "floor": column.floor,
    }


def _row(row: Row) -> dict[str, Any]:
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
        *("baseline", "shared_seeds", "difference", "difference_low", "difference_high", "sd", "t", "df"),
        *("test", "p", "correction", "adjusted_p", "family", "verdict"),
        *("joint_low", "joint_high", "joint_t", "joint_df", "joint_p", "joint_adjusted_p"),
        *("joint_family", "joint_verdict", "sign_flip_p", "sign_flip_smallest_p", "hedges_g", "detectable"),
        *("seed_correlation", "dialogue_low", "dialogue_high", "dialogue_p", "dialogue_adjusted_p"),
        *("dialogue_family", "dialogue_verdict", "beats", "reason"),
    )
    if pair is None:
        return dict.fromkeys(names)
    test, joint, tests = pair.test, pair.joint, comparison.tests
    chosen, over = pair.seed_test, pair.over_dialogues
    reasons = [chosen.reason if tests.over_seeds else "", joint.reason if tests.unit == "both" else ""]
    values = (
        *(comparison.rows[pair.baseline].label, _list(pair.seeds), test.difference, test.low, test.high),
        *(pair.sd, test.t, test.df),
        *(tests.test, chosen.p, tests.correction, pair.adjusted_p, column.family, pair.verdict),
        *(joint.low, joint.high, joint.t, joint.df, joint.p, pair.joint_adjusted_p, column.joint_family),
        *(pair.joint_verdict, pair.sign_flip.p, pair.sign_flip.smallest_p, pair.effect.value, pair.detectable.value),
        *(pair.seed_correlation.value, *((over.interval.low, over.interval.high, over.test.p) if over else [None] * 3)),
        *(pair.dialogue_adjusted_p, column.dialogue_family, pair.dialogue_verdict),
        *(_beaten(comparison, column, pair.row), over.test.reason if over else reason(reasons)),
    )
    return dict(zip(names, values, strict=True))
