"""The words and figures of readings against reported numbers and of printed claims, without any markup."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.against_reported import is_of
from erc_bench.comparison.comparison_data import AgainstReported, Comparison, PrintedClaim, ReportedRow
from erc_bench.output.tables.detail_table import adjusted_title
from erc_bench.output.tables.table_cells import NOTHING, TextTable, figure, probability, row_label

MOST = 30
"""So many readings are shown as they are; of more, those that a reader looks for first."""


def readings_table(comparison: Comparison) -> TextTable | None:
    """Return our rows against the reported numbers; ``None`` where there is nothing to read."""
    if not comparison.readings:
        return None
    adjusted = adjusted_title(comparison)
    titles = ("dataset", "ours - reported", "n", "difference", "constant p", adjusted, "sd at most")
    rerun = ("re-run", "re-run p", f"re-run {adjusted}")
    rows = [_row(comparison, reading) for reading in _shown(comparison)]
    if _has_reruns(comparison):
        return TextTable((*titles, *rerun), tuple(rows))
    return TextTable(titles, tuple(row[: len(titles)] for row in rows))


def _shown(comparison: Comparison) -> Sequence[AgainstReported]:
    """Return all readings, or of many those of each dataset's best row, and of each row with its own system."""
    found = comparison.readings
    if len(found) <= MOST:
        return found
    best: dict[int, AgainstReported] = {}
    for reading in found:
        leader = best.setdefault(reading.column, reading)
        if _mean(comparison, reading) > _mean(comparison, leader):
            best[reading.column] = reading
    return [
        reading
        for reading in found
        if reading.row == best[reading.column].row
        or is_of(comparison.reported[reading.reported], comparison.rows[reading.row].key.method)
    ]


def _mean(comparison: Comparison, reading: AgainstReported) -> float:
    score = comparison.columns[reading.column].scores[reading.row]
    assert score is not None  # rows without a score are not read
    return score.summary.mean


def _has_reruns(comparison: Comparison) -> bool:
    return any(reading.rerun is not None for reading in comparison.readings)


def readings_notes(comparison: Comparison) -> list[str]:
    """Return the notes below the table of readings."""
    families = (
        sum(reading.adjusted_p is not None for reading in comparison.readings),
        len({(each.column, each.row, each.rerun) for each in comparison.readings if each.rerun_adjusted_p is not None}),
    )
    correction = comparison.tests.correction_words
    notes = [
        "Against reported numbers, three readings of one claim, none of which marks the main table. constant p:"
        " two-sided one-sample t-test of our seeds against the number as if it were exact; it is too sure, because the"
        f" number has seeds, data and code of its own; corrected after {correction} over these tests ({families[0]}).",
        "sd at most: the largest standard deviation over seeds that the reported number may have had for the"
        " difference to be significant, taken for the mean of as many seeds as ours (n - 1 degrees of freedom, before"
        " correction); none: not significant even against a constant.",
        "re-run: our difference from our own run of that system, where there is one, with the paired t-test over"
        f" shared seeds; corrected after {correction} over these tests ({families[1]}). It alone compares like with"
        " like.",
    ]
    cut = len(comparison.readings) - len(_shown(comparison))
    told = [
        f"Shown are the readings of our best row of each dataset, and of each row against its own system; the other"
        f" {cut} are in the JSON."
    ]
    return [*(notes if _has_reruns(comparison) else notes[:-1]), *(told if cut else [])]


def _name(comparison: Comparison, reading: AgainstReported) -> str:
    """Return the reported system, with its backbone where several rows have that name."""
    reported = comparison.reported[reading.reported]
    several = sum(row.system == reported.system for row in comparison.reported) > 1
    return f"{reported.system} · {reported.backbone}" if several else reported.system


def _row(comparison: Comparison, reading: AgainstReported) -> tuple[str, ...]:
    column = comparison.columns[reading.column]
    test, rerun = reading.against_constant, reading.against_rerun
    sd = "none" if reading.largest_sd.reason.startswith("no claim") else figure(reading.largest_sd.value, ".2f")
    return (
        column.title,
        f"{row_label(comparison, reading.row)} - {_name(comparison, reading)}",
        str(test.n),
        figure(test.difference, "+.2f"),
        probability(test.p) + (f" ({test.reason})" if test.reason else ""),
        probability(reading.adjusted_p),
        sd,
        figure(rerun.difference, "+.2f") if rerun else NOTHING,
        probability(rerun.p) if rerun else NOTHING,
        probability(reading.rerun_adjusted_p),
    )


def printed_table(comparison: Comparison) -> TextTable | None:
    """Return the claims of the reported numbers; ``None`` where there are none."""
    titles = [column.title for column in comparison.columns]
    return claims_table(comparison.printed_claims, comparison.reported, titles)


def claims_table(
    claims: Sequence[PrintedClaim], rows: Sequence[ReportedRow], columns: Sequence[str]
) -> TextTable | None:
    """Return printed claims; ``rows`` and ``columns`` (their titles) are those that the claims name."""
    if not claims:
        return None
    titles = ("dataset", "printed", "seeds", "claimed", "other", "difference", "sd at most")
    return TextTable(titles, tuple(_claim_row(claim, rows, columns[claim.column]) for claim in claims))


def printed_notes(comparison: Comparison) -> list[str]:
    """Return the notes below the table of printed claims."""
    return claims_notes(comparison.printed_claims, comparison.reported, comparison.alpha)


def claims_notes(claims: Sequence[PrintedClaim], rows: Sequence[ReportedRow], alpha: float) -> list[str]:
    """Return the notes below printed claims."""
    notes = [
        "Printed claims, read from the printed numbers alone; no run of ours takes part. sd at most: the largest"
        " standard deviation over its seeds that the printed row may have had for the difference from the other number,"
        f" taken for exact, to be significant (two-sided one-sample t-test at {alpha:g}, before correction)."
    ]
    if any(rows[claim.other].origin == "re-run" for claim in claims):
        notes.append("re-run: the paper ran that system as well; sd at most is that of the differences seed by seed.")
    return notes


def _claim_row(claim: PrintedClaim, rows: Sequence[ReportedRow], column: str) -> tuple[str, ...]:
    claimed, other = rows[claim.claimed], rows[claim.other]
    again = " (re-run)" if other.origin == "re-run" else ""
    return (
        column,
        f"{claimed.system} - {other.system}{again}",
        str(claim.seeds),
        figure(claimed.values[claim.column], ".2f"),
        figure(other.values[claim.column], ".2f"),
        f"{claim.difference:+.2f}",
        "none" if claim.largest_sd.reason.startswith("no claim") else figure(claim.largest_sd.value, ".2f"),
    )
