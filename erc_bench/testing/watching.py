"""In which order training data are read, epoch after epoch, seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from erc_bench.contracts.objective import EpochView, Objective, Step
from erc_bench.contracts.system import System
from erc_bench.planning.plan import Plan
from erc_bench.types import Dialogue, UtteranceKey

PlanChange = Callable[[Plan], Plan]


@dataclass
class Epochs:
    """The training examples of each epoch, in the order in which the objective was given them."""

    keys: list[list[UtteranceKey]] = field(default_factory=list)

    def watched(self, plan: Plan) -> Plan:
        """Return the plan with an objective that is looked at."""
        objective = _watched_objective(plan.components["objective"], self)
        return replace(plan, components={**plan.components, "objective": objective})


@dataclass
class Reading:
    """The training dialogues that a system looked into, in order; ``dialogues`` is how many there are."""

    looked_into: list[str] = field(default_factory=list)
    dialogues: int = 0

    def watched(self, plan: Plan) -> Plan:
        """Return the plan with a system whose training dialogues are looked at."""
        return replace(plan, components={"system": _watched_system(plan.components["system"], self)})

    def passes(self) -> list[tuple[str, ...]]:
        """Return the orders of all complete passes over train, the first one first.

        A pass ends where a dialogue comes back. What leaves dialogues out is no pass.
        """
        passes: list[tuple[str, ...]] = []
        current: dict[str, None] = {}
        for name in self.looked_into:
            if name in current:
                passes.append(tuple(current))
                current = {}
            current[name] = None
        passes.append(tuple(current))
        return [each for each in passes if len(each) == self.dialogues]

    def in_passes(self) -> bool:
        """Whether they were read dialogue by dialogue, all of them each time."""
        return sum(map(len, self.passes())) == len(self.looked_into)

    def repeats(self) -> int:
        """Return in how many passes in a row the order was the same, at most; 1 where it always changed."""
        return max((len(list(same)) for _, same in groupby(self.passes())), default=0)


def _watched_objective(base: type[Objective], epochs: Epochs) -> type[Objective]:
    def begin_epoch(self: Objective, view: EpochView) -> None:
        epochs.keys.append([])
        base.begin_epoch(self, view)

    def step(self: Objective, step: Step) -> Mapping[str, Any]:
        epochs.keys[-1].extend(key for example in step.batch for key in example.target_keys())
        return base.step(self, step)

    return type(base.__name__, (base,), {"begin_epoch": begin_epoch, "step": step, "__module__": base.__module__})


def _watched_system(base: type[System], reading: Reading) -> type[System]:
    def fit(self: System, train: Sequence[Dialogue], dev: Sequence[Dialogue], labels: Sequence[str], seed: int) -> None:
        reading.dialogues = len(train)
        base.fit(self, tuple(_watched_dialogue(each, reading) for each in train), dev, labels, seed)

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


def _watched_dialogue(dialogue: Dialogue, reading: Reading) -> Dialogue:
    watched = _WatchedDialogue(dialogue.id, dialogue.utterances, dialogue.slice, dialogue.episode, dialogue.session)
    object.__setattr__(watched, "reading", reading)
    return watched
