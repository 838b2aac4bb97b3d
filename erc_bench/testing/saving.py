"""Whether a method answers alike when it was saved and loaded again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from erc_bench.contracts.types import UtteranceKey
from erc_bench.errors import ErcBenchError
from erc_bench.planning.request import Combination
from erc_bench.plugin_host.catalogue import Catalogue, Entry
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.method_cells import MethodTrial
from erc_bench.training.saved_models.saved_model import load_model

_TOLERANCE = 1e-3
"""Scores are stored with four decimals, and batches are cut otherwise when a model answers."""


def saved_model(trial: MethodTrial) -> str:
    """Return how many answers were compared; raise ``AssertionError`` where a loaded model gives another one."""
    trained = trial.plain
    _check_savable(trial)
    saved = trial.vary(lambda plan: replace(plan, save_model=True))
    answered = _answers(trial, saved.folder)
    distances = {
        key: max(abs(one - other) for one, other in zip(scores, answered[key], strict=True))
        for key, scores in trained.scores.items()
    }
    changed = [key for key, distance in distances.items() if distance > _TOLERANCE * max(1.0, *trained.scores[key])]
    assert not changed, (
        f"{len(changed)} of {len(distances)} answers are other ones when the saved model gives them (a score by "
        f"{max(distances.values()):.3g}): something that was learnt is not saved"
    )
    return f"{len(distances)} answers of the saved model are those of the trained one"


def _answers(trial: MethodTrial, folder: object) -> dict[UtteranceKey, list[float]]:
    try:
        model = load_model(str(folder), device="cpu", catalogue=_Parts(trial.catalogue, trial.combination))
        conversations = model.predict(list(trial.splits.test), features=trial.feature_files())
    except ErcBenchError as error:
        raise AssertionError(error.message) from error
    return {
        (dialogue.id, position): list(prediction.scores.values())
        for dialogue, predictions in zip(trial.splits.test, conversations, strict=True)
        for position, prediction in enumerate(predictions)
    }


def _check_savable(trial: MethodTrial) -> None:
    system, backbone = trial.method.system, trial.combination.backbone
    if system is not None and not system.can_be_saved():
        raise NotApplicableError("it has no save and load: erc-bench run --save-model will refuse it")
    if backbone is not None and system is None and not backbone.can_be_saved():
        raise NotApplicableError(f"the backbone {backbone.name!r} has no load_saved")


class _Parts(Catalogue):
    """A catalogue that knows the method and the backbone of a trial, too, which need not be installed."""

    def __init__(self, catalogue: Catalogue, combination: Combination) -> None:
        super().__init__(())
        self._inner = catalogue
        self._own: dict[str, Any] = {"method": combination.method, "backbone": combination.backbone}

    def entries(self, kind: str) -> Mapping[str, Entry]:
        """Return the components of a kind by name."""
        own = self._own.get(kind)
        found = dict(self._inner.entries(kind))
        return found if own is None else {**found, own.name: Entry(kind, own.name, own, "this check")}
