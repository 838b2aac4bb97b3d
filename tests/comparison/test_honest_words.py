"""What a table must say of itself: terms that train nothing, comparisons that cannot be tested."""

import pytest

from erc_bench.comparison import compare
from erc_bench.store.reading import read_cells


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


def test_a_table_without_a_testable_comparison_explains_no_marks(store):
    store.add("ce", 1, accuracy=0.5)
    store.add("supcon", 1, accuracy=0.7)
    caption = " ".join(compare(read_cells(store.runs)).caption)
    assert "No comparison can be tested" in caption
    assert "†" not in caption
