"""What a table must say of itself: terms that train nothing, comparisons that cannot be tested."""

import pytest

from erc_bench.comparison import compare
from erc_bench.store.index.all_cells import read_cells


@pytest.mark.parametrize(
    ("training", "said"),
    [
        (["cross_entropy"], "it is trained by its other terms alone"),
        ([], "the method trains nothing, and the row is what its classifier makes of untouched representations"),
    ],
)
def test_terms_that_train_nothing_are_told(store, training, said):
    provenance = {"inert_terms": ["contrastive"], "training_terms": training}
    store.add("supcon", 1, provenance=provenance)
    store.add("ce", 1)
    notes = compare(read_cells(store.runs)).notes
    (note,) = [note for note in notes if "reach no parameter" in note]
    assert "supcon has loss terms that reach no parameter (contrastive)" in note
    assert note.endswith(said)


def test_methods_with_terms_that_train_nothing_are_told_together(store):
    for dataset in ("meld", "emorynlp"):
        store.add("ce", 1, dataset=dataset)
        for method, terms in (("supcon", ["contrastive"]), ("kcl", ["balanced", "contrastive"])):
            facts = {"inert_terms": terms, "training_terms": ["cross_entropy"]}
            store.add(method, 1, dataset=dataset, provenance=facts)
    notes = compare(read_cells(store.runs)).notes
    (note,) = [note for note in notes if "reach no parameter" in note]
    assert note == (
        "emorynlp, meld: kcl (balanced, contrastive) and supcon (contrastive) have loss terms that reach no parameter:"
        " with this encoder they are trained by their other terms alone"
    )


@pytest.mark.parametrize("methods", [["eacl"], []])
def test_a_table_with_nothing_to_compare_says_so(store, methods):
    store.add_seeds("eacl", [0.7, 0.72])
    if methods:
        store.add_seeds("ce", [0.5, 0.52])
    caption = compare(read_cells(store.runs), methods=methods).caption
    told = "Nothing is compared: eacl is the only row. Show another method, or name a baseline."
    assert told in caption
    named = compare(read_cells(store.runs), methods=methods, baseline="ce" if methods else "eacl").caption
    assert (told in named) == (not methods)
    assert told not in compare(read_cells(store.runs), methods=methods, per_class=True).caption


def test_a_baseline_that_was_taken_for_want_of_another_is_told(store):
    for method in ("ce", "eacl", "lacon"):
        store.add_seeds(method, [0.7, 0.72])
    note = "eacl is the baseline: neither ce nor supcon is among the methods shown"
    assert note in compare(read_cells(store.runs), methods=["eacl", "lacon"]).notes
    assert note not in compare(read_cells(store.runs), methods=["eacl", "lacon"], baseline="eacl").notes
    assert not any("is the baseline" in told for told in compare(read_cells(store.runs)).notes)


def test_a_table_without_a_testable_comparison_explains_no_marks(store):
    store.add("ce", 1, accuracy=0.5)
    store.add("supcon", 1, accuracy=0.7)
    caption = " ".join(compare(read_cells(store.runs)).caption)
    assert "No comparison can be tested" in caption
    assert "†" not in caption
