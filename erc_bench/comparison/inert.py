"""Name loss terms that train nothing, so that a row is not taken for what its name promises."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.entries import Entry


def inert_terms(entries: Sequence[Entry], dataset: str) -> list[str]:
    """Return a note for each row some of whose loss terms train nothing, as with a frozen backbone."""
    named: dict[str, set[str]] = {}
    for entry in entries:
        for outcome in entry.outcomes.values():
            terms = outcome.cell.record.get("provenance", {}).get("inert_terms", [])
            named.setdefault(entry.key.method, set()).update(terms)
    return [
        f"{dataset}: {method} has loss terms that reach no parameter ({', '.join(sorted(terms))}): with this encoder"
        " it is trained by its other terms alone"
        for method, terms in named.items()
        if terms
    ]
