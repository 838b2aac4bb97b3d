"""Name loss terms that train nothing, so that a row is not taken for what its name promises."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.entries import Entry


def inert_terms(entries: Sequence[Entry], dataset: str) -> list[str]:
    """Return a note for each row some of whose loss terms train nothing, as with a frozen backbone."""
    inert: dict[str, set[str]] = {}
    training: dict[str, set[str]] = {}
    for entry in entries:
        for outcome in entry.outcomes.values():
            facts = outcome.cell.record.get("provenance", {})
            inert.setdefault(entry.key.method, set()).update(facts.get("inert_terms", []))
            training.setdefault(entry.key.method, set()).update(facts.get("training_terms", []))
    return [
        f"{dataset}: {method} has loss terms that reach no parameter ({', '.join(sorted(terms))}): with this encoder"
        f" {_what_trains(training[method])}"
        for method, terms in inert.items()
        if terms
    ]


def _what_trains(terms: set[str]) -> str:
    if terms:
        return "it is trained by its other terms alone"
    return "the method trains nothing, and the row is what its classifier makes of untouched representations"
