"""The words and figures of printed tables' claims about themselves, without any markup."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.comparison_data import Comparison, PrintedClaim, ReportedRow
from erc_bench.output.tables.selection_audit import TextTable
from erc_bench.output.tables.table_cells import figure


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
    return TextTable(titles, tuple(_row(claim, rows, columns[claim.column]) for claim in claims))


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


def _row(claim: PrintedClaim, rows: Sequence[ReportedRow], column: str) -> tuple[str, ...]:
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
