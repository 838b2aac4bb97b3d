"""Labels found in what a model wrote."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench_plugins.systems.language_models.written_labels import WrittenLabels

WORDS = ("joy", "sad", "sadness", "not angry", "angry")


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("joy", "joy"),
        (" Joy.", "joy"),
        ("The emotion is SADNESS!", "sadness"),
        ("sad, or joy", "sad"),
        ("joyful", None),
        ("killjoy", None),
        ("", None),
        ("no idea", None),
        ("**angry**", "angry"),
        ("not angry", "not angry"),
        ("I am\nangry", "angry"),
        ("_joy_", "joy"),
        ("__Sadness__.", "sadness"),
        ("not\n angry", "not angry"),
        ("joy2", None),
        ("<think>Not sad at all.</think> joy", "joy"),
        ("<think>sad?</think>\n<think>\nangry?\n</think>joy, not sad", "joy"),
        ("<think>It may be sad, and", None),
    ],
)
def test_the_first_word_that_stands_there_whole(answer, label):
    place = WrittenLabels(WORDS).place(answer)
    assert (None if place is None else WORDS[place]) == label


@pytest.mark.parametrize(
    ("word", "answer"),
    [("\u00c4rger", "A\u0308RGER"), ("i\u0307yi\u0307", "\u0130Y\u0130"), ("stra\u00dfe", "STRASSE")],
)
def test_the_same_letters_are_the_same_however_they_are_coded(word, answer):
    assert WrittenLabels(("no", word)).place(answer) == 1
    assert WrittenLabels(("no", answer)).place(word) == 1


@pytest.mark.parametrize("word", ["c++", "a|b", "(x)", ".*"])
def test_signs_in_a_label_stand_for_themselves(word):
    assert WrittenLabels((word, "no")).place(f"It is {word}, no?") == 0
    assert WrittenLabels((word,)).place("cc aab x anything") is None


def test_scores_are_one_for_the_label():
    labels = WrittenLabels(WORDS)
    np.testing.assert_array_equal(labels.scores("sad"), [0, 1, 0, 0, 0])
    assert labels.scores("what") is None


def test_answers_without_a_label_are_told_shortened():
    labels = WrittenLabels(WORDS)
    for answer in ("joy", "hm  hm", "hm\nhm", "x" * 200):
        labels.place(answer)
    assert labels.facts() == {
        "answers": {"read": 4, "without_label": 3},
        "answers_without_label": {"hm hm": 2, "x" * 40: 1},
    }


@given(st.text(), st.sampled_from(WORDS), st.text())
def test_an_answer_with_a_label_between_spaces_has_one(before, word, after):
    assert WrittenLabels(WORDS).place(f"{before} {word} {after}") is not None
