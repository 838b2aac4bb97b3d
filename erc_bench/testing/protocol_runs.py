"""Checks that run a method on the small corpus and on changed ones, and compare what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from erc_bench.contracts.classifier import Classifier
from erc_bench.metrics import METRIC_WORDS
from erc_bench.testing.corpus import (
    SmallCorpus,
    dev_as_test,
    first_half,
    future_changed,
    kept_turns,
    other_test_labels,
    with_dev_labels,
    with_test_labels,
)
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.orders import shuffles
from erc_bench.testing.trial import CONSTANT_RATE, ONE_EPOCH, Answers, Change, MethodTrial, Regime
from erc_bench.testing.watching import Reading
from erc_bench.types import UtteranceKey

_ROUNDING = 2e-4
"""Scores are stored with four decimals."""
_TOLERANCE = 1e-3
"""Relative to the largest score: rows of another length are padded otherwise, which moves the last bits."""


def runs(trial: MethodTrial) -> str:
    """Return what it reached; raise ``AssertionError`` with the reason where a cell fails."""
    told = []
    for regime in trial.regimes:
        try:
            answers = trial.run(regime=regime)
        except AssertionError as failure:
            raise AssertionError(f"{'' if trial.is_system else f'{regime}: '}{failure}") from failure
        seconds = sum(answers.record["timings"].values())
        how = "" if trial.is_system else f"{regime} "
        told.append(f"{how}{_headline(answers)[1]:.1f} in {seconds:.1f} s")
    return f"test {_headline(answers)[0]}: {', '.join(told)}"


def learns(trial: MethodTrial) -> str:
    """Return score and floor; raise ``AssertionError`` where nothing was learnt."""
    answers = trial.plain
    system = trial.method.system
    if system is not None and system.is_floor:
        return _floor(answers)
    name, score, floor = _headline(answers)
    told = f"{name} {score:.1f} on test, and {floor:.1f} for always answering {answers.record['floor']['label']!r}"
    if not answers.record["degenerate"]:
        return told
    told = f"{told} ({answers.record['degenerate']})"
    if not trial.is_system and trial.is_tiny:
        raise NotApplicableError(
            f"{told}: with random weights that says little, see erc-bench check {trial.method.name} --backbone minilm"
        )
    raise AssertionError(f"{told}: it has not learnt what a bag of words does")


def _floor(answers: Answers) -> str:
    given = set(answers.scores.values())
    assert len(given) == 1, f"it says that it is a floor (is_floor), and gives {len(given)} different answers"
    return "it says that it is a floor, and gives one answer to all utterances"


def labels_of_test(trial: MethodTrial) -> str:
    """Return what was compared; raise ``AssertionError`` where a label of test changes anything."""
    before = trial.plain
    for change, regime in _canaries(trial):
        what = difference(trial.run(regime=regime), trial.run(change=change, regime=regime))
        how = "" if trial.is_system else f" ({regime})"
        assert not what, f"a label of test is read{how}: other labels on disk change {what}"
    return f"{len(before.scores)} answers, all dev scores and the chosen epoch are the same to the last digit"


def _canaries(trial: MethodTrial) -> list[tuple[Change, Regime]]:
    """Return the changes of the labels of test, and the regimes in which they are tried.

    The second one asks for the answer that comes second: the weights that answered are wrong everywhere, and
    those of any other epoch that answers otherwise are better. Who chooses by test chooses that one now.
    """
    second = {key: SmallCorpus.labels[_second(scores)] for key, scores in trial.plain.scores.items()}
    turned: list[tuple[Change, Regime]] = [(other_test_labels, regime) for regime in trial.regimes]
    return [*turned, (partial(with_test_labels, labels=second), trial.regimes[0])]


def _best(scores: Sequence[float]) -> int:
    return max(range(len(scores)), key=lambda label: scores[label])


def _second(scores: Sequence[float]) -> int:
    return max(set(range(len(scores))) - {_best(scores)}, key=lambda label: scores[label])


def same_seed(trial: MethodTrial) -> str:
    """Return what was compared; raise ``AssertionError`` where anything differs."""
    what = difference(trial.plain, trial.run(time=2))
    assert not what, f"the same seed changes {what}: some chance does not hang on the seed"
    return f"{len(trial.plain.scores)} answers and all dev scores are the same to the last digit"


def seeds(trial: MethodTrial) -> str:
    """Return how another seed shows; raise ``AssertionError`` where chance does not hang on it."""
    plain, other = trial.plain, trial.behind_another[0]
    if difference(plain, other):
        return f"{_changed(plain.scores, other.scores)} of {len(plain.scores)} answers have other scores"
    assert trial.is_system, "another seed changes nothing, neither the initial weights nor the order of the batches"
    reading = Reading()
    trial.watch(reading.watched)
    assert not shuffles(reading), "it shuffles its training data, and another seed shuffles them alike"
    return "another seed changes nothing: it draws on no chance"


def neighbours(trial: MethodTrial) -> str:
    """Return how many answers were compared; raise ``AssertionError`` where one depends on who else is asked."""
    together = trial.plain
    alone = trial.run(change=first_half)
    return _unchanged(together, alone, alone.scores, "when the other half of test is not there")


def future(trial: MethodTrial) -> str:
    """Return how many answers were compared; raise ``AssertionError`` where one depends on later turns."""
    if trial.plain.record["sees_future"]:
        raise NotApplicableError("it declares sees_future: tables mark it")
    kept = kept_turns(trial.splits)
    earlier = [key for key in trial.plain.scores if key[1] < kept[key[0]]]
    return _unchanged(
        trial.plain,
        trial.run(change=future_changed),
        earlier,
        "when later turns are changed; if it may, declare sees_future",
    )


def earlier_cells(trial: MethodTrial) -> str:
    """Return what was compared; raise ``AssertionError`` where an earlier cell leaves a trace."""
    if difference(trial.plain, trial.run(time=2)):
        raise NotApplicableError("the same seed alone gives other answers already: see the check `same seed`")
    what = difference(trial.plain, trial.behind_another[1])
    assert not what, f"a cell of another seed before it changes {what}"
    return f"{len(trial.plain.scores)} answers and all dev scores are the same to the last digit"


def chosen_epoch(trial: MethodTrial) -> str:
    """Return the score of the chosen epoch; raise ``AssertionError`` where what is read out has another one."""
    if not trial.plain.record["epochs"]:
        raise NotApplicableError("it has no epochs that the runner knows of")
    component: type[Classifier] = trial.plan().components["classifier"]
    if component.refit == "end":
        raise NotApplicableError("its classifier is fitted after the last epoch, so that the two scores differ")
    # Dev is labelled with what the first epoch answers there, so that the first epoch is chosen.
    answered = trial.train(dev_as_test, ONE_EPOCH).scores
    labels = {key: SmallCorpus.labels[_best(scores)] for key, scores in answered.items()}
    record = trial.train(partial(with_dev_labels, labels=labels), CONSTANT_RATE).record
    epoch = record["selection"]["epoch"]
    told, found = (scores[record["headline_metric"]] for scores in _dev_scores(record, epoch))
    assert abs(told - found) < _ROUNDING, (
        f"epoch {epoch} of {len(record['epochs'])} was chosen with {told:.2f} on dev, "
        f"and what is read out has {found:.2f}: its state was not restored"
    )
    return f"epoch {epoch} of {len(record['epochs'])}: {told:.2f} on dev, then and when it is read out"


def _dev_scores(record: Mapping[str, Any], epoch: int) -> tuple[Any, Any]:
    return record["epochs"][epoch - 1]["dev"], record["metrics"]["dev"]


def difference(one: Answers, other: Answers) -> str:
    """Say what differs between two trainings, the most telling first; empty where nothing does."""
    changed = _changed(one.scores, other.scores)
    if changed:
        return f"{changed} of {len(one.scores)} answers"
    words = {"epochs": "the losses or dev scores of epochs", "selection": "which epoch is chosen"}
    before, after = one.trace(), other.trace()
    return next((words.get(part, part) for part in before if before[part] != after.get(part)), "")


def _changed(before: Mapping[UtteranceKey, object], after: Mapping[UtteranceKey, object]) -> int:
    return sum(scores != after.get(key) for key, scores in before.items())


def _unchanged(before: Answers, after: Answers, keys: Iterable[UtteranceKey], when: str) -> str:
    """Compare scores up to rounding; raise ``AssertionError`` naming the answer that changed most."""
    distances = {key: _distance(before.scores[key], after.scores[key]) for key in keys}
    worst = max(distances, key=lambda key: distances[key])
    changed = [key for key in distances if distances[key] > _tolerance(before.scores[key])]
    assert not changed, (
        f"{len(changed)} of {len(distances)} answers change {when} (most of all dialogue {worst[0]!r}, position "
        f"{worst[1]}: a score by {distances[worst]:.3g})"
    )
    return f"{len(distances)} answers, none of which changes by more than rounding"


def _distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _tolerance(scores: tuple[float, ...]) -> float:
    return _ROUNDING + _TOLERANCE * max(map(abs, scores))


def _headline(answers: Answers) -> tuple[str, float, float]:
    """Return the name of the headline metric, the score on test, and that of the majority floor."""
    metric = answers.record["headline_metric"]
    return METRIC_WORDS[metric], answers.record["metrics"]["test"][metric], answers.record["floor"][metric]
