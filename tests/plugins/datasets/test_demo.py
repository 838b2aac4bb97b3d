import sys
from pathlib import Path

import pytest

from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.verify import verify
from erc_bench_plugins.datasets import demo
from erc_bench_plugins.datasets.demo import Demo

NOWHERE = Path("nowhere")


def generate(**options):
    return Demo(Demo.Options(**options)).load(NOWHERE)


def turns(splits):
    return [turn for _, dialogues in splits.items() for dialogue in dialogues for turn in dialogue.utterances]


def test_the_hook_brings_the_corpus():
    assert demo.erc_datasets() == [Demo]
    assert Demo.labels == ("neutral", "excited", "frustrated", "sad", "happy", "angry")
    assert Demo.suggested_settings == {"encoder.trainable": "none"}


def test_it_says_that_it_is_artificial():
    for text in (Demo.summary(), Demo.source, Demo.licence, Demo.obtain):
        assert "artificial" in text


def test_it_is_a_sound_corpus_and_needs_no_files(tmp_path):
    corpus = load_corpus(Demo(), tmp_path / "absent")
    assert corpus.folder is None
    assert [counts.dialogues for counts in corpus.counts.values()] == [150, 37, 50]
    assert set(Demo.labels) == {turn.label for turn in turns(corpus.splits)}
    assert all(turn.text and turn.speaker and turn.scored for turn in turns(corpus.splits))
    assert verify(Demo, tmp_path).passed


def test_one_seed_gives_one_corpus_and_another_another():
    assert generate(seed=3) == generate(seed=3)
    assert generate(seed=3) != generate(seed=4)


def test_no_dialogue_of_a_split_is_in_another():
    splits = generate(size=300)
    texts = [
        {tuple(turn.text for turn in dialogue.utterances) for dialogue in dialogues if len(dialogue.utterances) > 3}
        for _, dialogues in splits.items()
    ]
    assert not texts[0] & texts[1]
    assert not texts[0] & texts[2]


@pytest.mark.parametrize("size", [1, 2, 7, 90])
@pytest.mark.parametrize("length", [1, 2, 9])
def test_any_size(size, length):
    splits = generate(size=size, turns=length)
    assert [len(dialogues) for _, dialogues in splits.items()] == [size, max(1, size // 4), max(1, size // 3)]
    assert all(1 <= len(dialogue.utterances) <= 1.5 * length for dialogue in splits.train)


def test_the_mean_length_is_the_one_asked_for():
    lengths = [len(dialogue.utterances) for dialogue in generate(size=2000, turns=9).train]
    assert sum(lengths) / len(lengths) == pytest.approx(9, abs=0.3)


def test_a_larger_corpus_begins_like_a_smaller_one():
    assert generate(size=50).test == generate(size=200).test[: len(generate(size=50).test)]


def test_speakers_stay_in_their_emotion_more_often_with_inertia():
    assert share_that_stays(generate(inertia=0.95, size=200)) > 0.9
    assert share_that_stays(generate(inertia=0.0, size=200)) < 0.5


def share_that_stays(splits):
    stays, changes = 0, 0
    for dialogue in splits.train:
        last = {}
        for turn in dialogue.utterances:
            if turn.speaker in last:
                stays += last[turn.speaker] == turn.label
                changes += last[turn.speaker] != turn.label
            last[turn.speaker] = turn.label
    return stays / (stays + changes)


def phrases_by_label(splits):
    """Collect, for each label, what is said, without the opener before the first comma."""
    said = {label: set() for label in Demo.labels}
    for turn in turns(splits):
        said[turn.label].add(turn.text.split(", ", 1)[-1].lower())
    return said


def test_confusable_pairs_share_phrases_and_others_do_not():
    said = phrases_by_label(generate(size=2000, ambiguity=0.0))
    shared = {
        frozenset((one, other))
        for one in Demo.labels
        for other in Demo.labels
        if one != other and len(said[one] & said[other]) > 20
    }
    assert shared == {frozenset(("excited", "happy")), frozenset(("frustrated", "angry"))}


def test_without_blending_and_ambiguity_a_phrase_tells_its_emotion():
    said = phrases_by_label(generate(size=500, ambiguity=0.0, blend=0.0))
    assert sum(map(len, said.values())) == len(set.union(*said.values()))


def test_ambiguous_turns_are_said_in_every_emotion():
    said = phrases_by_label(generate(size=500, ambiguity=1.0))
    assert all(said[label] & said["neutral"] for label in Demo.labels)
    assert "okay." in set.intersection(*said.values())


def test_an_utterance_takes_as_many_calls_in_a_large_corpus_as_in_a_small_one():
    """About 30 calls of functions, which are microseconds: a hundred thousand utterances take seconds."""

    def calls(size):
        counted = 0

        def count(_frame, event, _argument):
            nonlocal counted
            counted += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            splits = generate(size=size)
        finally:
            sys.setprofile(before)
        return counted / len(turns(splits))

    small, large = calls(1000), calls(8000)
    assert large < 100
    assert large < 1.1 * small
