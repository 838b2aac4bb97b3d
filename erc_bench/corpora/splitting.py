"""Split the dialogues of a corpus in one file: no dialogue, and where it is asked for no speaker, in two parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from erc_bench.errors import ErcBenchError
from erc_bench.statistics.results import counted


@dataclass(frozen=True)
class Unit:
    """What stays together: dialogues by their places, and how many utterances of each label they have.

    An utterance without a label counts under an empty one.
    """

    dialogues: tuple[int, ...]
    counts: Mapping[str, int]

    @property
    def size(self) -> int:
        """The number of utterances."""
        return sum(self.counts.values())


def units_of_dialogues(labels: Sequence[Sequence[str]]) -> list[Unit]:
    """labels: those of each dialogue's utterances → a unit for each dialogue."""
    return [Unit((place,), Counter(own)) for place, own in enumerate(labels)]


def units_of_speakers(labels: Sequence[Sequence[str]], speakers: Sequence[Collection[str]]) -> list[Unit]:
    """Return a unit for all dialogues that speakers connect, through other dialogues as well."""
    first_of: dict[str, int] = {}
    parent = list(range(len(labels)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for place, own in enumerate(speakers):
        for speaker in own:
            parent[root(place)] = root(first_of.setdefault(speaker, place))
    together: dict[int, list[int]] = {}
    for place in range(len(labels)):
        together.setdefault(root(place), []).append(place)
    return [Unit(tuple(own), Counter(label for place in own for label in labels[place])) for own in together.values()]


def assign(units: Sequence[Unit], shares: Mapping[str, float], seed: int) -> dict[str, list[int]]:
    """Return the dialogues of each part, whose shares of utterances, dialogues and each label come near to ``shares``.

    Each unit, in an order that the seed draws, goes to the part where it brings these counts nearest to what they
    should be. Raises :class:`ErcBenchError` where a part stays empty.
    """
    order = list(units)
    Random(seed).shuffle(order)
    totals = sum((_counts(unit) for unit in units), Counter[_Counted]())
    lacking = {part: {what: share * total for what, total in totals.items()} for part, share in shares.items()}
    parts: dict[str, list[int]] = {part: [] for part in shares}
    for unit in order:
        counts = _counts(unit)
        best = max(shares, key=lambda part: _gain(lacking[part], counts))
        parts[best] += unit.dialogues
        for what, count in counts.items():
            lacking[best][what] -= count
    if empty := [part for part, own in parts.items() if not own]:
        largest = max(unit.size for unit in units) / max(1, sum(unit.size for unit in units))
        raise ErcBenchError(
            f"{' and '.join(empty)} would be empty: the dialogues make {counted(len(units), 'group')} that must stay"
            f" whole, the largest with {largest:.0%} of the utterances",
            "Ask for larger parts or fewer folds, or let speakers be in several parts.",
        )
    return {part: sorted(own) for part, own in parts.items()}


_Counted = tuple[str, str]
"""What is balanced: ("label", LABEL), ("all", "utterances") or ("all", "dialogues")."""


def _counts(unit: Unit) -> Counter[_Counted]:
    labels = {("label", label): count for label, count in unit.counts.items()}
    return Counter({("all", "utterances"): unit.size, ("all", "dialogues"): len(unit.dialogues), **labels})


def _gain(lacking: Mapping[_Counted, float], counts: Mapping[_Counted, int]) -> float:
    """Return by how much the squared distances from what is wanted fall."""
    return sum(lacking[what] ** 2 - (lacking[what] - added) ** 2 for what, added in counts.items())
