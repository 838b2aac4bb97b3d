"""The sealed test split: nothing that receives it can know a label, and nothing that it says depends on one."""

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from random import Random

import pytest

import erc_bench.api as erc
from erc_bench.contracts.types import gold_labels, seal
from erc_bench_plugins.datasets.meld import Meld

SECRET = ("secret-one", "secret-two")


def walk(value):
    """Yield every value that can be reached from an object."""
    yield value
    if dataclasses.is_dataclass(value):
        children = [getattr(value, field.name) for field in dataclasses.fields(value)]
        children += list(vars(value).values()) if hasattr(value, "__dict__") else []
    elif isinstance(value, Mapping):
        children = [*value.keys(), *value.values()]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        children = list(value)
    else:
        children = []
    for child in children:
        yield from walk(child)


def dialogues():
    turns = (
        erc.Utterance("A", "hello", SECRET[0], True, "u0"),
        erc.Utterance("B", "context", None, False, "u1"),
        erc.Utterance("A", "bye", SECRET[1], True, "u2"),
        erc.Utterance("B", "labelled, not scored", SECRET[1], False, "u3"),
    )
    return (erc.Dialogue("d", turns, slice="scripted"),)


def test_a_label_is_nowhere_in_a_sealed_split():
    assert SECRET[0] in set(walk(dialogues()))
    found = set(walk(seal(dialogues())))
    assert found.isdisjoint(SECRET)


def test_everything_else_survives_the_seal():
    (opened,), (sealed,) = dialogues(), seal(dialogues())
    assert sealed.targets() == opened.targets() == (0, 2)
    assert (sealed.id, sealed.slice) == ("d", "scripted")
    for before, after in zip(opened.utterances, sealed.utterances, strict=True):
        assert dataclasses.replace(before, label=None) == after


def test_the_runner_keeps_the_labels_of_what_is_scored():
    assert gold_labels(dialogues()) == {("d", 0): SECRET[0], ("d", 2): SECRET[1]}


class Nosy(erc.System):
    """Looks for labels in whatever it is given."""

    name = "nosy"
    source = "this test"
    seen = {}

    def fit(self, train, dev, context):
        labels = set(context.labels)
        type(self).seen = {"fit": [set(walk(train)) & labels, set(walk(dev)) & labels], "predict": []}
        self.labels = context.labels

    def predict(self, dialogues):
        self.seen["predict"].append(set(walk(dialogues)) & set(self.labels))
        return {(d.id, i): [1.0] + [0.0] * (len(self.labels) - 1) for d in dialogues for i in d.targets()}


class NosyPlugin:
    """Brings the method ``nosy``."""

    @staticmethod
    @erc.hookimpl
    def erc_methods():
        return [erc.Method("nosy", source="this test", summary="Looks for labels.", system=Nosy)]


def test_a_system_gets_labels_to_learn_from_and_none_to_predict(grid):
    grid.plugins = (NosyPlugin,)
    outcome = grid.run("nosy")
    assert len(outcome.ran) == 1
    assert all(Nosy.seen["fit"])
    assert Nosy.seen["predict"] == [set(), set()]


def answers(file):
    """Return a predictions file without its gold column, and the gold column."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    return [row[:2] + row[3:] for row in rows], [row[2] for row in rows[1:]]


def permute(rows):
    labels = [row["Emotion"] for row in rows]
    Random(1).shuffle(labels)
    for row, label in zip(rows, labels, strict=True):
        row["Emotion"] = label
    assert {row["Emotion"] for row in rows} <= set(Meld.labels)


def canary(grid, tools, methods, **asked):
    """Run with the true and with permuted test labels on disk; return what each run stored, by file."""
    found = []
    for name in ("true", "permuted"):
        runs = grid.runs / name
        outcome = grid.run(*methods, runs=runs, **asked)
        assert len(outcome.ran) == len(methods), outcome.failed
        stored = {str(file.relative_to(runs)): answers(file) for file in sorted(runs.rglob("predictions*.csv"))}
        metrics = [tools.record(folder)["metrics"] for folder in grid.folders(runs)]
        stored["metrics"] = [one["dev"] for one in metrics], [one["test"] for one in metrics]
        found.append(stored)
        tools.rewrite(grid.data_dir / "meld" / "test_sent_emo.csv", permute)
    assert found[0].keys() == found[1].keys()
    return [(file, *found[0][file], *found[1][file]) for file in found[0]]


class Rotating(Nosy):
    """Answers one label after the other, so that its scores move with the gold labels.

    Whether the trained methods of a tiny corpus do is chance: one that always gives the same answer
    has the same score under any permutation.
    """

    name = "rotating"

    def predict(self, dialogues):
        keys = [(d.id, i) for d in dialogues for i in d.targets()]
        classes = len(self.labels)
        return {key: [float(c == n % classes) for c in range(classes)] for n, key in enumerate(keys)}


class RotatingPlugin:
    """Brings the method ``rotating``."""

    @staticmethod
    @erc.hookimpl
    def erc_methods():
        return [erc.Method("rotating", source="this test", summary="Answers in turn.", system=Rotating)]


@pytest.mark.parametrize("trainable", ["all", "none"])
def test_permuting_test_labels_on_disk_changes_no_answer(grid, tools, trainable):
    """The canary: whatever reads a test label on its way to a prediction sings here."""
    grid.plugins = (RotatingPlugin,)
    methods = ("ce", "supcon", "eacl", "majority", "rotating")
    compared = canary(grid, tools, methods, settings=[f"encoder.trainable={trainable}"], readouts=("centroid",))
    assert len(compared) > 1 + len(methods) + 3
    for file, before, gold_before, after, gold_after in compared:
        assert before == after, file
        assert gold_before != gold_after, file


class Thief(Nosy):
    """Reads the labels of test from the disk."""

    name = "thief"
    file = None

    def predict(self, dialogues):
        with self.file.open(encoding="utf-8", newline="") as stream:
            rows = {(row["Dialogue_ID"], int(row["Utterance_ID"])): row["Emotion"] for row in csv.DictReader(stream)}
        asked = [(d.id, i) for d in dialogues for i in d.targets()]
        return {key: [float(label == rows.get(key)) for label in self.labels] for key in asked}


class ThiefPlugin:
    """Brings the method ``thief``."""

    @staticmethod
    @erc.hookimpl
    def erc_methods():
        return [erc.Method("thief", source="this test", summary="Reads the labels of test.", system=Thief)]


def test_the_canary_sings(grid, tools, monkeypatch):
    monkeypatch.setattr(Thief, "file", grid.data_dir / "meld" / "test_sent_emo.csv")
    grid.plugins = (ThiefPlugin,)
    (_, before, gold_before, after, gold_after), _ = canary(grid, tools, ("thief",))
    assert before != after
    assert [row[2] for row in before[1:]] == gold_before
    assert [row[2] for row in after[1:]] == gold_after
