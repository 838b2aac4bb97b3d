"""What methods are called in tables, where somebody says so."""

import pytest

from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.output.tables import render
from erc_bench.store.index.all_cells import read_cells


@pytest.fixture
def cells(store):
    store.add_seeds("ce", [0.5, 0.6, 0.55])
    store.add_seeds("eacl", [0.7, 0.72, 0.71])
    store.add_seeds("eacl", [0.6, 0.62, 0.61], overrides={"training.epochs": 3}, settings_hash="b" * 12)
    return read_cells(store.runs)


def labels(cells, *names):
    return [row.label for row in compare(cells, names=names).rows]


def test_a_name_stands_in_the_place_of_the_method(cells):
    assert labels(cells) == ["ce", "eacl", "eacl · training.epochs=3"]
    named = labels(cells, "eacl=EACL = ours", "ce= Cross-entropy ")
    assert named == ["Cross-entropy", "EACL = ours", "EACL = ours · training.epochs=3"]


def test_every_sentence_calls_it_so_and_scores_stay(cells):
    plain, named = compare(cells), compare(cells, names=["eacl=EACL"])
    assert "EACL - ce" in render(named, "markdown")
    assert "eacl - ce" not in render(named, "markdown")
    assert render(named, "latex").count("EACL") >= 2
    assert [row.key for row in named.rows] == [row.key for row in plain.rows]
    assert render(named, "json").replace("EACL", "eacl") == render(plain, "json")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("eacl", "--name 'eacl' is not of the form METHOD=WORDS"),
        ("eacl=", "--name 'eacl=' is not of the form METHOD=WORDS"),
        ("ecal=x", "--name ecal=…: no row is of this method; did you mean eacl?"),
        ("eacl=ce", "two rows would be called 'ce'"),
    ],
)
def test_a_name_that_cannot_be_had_is_told(cells, name, said):
    with pytest.raises(ErcBenchError) as refused:
        labels(cells, name)
    assert said in refused.value.message
