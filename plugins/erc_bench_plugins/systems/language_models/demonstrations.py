"""Demonstrations: turns of train that a prompt shows with their labels."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Literal

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.nearest import NearestTurns
from erc_bench_plugins.systems.language_models.prompts import Demonstration, label_of, targets_of, turns_before

Choice = Literal["seeded", "balanced", "nearest"]
_Target = tuple[erc.Dialogue, int]


class Demonstrations:
    """The demonstrations of a run: ``fixed``, the same for every target, or the nearest of ``pool`` for each.

    ``fixed`` are those of a prompt in which nobody says anything as well.
    """

    def __init__(self, fixed: Sequence[Demonstration], pool: Sequence[Demonstration] = ()) -> None:
        self.fixed, self.pool = list(fixed), list(pool)
        self._nearest = NearestTurns([shown.turns[-1][1] for shown in pool]) if pool else None

    def of(self, text: str) -> list[Demonstration]:
        """Return what is shown before a target with this text; the nearest stands last, beside the question."""
        if self._nearest is None:
            return self.fixed
        return [self.pool[place] for place in reversed(self._nearest.of(text, len(self.fixed)))]


def demonstrations(
    train: Sequence[erc.Dialogue], choice: Choice, number: int, window: int, context: erc.SystemContext
) -> Demonstrations:
    """Return so many demonstrations for each prompt.

    Those that are drawn are of different dialogues while there are others. Raises ``ErcBenchError`` where train has
    too few labelled turns.
    """
    rng = random.Random(context.seed)
    # Whatever order train comes in, the same seed draws the same.
    targets = sorted(
        targets_of(train),
        key=lambda target: (target[0].id, target[1]),
    )
    if len(targets) < number:
        raise erc.ErcBenchError(f"train has {len(targets)} labelled turns, too few for {number} demonstrations")
    words = dict(zip(context.labels, context.label_words, strict=True))

    def shown(target: _Target) -> Demonstration:
        return Demonstration(target[0].id, target[1], turns_before(*target, window), words[label_of(*target)])

    pool = [shown(target) for target in targets] if choice == "nearest" and number else []
    rng.shuffle(targets)
    return Demonstrations([shown(target) for target in _DRAWS[choice](targets, number, context.labels, rng)], pool)


def _seeded(targets: Sequence[_Target], number: int, labels: Sequence[str], rng: random.Random) -> list[_Target]:
    return _from_different_dialogues(targets)[:number]


def _balanced(targets: Sequence[_Target], number: int, labels: Sequence[str], rng: random.Random) -> list[_Target]:
    """Return one turn of each label in turn, the labels in random order, then all of them in random order."""
    by_label = {
        label: _from_different_dialogues([target for target in targets if label_of(*target) == label])
        for label in labels
    }
    order = [label for label in labels if by_label[label]]
    rng.shuffle(order)
    chosen: list[_Target] = []
    while len(chosen) < number:
        for label in order:
            if len(chosen) < number and by_label[label]:
                chosen.append(by_label[label].pop(0))
    rng.shuffle(chosen)
    return chosen


def _from_different_dialogues(targets: Sequence[_Target]) -> list[_Target]:
    """Put the first target of every dialogue before all others."""
    seen: set[str] = set()
    first: list[_Target] = []
    others: list[_Target] = []
    for target in targets:
        (others if target[0].id in seen else first).append(target)
        seen.add(target[0].id)
    return [*first, *others]


_Draws = Callable[[Sequence[_Target], int, Sequence[str], random.Random], list[_Target]]
_DRAWS: dict[Choice, _Draws] = {"seeded": _seeded, "balanced": _balanced, "nearest": _balanced}
