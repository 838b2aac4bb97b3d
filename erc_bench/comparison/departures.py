"""Name corpora that are not the published ones, so that their scores are not set beside published scores."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.entries import Entry


def departures(entries: Sequence[Entry], dataset: str) -> list[str]:
    """Return a note where the corpus that the cells of one column read is not the published one."""
    told: dict[str, dict[str, None]] = {}
    for entry in entries:
        for outcome in entry.outcomes.values():
            data = outcome.cell.record.get("data", {})
            lines = data.get("departures", [])
            told.setdefault(str(data.get("fingerprint", "")), {}).update(dict.fromkeys(lines))
    return [
        f"{dataset}: data {fingerprint[:8]} is not the published corpus: {'; '.join(lines)}"
        for fingerprint, lines in told.items()
        if lines
    ]
