"""Name loss terms that train nothing, so that a row is not taken for what its name promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from erc_bench.comparison.entries import Entry


def inert_terms(entries: Sequence[Entry], dataset: str) -> list[str]:
    """Return a note on the rows some of whose loss terms train nothing, as with a frozen backbone.

    Methods of which the same is to be said share a note.
    """
    inert: dict[str, set[str]] = {}
    training: dict[str, set[str]] = {}
    for entry in entries:
        for outcome in entry.outcomes.values():
            facts = outcome.cell.record.get("provenance", {})
            inert.setdefault(entry.key.method, set()).update(facts.get("inert_terms", []))
            training.setdefault(entry.key.method, set()).update(facts.get("training_terms", []))
    sentences = []
    for some_train in (True, False):
        alike = {name: terms for name, terms in inert.items() if terms and bool(training[name]) is some_train}
        sentences += [f"{dataset}: {_sentence(alike, some_train)}"] if alike else []
    return sentences


def _sentence(inert: Mapping[str, set[str]], some_train: bool) -> str:
    named = {method: f"({', '.join(sorted(terms))})" for method, terms in sorted(inert.items())}
    if len(named) == 1:
        ((method, terms),) = named.items()
        what = "it is trained by its other terms alone" if some_train else f"the method {_NOTHING}"
        return f"{method} has loss terms that reach no parameter {terms}: with this encoder {what}"
    *first, last = (f"{method} {terms}" for method, terms in named.items())
    what = "they are trained by their other terms alone" if some_train else f"each {_NOTHING}"
    return f"{', '.join(first)} and {last} have loss terms that reach no parameter: with this encoder {what}"


_NOTHING = "trains nothing, and the row is what its classifier makes of untouched representations"
