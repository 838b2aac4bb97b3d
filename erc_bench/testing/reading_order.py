"""In which order training data are read, epoch after epoch, seen from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import groupby, pairwise
from typing import Any

from erc_bench.contracts.objective import EpochView, Objective, Step
from erc_bench.contracts.system import System
from erc_bench.contracts.system_context import SystemContext
from erc_bench.contracts.types import Dialogue, UtteranceKey
from erc_bench.planning.plan import Plan

PlanChange = Callable[[Plan], Plan]
PREPARING = 3
"""Passes in one order that a system may need before it trains: words, features, labels."""


@dataclass
class Epochs:
    """The training examples of each epoch, in the order in which the objective was given them."""

    keys: list[list[UtteranceKey]] = field(default_factory=list)

    def watched(self, plan: Plan) -> Plan:
        """Return the plan with an objective that is looked at."""
        objective = _watched_objective(plan.components["objective"], self)
        return replace(plan, components={**plan.components, "objective": objective})


@dataclass
class ReadingOrder:
    """The training dialogues that a system looked into, in order; ``given`` are all, as it was given them."""

    looked_into: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    @property
    def dialogues(self) -> int:
        """How many there are."""
        return len(self.given)

    def watched(self, plan: Plan) -> Plan:
        """Return the plan with a system whose training dialogues are looked at."""
        return replace(plan, components={"system": _watched_system(plan.components["system"], self)})

    def passes(self) -> list[tuple[str, ...]]:
        """Return the orders of all complete passes over train, the first one first.

        A pass ends where a dialogue comes back. One that leaves dialogues out does not count.
        """
        return [each for each in self._stretches() if len(each) == self.dialogues]

    def in_passes(self) -> bool:
        """Whether they were read dialogue by dialogue, all of them each time."""
        return len(self.passes()) == len(self._stretches())

    def repeats(self) -> int:
        """Return in how many passes the order was the same, at most; 1 where it always changed."""
        return max(Counter(self.passes()).values(), default=0)

    def keeps_changing(self) -> bool:
        """Whether it was seen to read in one order after the other, new ones to the end."""
        passes = self.passes()
        before, after = passes[: len(passes) // 2], passes[len(passes) // 2 :]
        in_a_row = max((len(list(same)) for _, same in groupby(passes)), default=0)
        return bool(before) and not set(after) <= set(before) and in_a_row <= PREPARING

    def places(self) -> list[tuple[int, ...]]:
        """Return the passes by where the dialogues lie in train."""
        return [tuple(self.given.index(name) for name in each) for each in self.passes()]

    def _stretches(self) -> list[tuple[str, ...]]:
        stretches: list[tuple[str, ...]] = []
        current: dict[str, None] = {}
        for name in self.looked_into:
            if name in current:
                stretches.append(tuple(current))
                current = {}
            current[name] = None
        stretches.append(tuple(current))
        return [
            # One pass ends with the dialogue that the next one begins with, which then is read once.
            (before[-1], *each) if len(each) == self.dialogues - 1 and before[-1:] and before[-1] not in each else each
            for before, each in pairwise([(), *stretches])
        ]


def _watched_objective(base: type[Objective], epochs: Epochs) -> type[Objective]:
    def begin_epoch(self: Objective, view: EpochView) -> None:
        epochs.keys.append([])
        base.begin_epoch(self, view)

    def step(self: Objective, step: Step) -> Mapping[str, Any]:
        epochs.keys[-1].extend(key for example in step.batch for key in example.target_keys())
        return base.step(self, step)

    return type(base.__name__, (base,), {"begin_epoch": begin_epoch, "step": step, "__module__": base.__module__})


def _watched_system(base: type[System], reading: ReadingOrder) -> type[System]:
    def fit(self: System, train: Sequence[Dialogue], dev: Sequence[Dialogue], context: SystemContext) -> None:
        reading.given = [each.id for each in train]
        base.fit(self, tuple(_watched_dialogue(each, reading) for each in train), dev, context)

    return type(base.__name__, (base,), {"fit": fit, "__module__": base.__module__})


class _WatchedDialogue(Dialogue):
    """A dialogue that tells when its utterances are read."""

    # Slots of its own would be fields of another class; a dictionary holds whom to tell.
    def __getattribute__(self, name: str) -> Any:
        if name == "utterances":
            held = object.__getattribute__(self, "__dict__")
            reading, identifier = held.get("reading"), object.__getattribute__(self, "id")
            if reading is not None and reading.looked_into[-1:] != [identifier]:
                reading.looked_into.append(identifier)
        return object.__getattribute__(self, name)


def _watched_dialogue(dialogue: Dialogue, reading: ReadingOrder) -> Dialogue:
    held = {field.name: getattr(dialogue, field.name) for field in fields(Dialogue)}
    watched = _WatchedDialogue(**held)
    object.__setattr__(watched, "reading", reading)
    return watched
