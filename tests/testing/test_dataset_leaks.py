"""Corpora that give labels away, each in the way that its function names, are caught; honest ones are not."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

import erc_bench.api as erc
from erc_bench.testing.datasets.copies import COPY_CHECKS
from erc_bench.testing.datasets.cues import CUE_CHECKS
from erc_bench.testing.datasets.dialogue_checks import CONTENT_CHECKS
from erc_bench.testing.datasets.read_dataset import DatasetTrial
from erc_bench.testing.datasets.sequence import SEQUENCE_CHECKS
from erc_bench.testing.findings import run_checks

LABELS = ("neutral", "joy", "sadness", "anger")
WORDS = {"neutral": "phone desk table", "joy": "nice glad sun", "sadness": "tears rain lost", "anger": "damn stop hate"}
CHECKS = (*CONTENT_CHECKS, *COPY_CHECKS, *CUE_CHECKS, *SEQUENCE_CHECKS)


def dialogues(name, number, seed):
    chance = random.Random(seed)

    def turn(position, label):
        words = [chance.choice((WORDS[label] + " the a my your this that when").split()) for _ in range(8)]
        return erc.Utterance(chance.choice("AB"), " ".join(words), label, True, str(position))

    return tuple(
        erc.Dialogue(f"{name}{index}", tuple(turn(*each) for each in enumerate(chance.choices(LABELS, k=6))))
        for index in range(number)
    )


def honest():
    return erc.Splits(dialogues("a", 60, 1), dialogues("b", 12, 2), dialogues("c", 24, 3))


def every(change, splits=("train", "dev", "test")):
    """Return the corpus with its dialogues changed."""
    corpus = honest()
    return replace(corpus, **{split: tuple(map(change, getattr(corpus, split))) for split in splits})


def turns(change):
    """Return the corpus with its turns changed."""
    return every(lambda each: replace(each, utterances=tuple(map(change, each.utterances))))


def index_in_the_text():
    return turns(lambda turn: replace(turn, text=f"{turn.text} {LABELS.index(turn.label)}"))


def points_by_class():
    return turns(lambda turn: replace(turn, text=turn.text + " ." * LABELS.index(turn.label)))


def class_in_the_speaker():
    return turns(lambda turn: replace(turn, speaker=f"{turn.speaker}{LABELS.index(turn.label)}"))


def class_in_the_utterance_id():
    return turns(lambda turn: replace(turn, id=f"{turn.label}-{turn.id}"))


def initials_in_the_dialogue_id():
    return every(lambda each: replace(each, id=each.id + "".join(turn.label[0] for turn in each.utterances)))


def next_label_in_the_text():
    def change(each):
        own = zip(each.utterances, each.utterances[1:], strict=False)
        told = [replace(one, text=f"{one.text} {other.label[::-1]}") for one, other in own]
        return replace(each, utterances=(*told, each.utterances[-1]))

    return every(change)


def turns_sorted_by_label():
    return every(lambda each: replace(each, utterances=tuple(sorted(each.utterances, key=lambda turn: turn.label))))


def split_sorted_by_label():
    corpus = honest()
    alone = sorted((turn for each in corpus.test for turn in each.utterances), key=lambda turn: turn.label)
    return replace(corpus, test=tuple(erc.Dialogue(f"c{place}", (turn,)) for place, turn in enumerate(alone)))


def hard_class_unscored_in_test():
    def change(each):
        own = tuple(replace(turn, scored=turn.label != "anger") for turn in each.utterances)
        return replace(each, utterances=own)

    return every(change, ("test",))


def hard_class_unlabelled_in_test():
    def change(turn):
        return replace(turn, label=None, scored=False) if turn.label == "anger" else turn

    return every(lambda each: replace(each, utterances=tuple(map(change, each.utterances))), ("test",))


def turns_twice():
    def change(each):
        own = enumerate(each.utterances)
        return replace(each, utterances=tuple(turn for place, turn in own for _ in range(1 + (place % 3 == 2))))

    return every(change)


def parts_of_train_in_test():
    corpus = honest()
    parts = (replace(each, id=f"c{each.id}", utterances=each.utterances[:4]) for each in corpus.train[:15])
    return replace(corpus, test=tuple(parts))


def near_copies_of_train_in_test():
    corpus = honest()

    def near(each):
        last = each.utterances[-1]
        return replace(each, utterances=(*each.utterances[:-1], replace(last, text=f"{last.text} indeed")))

    return replace(corpus, test=tuple(map(near, corpus.train[:15])))


def alone():
    """Return the honest corpus as dialogues of one turn, each by another speaker."""
    corpus = honest()

    def apart(split):
        return tuple(
            erc.Dialogue(f"{each.id}-{place}", (replace(turn, speaker=f"S{each.id}{place}"),))
            for each in getattr(corpus, split)
            for place, turn in enumerate(each.utterances)
        )

    return erc.Splits(apart("train"), apart("dev"), apart("test"))


def segments():
    """Return dialogues that are labelled piece by piece: each label has one run, in no particular order."""

    def change(each):
        labels = random.Random(each.id).sample(LABELS, 2)
        own = tuple(replace(turn, label=labels[place // 3]) for place, turn in enumerate(each.utterances))
        return replace(each, utterances=own)

    return every(change)


def nameless():
    return turns(lambda turn: replace(turn, speaker="Speaker"))


def found(make, known_repeats=None):
    class Made(erc.Dataset):
        """Made here."""

        name = "made"
        labels = LABELS

        def load(self, folder):
            return make()

    Made.known_repeats = known_repeats or {}
    return {each.name: each for each in run_checks(CHECKS, DatasetTrial(Made, Path(__file__).parent, None, ""))}


@pytest.mark.parametrize(
    ("make", "check", "sentence"),
    [
        (index_in_the_text, "cues", "the last word alone tells the label of 72 of 72 turns of dev"),
        (points_by_class, "cues", "the punctuation at the end alone tells the label of 72 of 72"),
        (class_in_the_speaker, "cues", "the speaker alone tells"),
        (class_in_the_utterance_id, "cues", "part 1 of the id of the utterance alone tells"),
        (initials_in_the_dialogue_id, "cues", "the letter of the dialogue's id for the turn"),
        (next_label_in_the_text, "cues", "the last word of the turn before alone tells the label of 60 of 60 turns of"),
        (turns_sorted_by_label, "label order", "train split: in 60 of 60 dialogues the turns stand in the order of"),
        (split_sorted_by_label, "label order", "test split: dialogues stand in the order of their labels"),
        (hard_class_unscored_in_test, "scored classes", "test split: 0 turns of the class 'anger' are scored"),
        (hard_class_unlabelled_in_test, "scored classes", "test split: 0 turns of the class 'anger' are scored"),
        (turns_twice, "duplicates", "120 of 420 turns say again, word for word, what the same speaker has just said"),
        (parts_of_train_in_test, "disjoint splits", "45 of 45 passages of test (two turns in a row) stand word for"),
        (near_copies_of_train_in_test, "disjoint splits", "60 of 75 passages of test (two turns in a row) stand word"),
    ],
)
def test_what_gives_labels_away_is_named(make, check, sentence):
    findings = found(make)
    assert {name for name, each in findings.items() if each.outcome == "failed"} == {check}
    assert sentence in findings[check].measured


@pytest.mark.parametrize("make", [honest, alone, segments, nameless])
def test_an_honest_corpus_passes(make):
    findings = found(make)
    assert {name: each.measured for name, each in findings.items() if each.outcome == "failed"} == {}
    assert findings["cues"].measured.startswith("of what '")
    assert (findings["speakers"].outcome == "skipped") == (make is nameless)


def test_copies_that_are_known_are_no_fault():
    def copied():
        corpus = honest()
        return replace(corpus, test=tuple(replace(each, id=f"c{each.id}") for each in corpus.train[:15]))

    assert found(copied)["disjoint splits"].outcome == "failed"
    told = found(copied, {"test in train": 15})["disjoint splits"]
    assert told.outcome == "passed"
    assert told.measured.endswith(
        "; dev: 0 of 72 longer utterances and 0% of passages in train; "
        "test: 90 of 90 longer utterances and 100% of passages in train"
    )
