"""Name loss terms that train nothing, so that a row's name does not promise more than it trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from erc_bench.comparison.comparison_data import Column
from erc_bench.comparison.outcomes import ColumnEntry


def inert_terms(entries: Sequence[ColumnEntry], dataset: str) -> list[str]:
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


def departures(entries: Sequence[ColumnEntry], dataset: str) -> list[str]:
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


def said_once(notes: Iterable[str], columns: Sequence[Column]) -> tuple[str, ...]:
    """Join notes that are the same behind the name of their dataset; the others stay as they are, once.

    ``meld: ce failed`` and ``talk: ce failed`` become ``meld, talk: ce failed``, where the first stood.
    """
    known = {name for column in columns for name in (column.dataset, column.title)}
    datasets: dict[tuple[str, bool], list[str]] = {}
    for note in notes:
        dataset, _, sentence = note.partition(": ")
        is_of_dataset = dataset in known and bool(sentence)
        found = datasets.setdefault((sentence if is_of_dataset else note, is_of_dataset), [])
        found += [dataset] if is_of_dataset and dataset not in found else []
    return tuple(": ".join(filter(None, (", ".join(names), sentence))) for (sentence, _), names in datasets.items())
