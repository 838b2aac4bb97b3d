"""Rows in their order, each with the shortest label that tells it apart, and notes on loss terms that train nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from string import ascii_lowercase

from erc_bench.comparison.comparison_data import NO_BACKBONE, Column, RowKey, TableRow
from erc_bench.comparison.outcomes import ColumnEntry


def ordered(keys: Iterable[RowKey], methods: Sequence[str], baseline: str) -> list[RowKey]:
    """Order rows as their methods were named, else the baseline first and the others by name."""
    place = {method: position for position, method in enumerate(methods)}

    def order(key: RowKey) -> tuple[object, ...]:
        first = place.get(key.method, -1 if key.method == baseline else len(place))
        return first, key.method, key.backbone, len(key.overrides), key.overrides, key.variant, key.readout

    return sorted(set(keys), key=order)


def common_backbone(keys: Iterable[RowKey]) -> str:
    """Return the backbone that all rows with a backbone share, else ``""``."""
    names = {key.backbone for key in keys if key.backbone != NO_BACKBONE}
    return names.pop() if len(names) == 1 else ""


def common_overrides(keys: Iterable[RowKey]) -> dict[str, str]:
    """Return the overrides that all rows with a backbone share: the caption says them once."""
    sets = [set(key.overrides) for key in keys if key.backbone != NO_BACKBONE]
    return dict(sorted(set.intersection(*sets))) if sets else {}


def label_rows(keys: Sequence[RowKey], sees_future: Mapping[RowKey, bool]) -> tuple[TableRow, ...]:
    """Label the rows: the method, and of backbone and overrides only those that the rows do not share."""
    backbone, overrides = common_backbone(keys), common_overrides(keys)
    return tuple(TableRow(key, _label(key, backbone, overrides), sees_future.get(key, False)) for key in keys)


def _label(key: RowKey, backbone: str, overrides: Mapping[str, str]) -> str:
    parts = [key.method]
    if key.backbone not in (backbone, NO_BACKBONE):
        parts.append(key.backbone)
    parts += [f"{address}={value}" for address, value in key.overrides if overrides.get(address) != value]
    parts += [f"{address}={value}" for address, value in key.variant]
    if key.readout:
        parts.append(f"read by {key.readout}")
    return " · ".join(parts)


def lettered(rows: Sequence[TableRow]) -> tuple[TableRow, ...]:
    """Give each row a letter: a to z, then aa, ab and so on."""
    return tuple(replace(row, letter=_letter(number)) for number, row in enumerate(rows))


def _letter(number: int) -> str:
    further, position = divmod(number, len(ascii_lowercase))
    return (_letter(further - 1) if further else "") + ascii_lowercase[position]


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
