"""Answers that a prompted model writes: labels where one stands there, none elsewhere."""

import numpy as np
import pytest

import erc_bench.api as erc
from erc_bench.contracts.types import seal
from erc_bench.testing.tiny import tiny_generative
from erc_bench_plugins.systems.language_models import written_answer
from erc_bench_plugins.systems.language_models.written_answer import WrittenAnswer

LABELS, WORDS = ("pos", "neg"), ("joy", "sadness")


def dialogues(number):
    lines = ["We won!", "He left me.", "The phone rang."]
    turns = tuple(erc.Utterance("AB"[i % 2], line, LABELS[i % 2], scored=True) for i, line in enumerate(lines))
    return [erc.Dialogue(f"d{each}", turns) for each in range(number)]


def context():
    return erc.SystemContext(LABELS, WORDS, language_model=lambda precision: tiny_generative())


@pytest.fixture
def fitted():
    system = WrittenAnswer(WrittenAnswer.Options(longest=3, shots=1))
    system.fit(dialogues(3), dialogues(1), context())
    return system


@pytest.fixture
def says(monkeypatch):
    """Let the model write what it is told."""

    def say(*texts):
        told = iter(texts)
        monkeypatch.setattr(written_answer, "written", lambda loaded, prompts, *_: [next(told) for _ in prompts])

    return say


def test_a_label_scores_one_and_no_label_is_no_answer(fitted, says):
    says("Sadness.", "I cannot say", "joy and sadness")
    answers = fitted.predict(seal(dialogues(1)))
    np.testing.assert_array_equal(answers["d0", 0], [0, 1])
    assert answers["d0", 1] is None
    np.testing.assert_array_equal(answers["d0", 2], [1, 0])
    facts = fitted.facts()
    assert facts["answers"] == {"read": 3, "without_label": 1}
    assert facts["answers_without_label"] == {"I cannot say": 1}
    assert facts["demonstrations"] == [list(shown) for shown in facts["demonstrations"]]


def test_the_model_is_asked_with_the_prompts(fitted):
    answers = fitted.predict(seal(dialogues(2)))
    assert answers.keys() == {(f"d{dialogue}", turn) for dialogue in range(2) for turn in range(3)}
    assert fitted.facts()["answers"]["read"] == 6


def test_a_saved_one_answers_alike(fitted, tmp_path):
    fitted.save(tmp_path)
    again = WrittenAnswer(fitted.options)
    again.load(tmp_path, context())
    asked = seal(dialogues(2))
    first, second = fitted.predict(asked), again.predict(asked)
    assert {key: None if row is None else row.tolist() for key, row in first.items()} == {
        key: None if row is None else row.tolist() for key, row in second.items()
    }
