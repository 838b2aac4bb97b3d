"""Demonstrations: of train, drawn by the seed, whatever order train comes in."""

import random
from collections import Counter

import pytest

import erc_bench.api as erc
from erc_bench_plugins.systems.language_models.demonstrations import demonstrations

LABELS, WORDS = ("a", "b", "c"), ("anger", "boredom", "calm")


def context(seed=1):
    return erc.SystemContext(LABELS, WORDS, seed=seed)


@pytest.fixture
def train():
    """Twelve dialogues of four turns, most of them of one label; the second turn of each is not scored."""
    rng = random.Random(3)
    return [
        erc.Dialogue(
            f"d{number}",
            tuple(
                erc.Utterance("Ann", f"{number} {turn}", rng.choice("aaaabc") if turn != 1 else None, scored=turn != 1)
                for turn in range(4)
            ),
        )
        for number in range(12)
    ]


def drawn(train, choice="seeded", number=5, seed=1):
    return demonstrations(train, choice, number, 2, context(seed)).fixed


@pytest.mark.parametrize("choice", ["seeded", "balanced"])
def test_they_are_labelled_turns_of_train(train, choice):
    by_id = {dialogue.id: dialogue for dialogue in train}
    words = dict(zip(LABELS, WORDS, strict=True))
    shown = drawn(train, choice)
    assert len(shown) == 5
    for each in shown:
        turn = by_id[each.dialogue_id].utterances[each.position]
        assert turn.scored
        assert each.answer == words[turn.label]
        assert each.turns[-1][1] == turn.text
        assert len(each.turns) == min(each.position, 2) + 1
    assert len({(each.dialogue_id, each.position) for each in shown}) == 5


@pytest.mark.parametrize("choice", ["seeded", "balanced"])
def test_the_seed_draws_them_and_the_order_of_train_does_not(train, choice):
    turned = list(reversed(train))
    assert drawn(train, choice) == drawn(turned, choice)
    assert any(drawn(train, choice) != drawn(train, choice, seed=seed) for seed in range(2, 6))


@pytest.mark.parametrize("seed", range(5))
def test_balanced_ones_have_each_label_before_one_twice(train, seed):
    assert set(Counter(each.answer for each in drawn(train, "balanced", 3, seed)).values()) == {1}
    assert max(Counter(each.answer for each in drawn(train, "balanced", 5, seed)).values()) == 2


def test_a_dialogue_comes_twice_only_when_there_is_no_other(train):
    assert len({each.dialogue_id for each in drawn(train, number=12)}) == 12
    assert len({each.dialogue_id for each in drawn(train, number=14)}) == 12


def test_a_label_that_train_lacks_is_passed_over(train):
    only = [
        erc.Dialogue(each.id, tuple(erc.Utterance("Ann", turn.text, "a", scored=True) for turn in each.utterances))
        for each in train
    ]
    assert {each.answer for each in drawn(only, "balanced", 4)} == {"anger"}


def test_too_few_turns_are_an_error(train):
    with pytest.raises(erc.ErcBenchError, match="train has 36 labelled turns, too few for 37 demonstrations"):
        drawn(train, number=37)


def test_none_are_none(train):
    assert drawn(train, number=0) == []


def test_the_nearest_are_shown_with_the_nearest_last(train):
    found = demonstrations(train, "nearest", 3, 2, context())
    labelled = [turn.text for dialogue in train for turn in dialogue.utterances if turn.scored]
    assert sorted(shown.turns[-1][1] for shown in found.pool) == sorted(labelled)
    shown = found.of("what of 11 3")
    assert shown[-1].turns[-1][1] == "11 3"
    assert len(shown) == 3
    # "11" is in four turns of one dialogue, "3" in one of each.
    assert {each.dialogue_id for each in shown} == {"d11"}
    assert found.of("11 3") == demonstrations(list(reversed(train)), "nearest", 3, 2, context(9)).of("11 3")


def test_without_shots_nothing_is_near(train):
    found = demonstrations(train, "nearest", 0, 2, context())
    assert (found.fixed, found.pool, found.of("11 3")) == ([], [], [])
