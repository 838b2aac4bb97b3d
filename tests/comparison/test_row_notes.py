from erc_bench.comparison import compare
from erc_bench.store.index.all_cells import read_cells

LINES = ["the train split holds 9 where 10 are published", "the test split holds 2 where 3 are published"]


def notes(store):
    return [note for note in compare(read_cells(store.runs)).notes if "published corpus" in note]


def data(fingerprint, *lines):
    return {"fingerprint": fingerprint, "counts": {}, "departures": list(lines)}


def test_a_corpus_that_is_not_the_published_one_is_named_once(store):
    store.add("ce", 1, data=data("f00dfeedcafe", *LINES))
    store.add("ce", 2, data=data("f00dfeedcafe", *LINES))
    store.add("eacl", 1, data=data("f00dfeedcafe", *LINES))
    assert notes(store) == [f"meld: data f00dfeed is not the published corpus: {LINES[0]}; {LINES[1]}"]


def test_of_two_corpora_only_the_one_that_departs_is_named(store):
    store.add("ce", 1, data=data("0ddba11c0de"))
    store.add("eacl", 1, data=data("f00dfeedcafe", LINES[0]))
    assert notes(store) == [f"meld: data f00dfeed is not the published corpus: {LINES[0]}"]


def test_a_record_that_says_nothing_of_it_gets_no_note(store):
    store.add("ce", 1)
    assert notes(store) == []


def unknown(store):
    return [note for note in compare(read_cells(store.runs)).notes if "are unknown" in note]


def test_a_backbone_that_does_not_know_the_script_is_named_with_the_share(store):
    store.add("ce", 1, provenance={"unknown_tokens": 0.6849})
    store.add("ce", 2, provenance={"unknown_tokens": 0.7012})
    store.add("eacl", 1, provenance={"unknown_tokens": 0.1999})
    (note,) = unknown(store)
    assert note.startswith("meld: 70 % of the tokens of its texts are unknown to ")


def test_a_few_unknown_tokens_are_no_note(store):
    store.add("ce", 1, provenance={"unknown_tokens": 0.1999})
    store.add("eacl", 1)
    assert unknown(store) == []
