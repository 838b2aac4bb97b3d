"""Comparisons with everything that a table may have to show."""

import pytest

from erc_bench.comparison import Tests, compare
from erc_bench.comparison.expected import shipped_alarms
from erc_bench.store.index.all_cells import read_cells


@pytest.fixture
def comparison(store):
    """Two datasets with two metrics, every mark, a failed cell, a degenerate row, unequal seeds."""
    frozen = {"overrides": {"encoder.trainable": "none"}}
    plain = {"overrides": {"encoder.trainable": "none", "upstream": "none"}, "regime": "frozen"}
    store.add_seeds("ce", [0.50, 0.52, 0.48, 0.51, 0.50], **frozen)
    store.add_seeds("supcon", [0.53, 0.50, 0.55], **frozen)
    store.add_seeds("eacl", [0.80, 0.82, 0.79, 0.84, 0.81], settings_from="paper", **frozen)
    store.add_seeds("dialoguernn", [0.55, 0.56, 0.57, 0.55, 0.56], sees_future=True, **plain)
    constant = ["joy"] * len(store.split.rows())
    store.add_seeds("majority", [0.0] * 5, backbone="none", predicted=constant, settings_from="")
    micro = {"scored_labels": ["anger", "joy"], "headline_metric": "micro_f1", "dataset": "dailydialog"}
    store.add_seeds("ce", [0.5], **micro, **frozen)
    store.add_seeds("eacl", [0.7], **micro, **frozen)
    store.fail("eacl", 6, "the loss became nan at step 12 (100 % of cross_entropy & angle)")
    return compare(read_cells(store.runs))


@pytest.fixture
def filled(store):
    """Return a function that compares runs on two datasets of which one was reported on."""
    frozen = {"overrides": {"encoder.trainable": "none"}}
    store.add_seeds("ce", [0.50, 0.52, 0.48], **frozen)
    store.add_seeds("eacl", [0.80, 0.82], sees_future=True, **frozen)
    micro = {"scored_labels": ["anger", "joy"], "headline_metric": "micro_f1", "dataset": "dailydialog"}
    store.add_seeds("ce", [0.5, 0.6, 0.4], **micro, **frozen)
    constant = ["joy"] * len(store.split.rows())
    store.add_seeds("majority", [0.0] * 3, backbone="none", predicted=constant, **micro)
    return lambda **request: compare(read_cells(store.runs), **request)


@pytest.fixture
def classes(filled):
    """Every class of two datasets, with reported rows for one of them."""
    return filled(per_class=True, reported=["eacl2024/table-3"])


@pytest.fixture
def beside(filled):
    """Scores with reported rows, and alarms."""
    return filled(reported=["eacl2024/table-4"], alarms=shipped_alarms())


@pytest.fixture
def audited(store):
    """Two methods with a selection audit, one of them in a second stage, with one seed on one dataset."""
    for seed in (1, 2, 3):
        epochs = [{"weighted_f1": 60.0 + seed}, {"weighted_f1": 80.0 + seed}, {"weighted_f1": 70.0}]
        training = {"training": epochs, "readout": [], "chosen_from": "training"}
        readout = {"training": [], "readout": epochs, "chosen_from": "readout"}
        store.add("ce", seed, accuracy=0.4, audit=training)
        store.add("eacl", seed, accuracy=0.5, audit=readout)
    store.add("ce", 1, accuracy=0.4, dataset="emorynlp", audit=training)
    return compare(read_cells(store.runs), audit=True)


@pytest.fixture
def lettered(store):
    """Each two rows, from the records alone, by a test that cannot reach the level on one dataset."""
    store.add_seeds("ce", [0.30, 0.32, 0.28, 0.31, 0.30, 0.33])
    store.add_seeds("supcon", [0.5, 0.52, 0.48, 0.51, 0.50, 0.53])
    store.add_seeds("eacl", [0.7, 0.72, 0.69, 0.74, 0.71, 0.70])
    store.add_seeds("ce", [0.3, 0.32, 0.35], dataset="emorynlp")
    store.add_seeds("eacl", [0.7, 0.72, 0.74], dataset="emorynlp")
    tests = Tests(test="sign-flip", correction="bh", unit="seed", letters=True)
    return compare(read_cells(store.runs), tests=tests)


@pytest.fixture
def sliced(store):
    """Trained systems on new sessions, for the whole test split and its slices."""
    ids = [str(number) for number in range(12)]
    sessions = {f"Ses{number:02}": ids[number::6] for number in range(6)}
    data = {"fingerprint": "f00d", "counts": {}, "groups": {"slice": {"scripted": ids[:7], "improvised": ids[7:]}}}
    data["groups"]["session"] = sessions
    store.add_seeds("ce", [0.3, 0.32], data=data)
    store.add_seeds("eacl", [0.8, 0.82], data=data)
    return compare(read_cells(store.runs), tests=Tests(unit="dialogue", cluster="session", by="slice"))


@pytest.fixture
def over(store):
    """Three datasets: claims over them, ranks by force, rows equal within a margin, printed claims."""
    for name, good in (("meld", 0.8), ("emorynlp", 0.9), ("demo", 0.5)):
        store.add_seeds("ce", [0.5, 0.52, 0.48, 0.51, 0.50], dataset=name)
        store.add_seeds("supcon", [0.51, 0.52, 0.48, 0.50, 0.50], dataset=name)
        store.add_seeds("eacl", [good, good + 0.01, good - 0.02, good + 0.02, good], dataset=name)
    store.add("kcl", 1)
    tests = Tests(margin=12.0, force_ranks=True)
    return compare(read_cells(store.runs), tests=tests, reported=["eacl2024/table-3"])
