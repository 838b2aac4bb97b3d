"""A cell whose method is a system of its own, not a composition of slots."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from erc_bench.contracts.component import sees_future
from erc_bench.contracts.system import System
from erc_bench.contracts.types import Dialogue, UtteranceKey, gold_labels, seal
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.statistics.metrics import best_labels, score
from erc_bench.training.events import Hear, unheard
from erc_bench.training.generative import context_of
from erc_bench.training.preparation import CellData
from erc_bench.training.process_state import seed_generators
from erc_bench.training.result import CellResult, Readout
from erc_bench.training.workspace import Workspace


def run_system(plan: Plan, data: CellData, workspace: Workspace, hear: Hear = unheard) -> CellResult:
    """Fit the system and ask it for the scores of sealed dialogues."""
    system: System = plan.components["system"](plan.build("system"))
    seed_generators(plan.seed, "initialisation")
    started = time.perf_counter()
    system.fit(data.train, data.dev, context_of(plan, workspace, hear))
    fitted = time.perf_counter()
    classes = len(plan.dataset.labels)
    _, dev_scores = scores_of_system(system, seal(data.dev), classes)
    gold = list(gold_labels(data.dev).values())
    predicted = best_labels(dev_scores, plan.dataset.labels)
    dev = score(gold, predicted, plan.dataset.labels, plan.dataset.scored_labels, unknown_as_wrong=True)
    keys, scores = scores_of_system(system, data.sealed_test, classes) if data.sealed_test is not None else ([], None)
    timings = {"train": fitted - started, "read out": time.perf_counter() - fitted}
    readings = {str(system.name): Readout(dev, scores)}
    facts = {"sees_future": sees_future(type(system), vars(system).get("options")), **_told(system)}
    return CellResult(keys, readings, facts=facts, timings=timings, model=system if plan.save_model else None)


def _told(system: System) -> dict[str, Any]:
    """Return the facts that a system tells; raise :class:`ErcBenchError` where JSON does not hold them."""
    try:
        facts = json.loads(json.dumps(dict(system.facts()), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ErcBenchError(f"the facts of {system.name} are no JSON: {error}") from error
    return {"system": facts} if facts else {}


def scores_of_system(
    system: System, dialogues: Sequence[Dialogue], classes: int
) -> tuple[list[UtteranceKey], np.ndarray]:
    """Return the scored utterances of sealed dialogues and a fitted system's scores of them, (n, classes).

    The row of an utterance to which it has no answer is nan. Raises :class:`ErcBenchError` where they are something
    else.
    """
    asked = [(dialogue.id, index) for dialogue in dialogues for index in dialogue.targets()]
    answered = system.predict(dialogues)
    missing = [key for key in asked if key not in answered]
    if missing:
        raise ErcBenchError(
            f"{system.name} gave no scores for {len(missing)} of {len(asked)} utterances, "
            f"the first of dialogue {missing[0][0]}, position {missing[0][1]}",
            "System.predict must return scores for every scored utterance.",
        )
    return asked, np.stack([_checked(answered[key], key, system, classes) for key in asked])


def _checked(answer: object, key: UtteranceKey, system: System, classes: int) -> np.ndarray:
    if answer is None:
        return np.full(classes, np.nan)
    scores = np.asarray(answer, dtype=float)
    if scores.shape != (classes,) or not np.isfinite(scores).all():
        raise ErcBenchError(
            f"{system.name} must give one finite score for each of {classes} labels, "
            f"and gave {answer} for dialogue {key[0]}, position {key[1]}"
        )
    return scores
