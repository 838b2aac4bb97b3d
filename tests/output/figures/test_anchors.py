"""Similarities of anchors against an obvious loop."""

import math

import numpy as np
import pytest
import store_fixture

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.anchors import cosines


def test_a_cosine_is_the_product_of_unit_vectors():
    vectors = np.random.default_rng(4).normal(size=(4, 3))
    found = cosines(vectors)
    for i, first in enumerate(vectors):
        for j, second in enumerate(vectors):
            product = sum(a * b for a, b in zip(first, second, strict=True))
            lengths = math.sqrt(sum(a * a for a in first)) * math.sqrt(sum(b * b for b in second))
            assert found[i, j] == pytest.approx(product / lengths)


def test_a_vector_of_length_zero_is_like_nothing():
    found = cosines(np.array([[0.0, 0.0], [1.0, 2.0]]))
    assert np.isnan(found[0]).all()
    assert found[1, 1] == pytest.approx(1)


def test_the_stages_of_a_method_are_means_over_its_seeds(runs, store):
    rng = np.random.default_rng(3)
    stages = {seed: {name: rng.normal(size=(3, 4)) for name in ("raw", "stage_one", "stage_two")} for seed in (1, 2)}
    for seed, named in stages.items():
        runs.arrays(store.add("eacl", seed), **{f"anchors__{name}": array for name, array in named.items()})
    rows = runs.rows("anchors")
    assert len(rows) == 9
    for row in rows:
        i, j = (store.split.labels.index(row[name]) for name in ("label", "other_label"))
        for name in ("raw", "stage_one", "stage_two"):
            each = [cosines(stages[seed][name])[i, j] for seed in (1, 2)]
            assert row[name] == pytest.approx(sum(each) / 2)


def test_the_caption_names_the_most_similar_pair_of_each_stage(runs, store):
    raw = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    trained = np.array([[1.0, 0.0], [-1.0, 0.0], [0.9, 0.1]])
    runs.arrays(store.add("eacl", 1), anchors__raw=raw, anchors__stage_one=trained)
    (drawn,) = runs.draw("anchors")
    assert "Label words, raw: mean over pairs 0.37, most alike anger and joy (0.99)." in drawn.caption
    assert "After training: mean over pairs \N{MINUS SIGN}0.33, most alike anger and neutral (0.99)." in drawn.caption
    assert len(drawn.figure.axes) == 2


def test_where_nothing_trains_anchors_the_label_words_of_each_backbone_are_shown(runs, store):
    for method in ("ce", "supcon"):
        for backbone in ("minilm", "simcse"):
            folder = store.add(method, 1, backbone=backbone)
            runs.arrays(folder, anchors__raw=np.eye(3))
    assert [each.name for each in runs.draw("anchors")] == ["anchors-meld-minilm", "anchors-meld-simcse"]


def test_only_methods_that_train_anchors_are_shown(filled):
    assert [each.name for each in filled.draw("anchors")] == ["anchors-emorynlp-eacl", "anchors-meld-eacl"]


def test_a_further_classifier_shows_the_anchors_that_it_adapted(runs, store):
    answers = {name: store.split.answers(0.5, 1) for name in ("anchor", "probe")}
    folder = store.add("eacl", 1, readouts=answers)
    runs.arrays(folder, anchors__raw=np.eye(3), anchors__stage_one=np.eye(3), anchors__stage_two__anchor=-np.eye(3))
    drawn = runs.draw("anchors", readouts=["anchor", "probe"])
    assert [each.name for each in drawn] == ["anchors-meld-eacl", "anchors-meld-eacl-read-by-anchor"]
    assert [len(each.figure.axes) for each in drawn] == [2, 3]


def test_without_anchors_there_is_nothing_to_draw(runs, store):
    store.add("majority", 1)
    with pytest.raises(ErcBenchError, match="no stored run has label anchors"):
        runs.draw("anchors")


def test_anchors_of_another_number_of_labels_are_an_error(runs, store):
    runs.arrays(store.add("eacl", 1), anchors__raw=np.eye(4))
    with pytest.raises(ErcBenchError, match="no stored run has label anchors") as caught:
        runs.draw("anchors")
    told, _ = caught.value.hint.splitlines()
    assert told == "meld/eacl/minilm/aaaaaaaaaaaa/seed-1 is left out: it has 4 anchors (raw) for 3 labels"


@pytest.mark.parametrize("content", [b"", b"no safetensors"])
def test_a_cell_whose_anchors_cannot_be_read_is_named_and_the_others_are_drawn(runs, store, content):
    for seed in (1, 2):
        runs.arrays(store.add("eacl", seed), anchors__stage_one=np.eye(3))
    damaged = store.add("ce", 1)
    for folder in (damaged, store.add("supcon", 1)):
        runs.arrays(folder, anchors__stage_one=np.eye(3))
    (older,) = (cell.folder for cell in runs.cells() if (cell.method, cell.record["seed"]) == ("eacl", 2))
    for folder in (damaged, older):
        store_fixture.without_contents(folder)
        (folder / "arrays.safetensors").write_bytes(content)
    drawn = runs.draw("anchors")
    assert [each.title.rpartition(": ")[2] for each in drawn] == ["eacl", "supcon"]
    assert "seed 1." in drawn[0].caption
    told = [note for note in drawn[0].notes if "is left out: " in note]
    assert [note.partition(" is left out: ")[0] for note in told] == [
        "meld/ce/minilm/aaaaaaaaaaaa/seed-1",
        "meld/eacl/minilm/aaaaaaaaaaaa/seed-2",
    ]
    assert all("arrays.safetensors cannot be read" in note for note in told)


def test_a_verified_cell_whose_anchors_changed_is_left_out_of_everything(runs, store):
    for seed in (1, 2):
        runs.arrays(store.add("eacl", seed), anchors__stage_one=np.eye(3))
    (damaged,) = (cell.folder for cell in runs.cells() if cell.record["seed"] == 2)
    content = bytearray((damaged / "arrays.safetensors").read_bytes())
    content[-1] ^= 1
    (damaged / "arrays.safetensors").write_bytes(content)
    (drawn,) = runs.draw("anchors")
    assert "seed 1." in drawn.caption
    assert any("seed-2 (damaged): arrays.safetensors is damaged: its content" in note for note in drawn.notes)
