"""Speakers are shuffled within their dialogue, the same way for everybody, and nothing else changes."""

import hashlib
import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.contracts.types import Dialogue, Utterance, gold_labels
from erc_bench.corpora.shown_dialogues import DialogueOptions, part_of_train, shown
from erc_bench.errors import ErcBenchError

GIVEN, SHUFFLED = DialogueOptions(), DialogueOptions("shuffled")
DIALOGUES = tuple(
    Dialogue(
        f"d{number}",
        tuple(
            Utterance(speaker, f"text {place}", f"label {place}", place % 2 == 0) for place, speaker in enumerate(said)
        ),
        "improvised",
    )
    for number, said in enumerate(["ABCABCAB", "AABB", "A", "ABACADAEAF"])
)


def speakers(dialogue):
    return [utterance.speaker for utterance in dialogue.utterances]


def without_speakers(dialogue):
    return replace(dialogue, utterances=tuple(replace(turn, speaker="") for turn in dialogue.utterances))


def test_given_speakers_stay():
    assert shown(DIALOGUES, "meld", GIVEN) == DIALOGUES


def test_shuffled_ones_are_those_of_the_dialogue_and_nothing_else_changes():
    changed = shown(DIALOGUES, "meld", SHUFFLED)
    assert [sorted(speakers(one)) for one in changed] == [sorted(speakers(one)) for one in DIALOGUES]
    assert speakers(changed[0]) != speakers(DIALOGUES[0])
    assert speakers(changed[3]) != speakers(DIALOGUES[3])
    assert list(map(without_speakers, changed)) == list(map(without_speakers, DIALOGUES))
    assert gold_labels(changed) == gold_labels(DIALOGUES)


def test_the_order_hangs_on_dataset_and_dialogue_alone():
    alone = [shown([dialogue], "meld", SHUFFLED)[0] for dialogue in reversed(DIALOGUES)]
    assert tuple(reversed(alone)) == shown(DIALOGUES, "meld", SHUFFLED)
    assert shown(DIALOGUES, "iemocap", SHUFFLED) != shown(DIALOGUES, "meld", SHUFFLED)
    renamed = replace(DIALOGUES[3], id="another")
    assert speakers(shown([renamed], "meld", SHUFFLED)[0]) != speakers(shown([DIALOGUES[3]], "meld", SHUFFLED)[0])


def test_the_stream_is_the_documented_one():
    digest = hashlib.sha256(json.dumps(["speakers", "meld", "d3"]).encode()).digest()
    expected = list("ABACADAEAF")
    Random(int.from_bytes(digest[:8], "big")).shuffle(expected)
    assert speakers(shown(DIALOGUES, "meld", SHUFFLED)[3]) == expected


@given(st.text("ABC", min_size=1, max_size=12), st.text(max_size=8))
def test_any_dialogue_keeps_its_speakers(said, name):
    dialogue = Dialogue(name, tuple(Utterance(speaker, "text") for speaker in said))
    assert sorted(speakers(shown([dialogue], "meld", SHUFFLED)[0])) == sorted(said)


@pytest.mark.parametrize("places", [3, 4])
def test_every_order_is_as_likely(places):
    said = "ABCD"[:places]
    many = [Dialogue(str(n), tuple(Utterance(speaker, "text") for speaker in said)) for n in range(2400)]
    orders = ["".join(speakers(dialogue)) for dialogue in shown(many, "meld", SHUFFLED)]
    expected = 2400 / {3: 6, 4: 24}[places]
    assert len(set(orders)) == {3: 6, 4: 24}[places]
    assert all(abs(orders.count(order) - expected) < 5 * expected**0.5 for order in set(orders))


def numbered(number):
    return tuple(Dialogue(f"d{each}", ()) for each in range(number))


def test_all_of_train_is_shown_unless_a_part_is_asked_for():
    assert part_of_train(DIALOGUES, "meld", GIVEN) == DIALOGUES


@given(st.integers(1, 30))
def test_a_part_of_train_is_in_order_and_within_every_larger_one(size):
    dialogues = numbered(30)
    part = part_of_train(dialogues, "meld", DialogueOptions(train=size))
    assert len(part) == size
    assert list(part) == [dialogue for dialogue in dialogues if dialogue in part]
    assert set(part) <= set(part_of_train(dialogues, "meld", DialogueOptions(train=min(30, size + 3))))


def test_the_part_is_the_one_with_the_smallest_digests_whatever_the_order_of_train():
    dialogues = numbered(9)
    first = min(dialogues, key=lambda each: hashlib.sha256(json.dumps(["train", "meld", each.id]).encode()).digest())
    assert part_of_train(dialogues, "meld", DialogueOptions(train=1)) == (first,)
    assert part_of_train(dialogues[::-1], "meld", DialogueOptions(train=1)) == (first,)
    parts = {part_of_train(dialogues, dataset, DialogueOptions(train=3)) for dataset in ("meld", "emorynlp", "a", "b")}
    assert len(parts) > 1


def test_more_than_there_are_is_refused():
    with pytest.raises(ErcBenchError, match=r"dialogues.train=5, and train of meld has 4 dialogues"):
        part_of_train(DIALOGUES, "meld", DialogueOptions(train=5))
