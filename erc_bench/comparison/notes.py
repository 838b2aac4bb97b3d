"""Notes that several datasets have in common, said once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from erc_bench.comparison.model import Column


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
