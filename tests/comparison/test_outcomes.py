"""Scores without each dialogue: those of a loop over them, found once for each outcome."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from erc_bench.comparison.outcomes import read_outcome, without_each
from erc_bench.store.predictions import read_answers
from erc_bench.store.reading import read_cell


@pytest.fixture
def outcome(store):
    return read_outcome(read_cell(store.add("ce", 1)), "weighted_f1")


def test_each_score_is_that_of_the_answers_without_one_dialogue(outcome):
    answers = read_answers(outcome.cell)
    expected = []
    for left_out in outcome.answered.utterances.dialogues:
        kept = [place for place, dialogue in enumerate(answers.dialogue_ids) if dialogue != left_out]
        gold, predicted = ([column[place] for place in kept] for column in (answers.gold, answers.predicted))
        expected.append(100 * f1_score(gold, predicted, average="weighted"))
    assert without_each(outcome, "weighted_f1", "dialogue") == pytest.approx(expected)


def test_they_are_found_once_for_each_metric_and_never_for_other_counts(outcome):
    first = without_each(outcome, "weighted_f1", "dialogue")
    assert without_each(outcome, "weighted_f1", "dialogue") is first
    assert not np.allclose(without_each(outcome, "accuracy", "dialogue"), first)
    part = replace(outcome, answered=outcome.answered.part(outcome.answered.utterances.position < 5))
    assert without_each(part, "weighted_f1", "dialogue").shape == (5,)
    assert part.total.sum() < outcome.total.sum() == len(read_answers(outcome.cell).gold)
