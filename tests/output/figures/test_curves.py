"""Learning curves against an obvious loop."""

import statistics

import numpy as np
import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.output.figures.curves import average


def test_an_epoch_that_some_seeds_did_not_reach_is_the_mean_of_the_others():
    curve = average([([1, 2, 3], [1.0, 2.0, 6.0]), ([1, 2], [3.0, 5.0])])
    assert curve.epochs.tolist() == [1, 2, 3]
    assert curve.counts.tolist() == [2, 2, 1]
    assert curve.mean.tolist() == [2.0, 3.5, 6.0]
    assert curve.sd.tolist() == [statistics.stdev([1, 3]), statistics.stdev([2, 5]), 0.0]
    assert average([([], [])]) is None


def test_terms_and_scores_are_means_over_seeds(runs, store):
    rng = np.random.default_rng(5)
    epochs = {seed: runs.epochs(4, rng) for seed in (1, 2, 3)}
    for seed, each in epochs.items():
        store.add("eacl", seed, epochs=each, selection={"rule": "dev", "epoch": seed, "best_dev_epoch": seed})
    rows = runs.rows("curves")
    read = {
        "loss: contrastive": lambda epoch: epoch["terms"]["contrastive"],
        "loss: cross_entropy": lambda epoch: epoch["terms"]["cross_entropy"],
        "dev": lambda epoch: epoch["dev"]["weighted_f1"],
    }
    for name, value in read.items():
        for number in range(4):
            each = [value(epochs[seed][number]) for seed in (1, 2, 3)]
            (row,) = [row for row in rows if (row["curve"], row["epoch"]) == (name, number + 1)]
            assert row["mean"] == pytest.approx(sum(each) / 3)
            assert row["sd"] == pytest.approx(statistics.stdev(each))
    chosen = [(row["epoch"], row["mean"]) for row in rows if row["curve"] == "chosen"]
    assert chosen == [(seed, epochs[seed][seed - 1]["dev"]["weighted_f1"]) for seed in (1, 2, 3)]
    assert not any(row["curve"] == "test (audit)" for row in rows)


def test_the_fit_after_training_goes_on_counting(runs, store):
    fit = [{"epoch": i + 1, "dev": {"weighted_f1": 60.0 + i}} for i in range(3)]
    store.add(
        "eacl",
        1,
        epochs=runs.epochs(4, np.random.default_rng(1)),
        choices={"encoder": "prompt", "objective": "eacl", "classifier": "anchor"},
        readouts_epochs={"anchor": fit},
        readouts_selection={"anchor": {"rule": "dev", "epoch": 2, "best_dev_epoch": 2}},
        selection={"rule": "dev", "epoch": 4, "best_dev_epoch": 4},
        audit={
            "training": [{"weighted_f1": float(i)} for i in range(4)],
            "readout": [{"weighted_f1": 10.0 + i} for i in range(3)],
            "chosen_from": "readout",
        },
    )
    rows = runs.rows("curves")
    assert [row["mean"] for row in rows if row["curve"] == "dev" and row["epoch"] > 4] == [60.0, 61.0, 62.0]
    assert [row["mean"] for row in rows if row["curve"] == "test (audit)"] == [0, 1, 2, 3, 10, 11, 12]
    assert [row["epoch"] for row in rows if row["curve"] == "chosen"] == [4, 6]
    (drawn,) = runs.draw("curves")
    assert "After the dotted line the method's own classifier is fitted" in drawn.caption
    assert "Dashed: the score on test, recorded for the audit; no choice read it." in drawn.caption


def test_a_fit_of_one_step_is_no_curve(runs, store):
    store.add(
        "spcl",
        1,
        epochs=runs.epochs(2, np.random.default_rng(1)),
        choices={"classifier": "centroid"},
        readouts_epochs={"centroid": [{"epoch": 1, "dev": {"weighted_f1": 60.0}}]},
    )
    assert max(row["epoch"] for row in runs.rows("curves")) == 2


def test_what_has_no_epochs_is_left_out_and_alone_an_error(runs, store):
    store.add("majority", 1)
    with pytest.raises(ErcBenchError, match="no stored run has epochs"):
        runs.draw("curves")
    store.add("ce", 1, epochs=runs.epochs(2, np.random.default_rng(1)))
    assert {row["row"] for row in runs.rows("curves")} == {"ce"}


@pytest.mark.parametrize("epochs", [[{"epoch": 1}], [{"terms": {"a": "x"}, "dev": {}}], ["no object"], 7])
def test_epochs_that_cannot_be_read_are_named(runs, store, epochs):
    store.add("ce", 1, epochs=epochs)
    with pytest.raises(ErcBenchError, match="the epochs in the record of meld/ce/minilm/aaaaaaaaaaaa/seed-1 cannot be"):
        runs.draw("curves")


def test_a_loss_term_looks_the_same_in_every_panel_and_figure(runs, store):
    rng = np.random.default_rng(3)
    terms = {
        "ce": ("cross_entropy",),
        "eacl": ("contrastive", "angle", "cross_entropy"),
        "kcl": ("k_positive", "angle"),
    }
    for dataset in ("meld", "emorynlp"):
        for method, names in terms.items():
            store.add(method, 1, dataset=dataset, epochs=runs.epochs(3, rng, terms=names))
    looks = {}
    for drawn in runs.draw("curves"):
        assert len(drawn.figure.legends) == 1
        for axes in drawn.figure.axes:
            assert axes.get_legend() is None
            for line in axes.lines:
                if line.get_label() in ("cross entropy", "contrastive", "angle", "k positive", "score on dev"):
                    looks.setdefault(line.get_label(), set()).add((line.get_color(), line.get_linestyle()))
        told = [text.get_text() for text in drawn.figure.legends[0].get_texts()]
        assert told[:4] == ["cross entropy", "contrastive", "angle", "k positive"]
    assert {len(found) for found in looks.values()} == {1}
    assert len(set.union(*looks.values())) == len(looks) == 5
