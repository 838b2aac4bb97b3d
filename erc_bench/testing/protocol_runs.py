"""Checks that run a method on the small corpus and on changed ones, and compare its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from erc_bench.contracts.classifier import Classifier
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.testing.answer_differences import ROUNDING, difference, distant, insist_steady, number_changed
from erc_bench.testing.corpus import (
    SmallCorpus,
    dev_as_test,
    future_changed,
    kept_turns,
    other_test_labels,
    second_half_backwards,
    with_dev_labels,
    with_test_labels,
)
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.method_cells import CONSTANT_RATE, ONE_EPOCH, CellAnswers, Change, MethodTrial, Regime
from erc_bench.testing.reading_order import ReadingOrder
from erc_bench.testing.shuffling import by_position

_TO_THE_LAST_DIGIT = "are the same to the last digit"
_BUT_ROUNDING = "none of which changes by more than rounding"


def runs(trial: MethodTrial) -> str:
    """Return the scores of each regime in words; raise ``AssertionError`` with the reason where a cell fails."""
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
    if system is not None and not system.trains:
        raise NotApplicableError("it says that it learns nothing from train (trains = False)")
    name, score, floor = _headline(answers)
    told = f"{name} {score:.1f} on test, and {floor:.1f} for always answering {answers.record['floor']['label']!r}"
    if not answers.record["degenerate"]:
        return told
    told = f"{told} ({answers.record['degenerate']})"
    if trial.is_tiny:
        named = "minilm" if system is None else "smollm2"
        raise NotApplicableError(
            f"{told}: with random weights that says little, see erc-bench check {trial.method.name} --backbone {named}"
        )
    if not trial.is_system and not trial.has_backbone:
        raise NotApplicableError(f"{told}: it needs no language model, and what tells a label there is what is said")
    raise AssertionError(f"{told}: it has not learnt what a bag of words does")


def _floor(answers: CellAnswers) -> str:
    given = set(answers.scores.values())
    assert len(given) == 1, f"it says that it is a floor (is_floor), and gives {len(given)} different answers"
    return "it says that it is a floor, and gives one answer to all utterances"


def labels_of_test(trial: MethodTrial) -> str:
    """Return the extent of the comparison in words; raise ``AssertionError`` where a label of test changes anything."""
    before = trial.plain
    for change, regime in _canaries(trial):
        what = difference(trial.run(regime=regime), trial.run(change=change, regime=regime))
        how = "" if trial.is_system else f" ({regime})"
        if what:
            insist_steady(trial, regime)
            raise AssertionError(f"a label of test is read{how}: other labels on disk change {what}")
    return f"{len(before.scores)} answers, all dev scores and the chosen epoch {_TO_THE_LAST_DIGIT}{trial.caveat}"


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
    """Return the extent of the comparison in words; raise ``AssertionError`` where anything differs."""
    what = difference(trial.plain, trial.run(time="elsewhere"))
    if not what:
        return f"{len(trial.plain.scores)} answers and all dev scores {_TO_THE_LAST_DIGIT}{trial.caveat}"
    told = f"the same seed changes {what}"
    if trial.shared or difference(trial.plain, trial.run(time="again")):
        raise AssertionError(f"{told}: some chance does not hang on the seed")
    raise AssertionError(
        f"{told} in a process of another PYTHONHASHSEED, and nothing where that is the same: hash() of a text decides, "
        "or the order of a set"
    )


def seeds(trial: MethodTrial) -> str:
    """Return how another seed shows; raise ``AssertionError`` where chance does not hang on it."""
    plain, other = trial.plain, trial.behind_another[0]
    if difference(plain, other):
        return f"{number_changed(plain.scores, other.scores)} of {len(plain.scores)} answers have other scores"
    assert trial.is_system, "another seed changes nothing, neither the initial weights nor the order of the batches"
    reading = ReadingOrder()
    trial.watch(reading.watched)
    # An order that follows from the dialogues' content, as a curriculum's does, does not hang on chance.
    assert not reading.keeps_changing() or not by_position(trial, reading), (
        "it shuffles its training data, and another seed shuffles them alike"
    )
    return "another seed changes nothing: it draws on no chance"


def neighbours(trial: MethodTrial) -> str:
    """Return how many answers were compared; raise ``AssertionError`` where one depends on who else is asked."""
    together = trial.plain
    alone = trial.run(change=second_half_backwards)
    what = distant(together, alone, alone.scores)
    if what:
        insist_steady(trial)
        raise AssertionError(
            f"{what} when the first half of test is not there and the other one comes in the opposite order: "
            "statistics of what is asked, or learning while answering"
        )
    return f"{len(alone.scores)} answers, {_BUT_ROUNDING}{trial.caveat}"


def future(trial: MethodTrial) -> str:
    """Return how many answers were compared; raise ``AssertionError`` where one depends on later turns."""
    if trial.plain.record["sees_future"]:
        raise NotApplicableError("it declares sees_future: tables mark it")
    kept = kept_turns(trial.splits)
    earlier = [key for key in trial.plain.scores if key[1] < kept[key[0]]]
    what = distant(trial.plain, trial.run(change=future_changed), earlier)
    if what:
        insist_steady(trial)
        _insist_on_one_dialogue(trial)
        raise AssertionError(f"{what} when later turns are changed; if it may, declare sees_future")
    return f"{len(earlier)} answers, {_BUT_ROUNDING}{trial.caveat}"


def _insist_on_one_dialogue(trial: MethodTrial) -> None:
    alone = trial.run(change=second_half_backwards)
    if distant(trial.plain, alone, alone.scores):
        raise NotApplicableError(
            "its answers depend on other dialogues of test already, whose turns are changed, too: see the check "
            "`test neighbours`"
        )


def earlier_cells(trial: MethodTrial) -> str:
    """Return the extent of the comparison in words; raise ``AssertionError`` where an earlier cell leaves a trace."""
    what = difference(trial.plain, trial.behind_another[1])
    if what:
        insist_steady(trial)
        raise AssertionError(f"a cell of another seed before it changes {what}")
    return f"{len(trial.plain.scores)} answers and all dev scores {_TO_THE_LAST_DIGIT}"


def chosen_epoch(trial: MethodTrial) -> str:
    """Return the score of the chosen epoch; raise ``AssertionError`` where the readout has another one."""
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
    assert abs(told - found) < ROUNDING, (
        f"epoch {epoch} of {len(record['epochs'])} was chosen with {told:.2f} on dev, "
        f"and what is read out has {found:.2f}: its state was not restored"
    )
    return f"epoch {epoch} of {len(record['epochs'])}: {told:.2f} on dev, then and when it is read out"


def _dev_scores(record: Mapping[str, Any], epoch: int) -> tuple[Any, Any]:
    return record["epochs"][epoch - 1]["dev"], record["metrics"]["dev"]


def _headline(answers: CellAnswers) -> tuple[str, float, float]:
    """Return the name of the headline metric, the score on test, and the floor that one answer everywhere sets."""
    metric = answers.record["headline_metric"]
    return METRIC_WORDS[metric], answers.record["metrics"]["test"][metric], answers.record["floor"][metric]
