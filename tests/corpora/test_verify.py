import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import erc_bench.api as erc
from erc_bench.contracts.types import Dialogue, Splits, Utterance
from erc_bench.corpora.verify import Repeats, overlap, repeats, verify
from erc_bench.errors import ErcBenchError


def talk(*texts, name="0", part=""):
    return Dialogue(name, tuple(Utterance("A", text, "calm", True) for text in texts), slice=part)


def test_a_corpus_as_it_should_be(chatter, write_chatter):
    root = write_chatter()
    verification = verify(chatter, root)
    assert verification.passed
    assert (verification.dataset, verification.layout, verification.folder) == (
        "chatter",
        "tidy",
        root / "chatter/tidy",
    )
    assert [file.state for file in verification.files] == ["no digest on record"] * 3
    train = verification.splits[0]
    assert train.expected == train.found
    assert train.classes == {"calm": 1, "loud": 1}
    assert train.empty == ()


def test_other_counts_do_not_pass(chatter, write_chatter):
    verification = verify(chatter, write_chatter(train="A:calm:hello|B:loud:hey\nA:calm:and more"))
    assert not verification.passed
    assert [split.as_expected for split in verification.splits] == [False, True, True]


def test_an_utterance_without_text_is_named(chatter, write_chatter):
    verification = verify(chatter, write_chatter(dev="A:calm:yes|B:loud: "))
    assert verification.passed
    assert verification.splits[1].empty == ("0, utterance 1",)


def test_a_missing_corpus_is_an_error(chatter, tmp_path):
    with pytest.raises(ErcBenchError, match="files are missing"):
        verify(chatter, tmp_path)


def test_files_are_compared_with_their_digests(chatter, write_chatter):
    root = write_chatter()
    content = (root / "chatter/tidy/train.txt").read_bytes()
    blob = hashlib.sha1(b"blob %d\0%s" % (len(content), content)).hexdigest()

    class Checked(chatter):
        """Made up."""

        layouts = (
            erc.Layout(
                "tidy",
                (
                    erc.DataFile("train.txt", git_blob=blob),
                    erc.DataFile("dev.txt", sha256="0" * 64),
                    erc.DataFile("test.txt"),
                ),
                folder="tidy",
            ),
        )

    verification = verify(Checked, root)
    assert [file.state for file in verification.files] == ["ok", "differs", "no digest on record"]
    assert verification.files[1].found == "sha256:" + hashlib.sha256(b"A:calm:yes|B:loud:no").hexdigest()
    assert not verification.passed


def test_digests_tell_layouts_of_the_same_file_names_apart(chatter, write_chatter):
    root = write_chatter("chatter")
    right = tuple(
        erc.DataFile(f"{name}.txt", sha256=hashlib.sha256((root / f"chatter/{name}.txt").read_bytes()).hexdigest())
        for name in ("train", "dev", "test")
    )
    wrong = tuple(erc.DataFile(file.path, sha256="0" * 64) for file in right)

    class Twofold(chatter):
        """Made up."""

        layouts = (erc.Layout("one", wrong, folder="one"), erc.Layout("two", right, folder="two"))

    verification = verify(Twofold, root)
    assert verification.layout == "two"
    assert verification.passed


def test_repetitions_within_a_split():
    dialogues = [talk("Hello!", "so many words in one turn", name=str(i)) for i in range(3)]
    assert repeats(dialogues) == Repeats(dialogues=2, long_utterances=2)
    assert repeats([talk("Okay."), talk("Okay.", name="1")]) == Repeats(0, 0)


def test_overlap_ignores_case_punctuation_and_white_space():
    splits = Splits(
        train=(talk("Good morning , sir .", "How do you do today , my friend ?"),),
        dev=(talk("good morning, SIR", "How do you do today my friend"),),
        test=(talk("Something else"),),
    )
    dev_in_train, test_in_train, test_in_dev = overlap(splits)
    assert (dev_in_train.dialogues, dev_in_train.utterances) == (1, 2)
    assert (dev_in_train.long_utterances, dev_in_train.all_long_utterances) == (1, 1)
    assert (dev_in_train.four_grams, dev_in_train.all_four_grams) == (4, 4)
    assert (test_in_train.dialogues, test_in_train.utterances, test_in_train.four_grams) == (0, 0, 0)
    assert (test_in_dev.earlier, test_in_dev.later) == ("dev", "test")


def test_a_dialogue_of_one_turn_is_no_repeated_dialogue():
    splits = Splits((talk("Okay."),), (talk("Okay."),), (talk("Okay."),))
    assert [(found.dialogues, found.utterances) for found in overlap(splits)] == [(0, 1)] * 3


def test_turns_of_a_dialogue_are_not_run_together():
    splits = Splits((talk("one two", "three"),), (talk("one", "two three"),), (talk("x"),))
    assert overlap(splits)[0].dialogues == 0


def test_slices_are_compared_apart():
    splits = Splits(
        train=(talk("we say these very same words", part="scripted"),),
        dev=(
            talk("we say these very same words", name="0", part="scripted"),
            talk("but nobody wrote down this one", name="1", part="improvised"),
        ),
        test=(talk("and this is for the test"),),
    )
    by_slice = {found.slice: found for found in overlap(splits) if found.later == "dev"}
    assert (by_slice["scripted"].four_grams, by_slice["scripted"].all_four_grams) == (3, 3)
    assert (by_slice["improvised"].four_grams, by_slice["improvised"].all_four_grams) == (0, 3)


texts = st.lists(st.text("ab ,.", max_size=12), min_size=1, max_size=5)


@given(st.lists(texts, min_size=1, max_size=4), st.lists(texts, min_size=1, max_size=4))
def test_overlap_agrees_with_an_obvious_loop(earlier, later):
    splits = Splits(
        train=tuple(talk(*turns, name=str(i)) for i, turns in enumerate(earlier)),
        dev=tuple(talk(*turns, name=str(i)) for i, turns in enumerate(later)),
        test=(talk("x"),),
    )
    found = overlap(splits)[0]
    known = [words_of(text) for turns in earlier for text in turns if words_of(text)]
    said = [words_of(text) for turns in later for text in turns if words_of(text)]
    joined = ["".join(words) for words in known]
    assert found.utterances == sum("".join(words) in joined for words in said)
    grams = distinct(said)
    assert found.all_four_grams == len(grams)
    assert found.four_grams == sum(gram in distinct(known) for gram in grams)


def words_of(text):
    return re.sub(r"[^a-z]", " ", text.lower()).split()


def distinct(utterances):
    grams = []
    for words in utterances:
        for start in range(len(words)):
            gram = words[start : start + 4]
            if len(gram) == 4 and gram not in grams:
                grams.append(gram)
    return grams


def test_the_digest_of_a_pattern_covers_names_and_contents(chatter, write_chatter):
    class Tree(chatter):
        """Made up."""

        layouts = (erc.Layout("tidy", (erc.DataFile("t*.txt"), erc.DataFile("dev.txt")), folder="tidy"),)

    root = write_chatter()
    folder = root / "chatter/tidy"
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in ("test.txt", "train.txt")
    ]
    many, one = verify(Tree, root).files
    assert (many.path, many.found) == (
        "t*.txt (2 files)",
        f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}",
    )
    assert one.path == "dev.txt"
    (folder / "two.txt").write_text("another", encoding="utf-8")
    assert verify(Tree, root).files[0].found != many.found
