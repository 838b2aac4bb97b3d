import hashlib

import pytest

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.published import FileCheck, content_state, count_departures


def test_a_corpus_with_the_published_counts_departs_in_nothing(chatter, write_chatter):
    assert load_corpus(chatter(), write_chatter()).departures == ()


def test_a_split_with_other_counts_is_named_with_both(chatter, write_chatter):
    root = write_chatter(train="A:calm:hello|B:loud:hey\nA::and|B:calm:more|A:loud:still", test="A:calm:so|B::well")
    assert load_corpus(chatter(), root).departures == (
        "the train split holds 2 dialogues and 5 utterances (4 labelled)"
        " where the published corpus has 1 and 2 (2 labelled)",
        "the test split holds 1 dialogues and 2 utterances (1 labelled)"
        " where the published corpus has 1 and 2 (2 labelled)",
    )


@pytest.mark.parametrize("found", [(2, 2, 2), (1, 3, 2), (1, 2, 1)])
def test_each_of_the_three_counts_matters(chatter, found):
    (line,) = count_departures(chatter, {"train": erc.SplitCounts(1, 2, 2), "dev": erc.SplitCounts(*found)})
    assert line.startswith("the dev split holds")


def test_only_declared_splits_are_compared(chatter):
    class Partly(chatter):
        """Made up."""

        counts = {"dev": erc.SplitCounts(1, 2, 2)}

    found = {name: erc.SplitCounts(7, 8, 9) for name in ("train", "dev", "test")}
    assert [line.split()[1] for line in count_departures(Partly, found)] == ["dev"]


def published(chatter, texts, **declared):
    """Return the corpus with the digests of its files on record, in full or by their first digits."""
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    files = tuple(erc.DataFile(f"{name}.txt", sha256=digest) for name, digest in digests.items())
    return type("Published", (chatter,), {"layouts": (erc.Layout("tidy", files, folder="tidy"),), **declared})


TEXTS = {"train": "A:calm:hello|B:loud:hey", "dev": "A:calm:yes|B:loud:no", "test": "A:calm:so|B:loud:well"}
CHANGED = "A:calm:hello|B:loud:hey?"


def test_content_that_changed_under_the_published_counts_is_named_by_its_file(chatter, write_chatter):
    dataset = published(chatter, TEXTS)
    assert load_corpus(dataset(), write_chatter(train=CHANGED)).departures == (
        "the counts are the published ones, the content is not (train.txt)",
    )


def test_the_published_files_depart_in_nothing(chatter, write_chatter):
    assert load_corpus(published(chatter, TEXTS)(), write_chatter()).departures == ()


def test_files_that_differ_in_form_alone_give_the_published_dialogues(chatter, write_chatter):
    root = write_chatter(train=TEXTS["train"] + "\n")
    found = load_corpus(published(chatter, TEXTS)(), root)
    assert found.departures
    known = published(chatter, TEXTS, fingerprints=(found.fingerprint,))
    assert load_corpus(known(), root).departures == ()


def test_of_other_counts_the_content_is_not_said_as_well(chatter, write_chatter):
    found = load_corpus(published(chatter, TEXTS)(), write_chatter(train=f"{CHANGED}|A:calm:and"))
    (line,) = found.departures
    assert line.startswith("the train split holds")


@pytest.mark.parametrize(
    ("expected", "found", "state"),
    [
        ("", "sha256:1234", "no digest on record"),
        ("sha256:12", "sha256:1234", "ok"),
        ("sha256:13", "sha256:1234", "differs"),
        ("git-blob:12", "sha256:1234", "differs"),
    ],
)
def test_the_first_digits_of_a_digest_will_do(expected, found, state):
    assert FileCheck("train.txt", expected, found).state == state


@pytest.mark.parametrize(
    ("digests", "fingerprint", "state"),
    [
        ("", "other", "not on record"),
        ("12", "other", "as published"),
        ("13", "other", "changed"),
        ("13", "known", "as published"),
        ("", "known", "as published"),
    ],
)
def test_content_is_judged_by_files_or_by_dialogues(chatter, digests, fingerprint, state):
    dataset = type("Known", (chatter,), {"fingerprints": ("known",)})
    assert content_state(dataset, [FileCheck("a", digests, "12"), FileCheck("b", "", "34")], fingerprint) == state
