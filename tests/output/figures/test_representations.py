"""Representations in the plane: which are taken, and where names stand."""

import numpy as np
import pytest
import store_fixture

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures import representations
from erc_bench.output.figures.representations import name_above, same_label, thinned


def test_a_figure_holds_every_utterance_and_every_anchor(filled, store):
    rows = filled.rows("representations", datasets=["meld"], methods=["eacl"])
    gold = [row[2] for row in store.split.rows()]
    assert [row["label"] for row in rows if row["what"] == "utterance"] == gold
    assert [row["label"] for row in rows if row["what"] == "anchor"] == list(store.split.labels)
    assert all(np.isfinite([row["x"], row["y"]]).all() for row in rows)


def test_the_same_cell_gives_the_same_plane(filled):
    wanted = {"datasets": ["meld"], "methods": ["eacl"]}
    assert filled.rows("representations", **wanted) == filled.rows("representations", **wanted)


def test_the_first_seed_is_shown_unless_another_is_asked_for(filled):
    for seed, found in ((1, None), (3, 3)):
        rows = filled.rows("representations", datasets=["meld"], methods=["ce"], seed=found)
        assert {row["seed"] for row in rows} == {seed}
    with pytest.raises(ErcBenchError, match="no stored run with seed 9 has test representations"):
        filled.draw("representations", seed=9)


def test_a_method_without_representations_is_named(filled):
    (drawn,) = filled.draw("representations", datasets=["meld"])
    assert "meld: no representations are stored for spcl" in drawn.notes
    assert [axes.get_title() for axes in drawn.figure.axes] == ["ce, seed 1", "eacl, seed 1"]


def test_without_representations_the_flag_that_stores_them_is_named(runs, store):
    store.add("ce", 1)
    with pytest.raises(ErcBenchError, match="no stored run has test representations") as caught:
        runs.draw("representations")
    assert "--save-representations" in caught.value.hint


def test_representations_of_another_number_of_utterances_are_an_error(runs, store):
    runs.arrays(store.add("ce", 1), representations__test=np.ones((5, 2)))
    with pytest.raises(ErcBenchError, match="no stored run has test representations") as caught:
        runs.draw("representations")
    assert "seed-1 is left out: it has 5 representations for 96 predictions" in caught.value.hint


def test_where_the_first_cell_cannot_be_read_the_next_is_shown_and_the_first_is_named(runs, store):
    vectors = np.random.default_rng(1).normal(size=(96, 4))
    folders = [store.add(method, seed) for method, seed in (("ce", 1), ("ce", 2), ("eacl", 1))]
    for folder in folders:
        runs.arrays(folder, representations__test=vectors)
    for folder in (folders[0], folders[2]):
        store_fixture.without_contents(folder)
        (folder / "arrays.safetensors").write_bytes(b"no safetensors")
    (drawn,) = runs.draw("representations")
    assert "ce, seed 2:" in drawn.caption
    told = [note.partition(" is left out: ")[0] for note in drawn.notes if "arrays.safetensors cannot be read" in note]
    assert told == ["meld/ce/minilm/aaaaaaaaaaaa/seed-1", "meld/eacl/minilm/aaaaaaaaaaaa/seed-1"]
    assert not any("no representations are stored" in note for note in drawn.notes)


def test_anchors_of_another_space_are_left_out(runs, store):
    vectors = np.random.default_rng(1).normal(size=(96, 4))
    runs.arrays(store.add("ce", 1), representations__test=vectors, anchors__stage_one=np.eye(3))
    assert {row["what"] for row in runs.rows("representations")} == {"utterance"}


def test_where_the_objective_projects_the_projections_are_shown(runs, store):
    # All projections are equal, which no neighbour's label can be read from; z is the label itself.
    gold = [store.split.labels.index(row[2]) for row in store.split.rows()]
    z = np.eye(3)[gold] + 0.001 * np.random.default_rng(1).normal(size=(96, 3))
    projected = np.random.default_rng(2).normal(size=(96, 6))
    folder = store.add("ce", 1)
    runs.arrays(folder, representations__test=z)
    (plain,) = runs.draw("representations")
    runs.arrays(folder, representations__test=z, representations__test__projected=projected)
    (moved,) = runs.draw("representations")
    assert "100 % have the same label" in plain.caption
    assert f"{same_label(projected, [row[2] for row in store.split.rows()]):.0f} % have the same label" in moved.caption


def test_a_large_split_is_thinned_evenly(filled, monkeypatch):
    monkeypatch.setattr(representations, "MOST_POINTS", 40)
    (drawn,) = filled.draw("representations", datasets=["meld"], methods=["ce"])
    assert "40 of 96 test utterances, evenly spread" in drawn.caption
    assert len(drawn.numbers.rows) == 40
    positions = thinned(1000, 7)
    assert (positions[0], positions[-1]) == (0, 999)
    assert set(np.diff(positions)) <= {166, 167}
    assert thinned(7, 7) == list(range(7))


def test_the_share_of_neighbours_with_the_same_label_is_counted():
    rng = np.random.default_rng(8)
    vectors, gold = rng.normal(size=(30, 4)), [str(label) for label in rng.integers(0, 3, size=30)]
    shares = []
    for i, vector in enumerate(vectors):
        unit = vector / np.linalg.norm(vector)
        others = [j for j in range(30) if j != i]
        nearest = sorted(others, key=lambda j: -(unit @ vectors[j]) / np.linalg.norm(vectors[j]))[:10]
        shares.append(sum(gold[j] == gold[i] for j in nearest) / 10)
    assert same_label(vectors, gold) == pytest.approx(100 * sum(shares) / 30)


def test_of_two_anchors_close_by_the_lower_one_is_named_below():
    anchors = np.array([[0.0, 0.0], [0.5, 5.0], [0.6, 5.5], [10.0, 10.0]])
    assert [name_above(anchors, i) for i in range(4)] == [True, False, True, True]
    assert [name_above(np.zeros((2, 2)), i) for i in range(2)] == [False, True]
