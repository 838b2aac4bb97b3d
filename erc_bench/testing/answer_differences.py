"""Differences between the answers of two cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from erc_bench.contracts.types import UtteranceKey
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.method_cells import CellAnswers, MethodTrial, Regime

ROUNDING = 2e-4
"""Scores are stored with four decimals."""
_TOLERANCE = 1e-3
"""Relative to the largest score: rows of another length are padded otherwise, which moves the last bits."""


def difference(one: CellAnswers, other: CellAnswers) -> str:
    """Describe the differences between two trainings, the most telling first; empty where there are none."""
    changed = number_changed(one.scores, other.scores)
    if changed:
        return f"{changed} of {len(one.scores)} answers"
    words = {"epochs": "the losses or dev scores of epochs", "selection": "which epoch is chosen"}
    before, after = one.trace(), other.trace()
    return next((words.get(part, part) for part in before if before[part] != after.get(part)), "")


def number_changed(before: Mapping[UtteranceKey, object], after: Mapping[UtteranceKey, object]) -> int:
    """Return how many answers are not the same to the last digit."""
    return sum(scores != after.get(key) for key, scores in before.items())


def distant(before: CellAnswers, after: CellAnswers, keys: Iterable[UtteranceKey]) -> str:
    """Say how many scores differ by more than rounding, and which most; empty where none does."""
    distances = {key: _distance(before.scores[key], after.scores[key]) for key in keys}
    worst = max(distances, key=lambda key: distances[key])
    changed = [key for key in distances if distances[key] > _tolerance(before.scores[key])]
    if not changed:
        return ""
    return (
        f"{len(changed)} of {len(distances)} answers change (most of all dialogue {worst[0]!r}, position "
        f"{worst[1]}: a score by {distances[worst]:.3g})"
    )


def insist_steady(trial: MethodTrial, regime: Regime | None = None) -> None:
    """Raise :class:`NotApplicableError` where the same seed gives other answers, whatever the corpus.

    A check that has seen a difference asks this before it says where the difference comes from.
    """
    if difference(trial.run(regime=regime), trial.run(regime=regime, time="elsewhere")):
        raise NotApplicableError(
            "the same seed alone gives other answers already, so that nothing follows from other answers here: see "
            "the check `same seed`"
        )


def _distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _tolerance(scores: tuple[float, ...]) -> float:
    return ROUNDING + _TOLERANCE * max(map(abs, scores))
