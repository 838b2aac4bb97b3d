"""What a caption says of rows that are language models: how they were asked, and what they may have read."""

import pytest

from erc_bench.comparison import compare
from erc_bench.store.index.all_cells import read_cells

DATA = {"fingerprint": "f00dfeedcafe", "counts": {}, "public_text": "scripts of Friends"}
ASKED = {"generates": True, "system": {"caption": "asked nicely", "rule": "sum"}}


@pytest.fixture
def asked(store):
    for dataset in ("meld", "emorynlp"):
        store.add_seeds("ce", [0.5, 0.52], dataset=dataset, data=DATA)
        store.add_seeds("llm", [0.4, 0.42], dataset=dataset, data=DATA, provenance=ASKED)
    return store


def caption(store, **more):
    return compare(read_cells(store.runs), baseline="ce", **more).caption


def test_models_that_write_may_have_read_a_public_test_split(asked):
    told = "Language models may have read the test split (emorynlp and meld: scripts of Friends): llm."
    assert told in caption(asked)
    assert told in caption(asked, short_caption=True)


def test_of_others_nothing_is_said(asked):
    assert "may have read" not in " ".join(caption(asked, methods=["ce"]))


def test_a_corpus_that_lies_nowhere_else_is_not_named(store):
    store.add_seeds("ce", [0.5, 0.52])
    store.add_seeds("llm", [0.4, 0.42], provenance=ASKED)
    assert "may have read" not in " ".join(caption(store))


def test_what_a_system_says_of_itself_is_said_once(asked):
    assert "llm on emorynlp, meld: asked nicely." in caption(asked)


def test_seeds_that_chose_otherwise_are_both_told(asked):
    other = {"generates": True, "system": {"caption": "asked twice"}}
    asked.add("llm", 3, accuracy=0.4, data=DATA, provenance=other)
    asked.add("ce", 3, accuracy=0.4, data=DATA)
    told = caption(asked)
    assert "llm on meld: asked nicely; or asked twice." in told
    assert "llm on emorynlp: asked nicely." in told


@pytest.mark.parametrize("said", [3, "", None, ["a"]])
def test_what_is_no_sentence_is_left_out(store, said):
    store.add_seeds("ce", [0.5, 0.52])
    store.add_seeds("llm", [0.4, 0.42], provenance={"system": {"caption": said}})
    assert not any(sentence.startswith("llm on") for sentence in caption(store))
