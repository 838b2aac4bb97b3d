"""Turns out of order, dialogues in two splits, equal splits: warned of, with the first of them."""

import pytest

from erc_bench.contracts.types import Dialogue, Splits, Utterance
from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.doubtful_splits import warnings
from erc_bench.corpora.verify import verify


def talk(name, *texts, ids=None):
    ids = ids or [str(position) for position in range(len(texts))]
    return Dialogue(
        name, tuple(Utterance("A", text, "calm", True, id=own) for text, own in zip(texts, ids, strict=True))
    )


def splits(train=None, dev=None, test=None):
    return Splits(
        train or (talk("0", "one", "two"),), dev or (talk("0", "three", "four"),), test or (talk("0", "five", "six"),)
    )


def test_splits_as_they_should_be(chatter):
    assert warnings(chatter, splits()) == []


@pytest.mark.parametrize("ids", [("0", "2", "1"), ("s1_u09", "s1_u10", "s1_u08"), ("10", "9", "11")])
def test_turns_whose_numbers_fall_are_out_of_order(chatter, ids):
    (line,) = warnings(chatter, splits(dev=(talk("7", "a", "b"), talk("8", "c", "d", "e", ids=ids))))
    assert line.startswith("turns of 1 of 2 dialogues in dev are out of order")
    assert "first in dialogue 8:" in line


@pytest.mark.parametrize("ids", [("2", "5", "9"), ("9", "10", "11"), ("b", "a", "c"), ("x2", "y1", "x3"), ("", "", "")])
def test_gaps_are_in_order_and_names_that_are_not_numbered_alike_say_nothing(chatter, ids):
    assert warnings(chatter, splits(dev=(talk("8", "c", "d", "e", ids=ids),))) == []


def test_a_dialogue_of_two_splits_is_named(chatter):
    found = warnings(chatter, splits(test=(talk("3", "five", "six"), talk("4", "One!", "TWO"))))
    assert found == ["1 dialogues of test are in train as well, first dialogue 4"]


def test_what_the_published_corpus_shares_is_no_warning(chatter):
    known = type("Known", (chatter,), {"known_repeats": {"test in train": 1}})
    assert warnings(known, splits(test=(talk("3", "five", "six"), talk("4", "one", "two")))) == []
    more = (talk("3", "five", "six"), talk("4", "one", "two"), talk("5", "one", "two"))
    assert warnings(known, splits(test=more)) == [
        "2 dialogues of test are in train as well, first dialogue 4, 1 of them in the published corpus"
    ]


def test_a_turn_that_is_said_alone_is_said_everywhere(chatter):
    assert warnings(chatter, splits(train=(talk("0", "yes"), talk("1", "a", "b")), test=(talk("0", "yes"),))) == []


def test_equal_splits_are_named_whatever_their_order(chatter):
    dev, test = (talk("0", "a", "b"), talk("1", "yes")), (talk("0", "yes"), talk("1", "a", "b"))
    assert warnings(chatter, splits(dev=dev, test=test)) == ["dev and test hold the same dialogues"]


def test_the_corpus_and_its_verification_carry_them(chatter, write_chatter):
    root = write_chatter(dev="A:calm:so|B:loud:well")
    line = "dev and test hold the same dialogues"
    assert load_corpus(chatter(), root).warnings == (line,)
    assert verify(chatter, root).warnings == (line,)
