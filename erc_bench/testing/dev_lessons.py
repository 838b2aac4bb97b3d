"""Whether a method learns from dev instead of train."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random

from erc_bench.contracts.types import Dialogue, Splits, Utterance
from erc_bench.testing.answer_differences import insist_steady
from erc_bench.testing.corpus import SmallCorpus
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.method_cells import MethodTrial

_LESSONS = (("window", "copper", "seven"), ("ladder", "planet", "eleven"))
"""Words that train has not. A turn of dev or of test has those of one kind, and so has its whole dialogue."""
_TURNS = 6
_SIZE = 4
"""Dev has so many times the dialogues that it had: as many as train, so that who trains on it learns from it."""
_MEANINGS = ("anger", "sadness")
"""Rare in train, so that no prior gives them."""
_OF_TEST = ("joy", "neutral")
"""Labels that dev never gives: reading the labels of test is the subject of another check."""
_LEARNT = 0.9
"""Share of the answers that follow dev, and then turn to the opposite when dev does.

Whoever chooses on dev (an epoch, a temperature, a threshold or a bias for each label) can give one kind of words the
one label or the other, but not each kind its own label both times: that makes half of the answers, in the mean.
A weight for each label, fitted on dev, comes to two thirds; a classifier that is trained on dev, to all.
"""


def dev_unlearnt(trial: MethodTrial) -> str:
    """Return how many answers follow dev; raise ``AssertionError`` where they do so whatever dev says."""
    _ = trial.plain
    first = _share(trial, _MEANINGS)
    if first < _LEARNT:
        return f"{first:.0%} of the answers give words the label that they have in dev alone"
    second = _share(trial, _MEANINGS[::-1])
    if second >= _LEARNT:
        insist_steady(trial)
    assert second < _LEARNT, (
        f"it learns from dev: {first:.0%} of the answers give words the label that they have in dev alone, and when "
        f"dev says the opposite, {second:.0%} do so again"
    )
    return f"{first:.0%} of the answers give words the label of dev, and {second:.0%} when dev says the opposite"


def _share(trial: MethodTrial, meanings: tuple[str, str]) -> float:
    """Return how many answers to test give the words of a dialogue the label that dev gives them."""
    try:
        answers = trial.run(change=partial(taught_by_dev, meanings=meanings))
    except AssertionError as failure:
        raise NotApplicableError(f"it cannot answer for words that train has not: {failure}") from failure
    expected = {key: SmallCorpus.labels.index(meanings[_kind(int(key[0]))]) for key in answers.scores}
    given = {key: max(range(len(scores)), key=scores.__getitem__) for key, scores in answers.scores.items()}
    return sum(given[key] == label for key, label in expected.items()) / len(expected)


def taught_by_dev(splits: Splits, meanings: tuple[str, str]) -> Splits:
    """Return the corpus in which dev and test speak in words that train has not, and dev gives them ``meanings``."""
    dev = (_dialogue(number, meanings, 1) for number in range(_SIZE * len(splits.dev)))
    test = (_dialogue(number, _OF_TEST, 2) for number in range(len(splits.test)))
    return replace(splits, dev=tuple(dev), test=tuple(test))


def _dialogue(number: int, meanings: tuple[str, str], seed: int) -> Dialogue:
    rng = Random(f"{seed} {number}")
    kind = _kind(number)
    turns = (" ".join(rng.sample(_LESSONS[kind], len(_LESSONS[kind]))) for _ in range(_TURNS))
    said = (Utterance("Ann", text, meanings[kind], True, str(place)) for place, text in enumerate(turns))
    return Dialogue(str(number), tuple(said))


def _kind(number: int) -> int:
    return number % len(_LESSONS)
