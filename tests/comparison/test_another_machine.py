"""How far another machine moves a table's numbers is said where it was measured, and nowhere else."""

import pytest

from erc_bench.comparison import compare
from erc_bench.store.index.all_cells import read_cells
from erc_bench.training.core_versions import CORE_VERSIONS

FROZEN = {"core": {"features": CORE_VERSIONS["features"], "loop": CORE_VERSIONS["loop"]}}
TRAINED = {"core": {"fine-tuning": CORE_VERSIONS["fine-tuning"]}}


def provenance(precision):
    return {"device": "cpu", "precision": precision, "hardware": {"class": "cpu", "name": "Some CPU"}}


def sentences(store):
    comparison = compare(read_cells(store.runs))
    return [sentence for sentence in comparison.caption if sentence.startswith("Another machine")]


def test_frozen_cells_are_told_how_far_they_move(store):
    for method in ("ce", "eacl"):
        store.add(method, 1, inputs=FROZEN, provenance=provenance("float32"))
    store.add("majority", 1, backbone="none")
    (sentence,) = sentences(store)
    assert "points for a mean over five seeds" in sentence


@pytest.mark.parametrize(
    ("inputs", "precision"),
    [(TRAINED, "float32"), (FROZEN, "bfloat16"), ({}, "float32")],
    ids=["a backbone that trains", "frozen in bfloat16", "a cell of an earlier version"],
)
def test_where_nothing_was_measured_nothing_is_said(store, inputs, precision):
    store.add("ce", 1, inputs=FROZEN, provenance=provenance("float32"))
    store.add("eacl", 1, inputs=inputs, provenance=provenance(precision))
    assert sentences(store) == []
