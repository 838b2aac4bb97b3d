"""A row must say when its name promises more than was trained."""

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
