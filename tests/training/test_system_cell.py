"""A system of its own meets the protocol: what it gets, and what it must give."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

import erc_bench.api as erc
from erc_bench.contracts.types import seal
from erc_bench.errors import ErcBenchError
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.statistics.metrics import score
from erc_bench.training.events import PhaseStarted, StepDone, unheard
from erc_bench.training.preparation import CellData
from erc_bench.training.system_cell import run_system
from erc_bench.training.workspace import Workspace
from erc_bench_plugins.datasets.meld import Meld

WORKSPACE = Workspace(torch.device("cpu"))


class WordCounts(erc.System):
    """Counts which label each word came with; ``change`` spoils the answer."""

    name = "word-counts"
    source = "this test"
    sees_future = True
    change = staticmethod(lambda answers: answers)

    def fit(self, train, dev, context):
        self.labels, self.seed = context.labels, context.seed
        self.drawn = random.random(), np.random.rand(), torch.rand(()).item()
        type(self).latest = self
        self.counts = {}
        for dialogue in train:
            for target in dialogue.targets():
                turn = dialogue.utterances[target]
                for word in turn.text.split():
                    self.counts.setdefault(word, np.ones(len(context.labels)))[context.labels.index(turn.label)] += 1

    def predict(self, dialogues):
        keys = [(d.id, i, d.utterances[i].text) for d in dialogues for i in d.targets()]
        unknown = np.ones(len(self.labels))
        return self.change({(d, i): sum(self.counts.get(w, unknown) for w in text.split()) for d, i, text in keys})


class Plugin:
    """Brings the method."""

    @staticmethod
    @erc.hookimpl
    def erc_methods():
        return [erc.Method("word-counts", source="this test", summary="Counts words.", system=WordCounts)]


@pytest.fixture
def plan():
    catalogue = Catalogue()
    catalogue.register(Plugin, "this-test")
    (plan,) = plan_grid(Request(["word-counts"], ["meld"], seeds=[7]), catalogue)
    return plan


@pytest.fixture
def splits(bench):
    return bench.dialogues(12), bench.dialogues(3, seed=1, prefix="dev"), bench.dialogues(4, seed=2, prefix="test")


def data(splits, dev_only=False):
    train, dev, test = splits
    return CellData(train, dev, None if dev_only else seal(test))


def test_its_answers_become_scores_of_every_scored_utterance(plan, splits):
    result = run_system(plan, data(splits), WORKSPACE)
    assert result.keys == [(d.id, i) for d in splits[2] for i in range(4)]
    (reading,) = result.readings.values()
    assert reading.scores.shape == (16, len(Meld.labels))
    gold = [turn.label for dialogue in splits[2] for turn in dialogue.utterances]
    right = [Meld.labels[best] == label for best, label in zip(reading.scores.argmax(1), gold, strict=True)]
    assert sum(right) == 16
    assert WordCounts.latest.seed == 7
    assert result.facts["sees_future"] is True
    assert result.timings.keys() == {"train", "read out"}


def test_dev_is_scored_by_the_runner(plan, splits):
    gold = [turn.label for dialogue in splits[1] for turn in dialogue.utterances]
    dev = next(iter(run_system(plan, data(splits), WORKSPACE).readings.values())).dev
    assert dev == score(gold, gold, Meld.labels, ())


def test_without_a_test_split_nothing_is_asked_of_it(plan, splits):
    result = run_system(plan, data(splits, dev_only=True), WORKSPACE)
    assert result.keys == []
    assert next(iter(result.readings.values())).scores is None


def test_global_generators_are_those_of_the_seed(plan, splits):
    run_system(plan, data(splits), WORKSPACE)
    first = WordCounts.latest.drawn
    torch.rand(5), random.random(), np.random.rand()
    run_system(plan, data(splits), WORKSPACE)
    assert WordCounts.latest.drawn == first


def without_last(answers):
    return dict(list(answers.items())[:-1])


def with_last(value):
    return lambda answers: {**answers, list(answers)[-1]: value}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_last, r"gave no scores for 1 of 12 utterances, the first of dialogue dev2, position 3"),
        (with_last(np.ones(3)), r"one finite score for each of 7 labels, .* dialogue dev2, position 3"),
        (with_last(1.0), r"one finite score for each of 7 labels"),
        (with_last([np.nan] * 7), r"one finite score for each of 7 labels"),
    ],
)
def test_an_answer_that_is_none_is_named(plan, splits, monkeypatch, change, said):
    monkeypatch.setattr(WordCounts, "change", staticmethod(change))
    with pytest.raises(ErcBenchError, match=said):
        run_system(plan, data(splits), WORKSPACE)


def test_no_answer_is_wrong_on_dev_and_a_row_of_nan_on_test(plan, splits, monkeypatch):
    monkeypatch.setattr(WordCounts, "change", staticmethod(with_last(None)))
    (reading,) = run_system(plan, data(splits), WORKSPACE).readings.values()
    assert reading.dev["accuracy"] == pytest.approx(100 * 11 / 12)
    assert reading.dev["unanswered"] == 1
    assert np.isnan(reading.scores).all(1).tolist() == [False] * 15 + [True]


def test_answers_that_nobody_asked_for_are_ignored(plan, splits, monkeypatch):
    extra = {("nowhere", 0): np.ones(7)}
    monkeypatch.setattr(WordCounts, "change", staticmethod(lambda answers: {**extra, **answers}))
    assert len(run_system(plan, data(splits), WORKSPACE).keys) == 16


class Tells(WordCounts):
    """Tells facts, shows progress and remembers."""

    name = "tells"
    told = {"rule": "sum", "shown": [["d", 1]]}

    def fit(self, train, dev, context):
        super().fit(train, dev, context)
        step = context.phase("count", 3)
        step()
        type(self).remembered = dict(context.memory)
        context.memory["name"] = b"kept"
        type(self).context = context

    def facts(self):
        return self.told


def told(plan, splits, hear=unheard):
    return run_system(replace(plan, components={"system": Tells}), data(splits), WORKSPACE, hear)


def test_its_facts_are_those_of_the_record(plan, splits):
    assert told(plan, splits).facts["system"] == Tells.told
    assert "system" not in run_system(plan, data(splits), WORKSPACE).facts


@pytest.mark.parametrize("facts", [{"rule": {1}}, {"score": float("nan")}, 3])
def test_facts_that_are_no_json_are_named(plan, splits, monkeypatch, facts):
    monkeypatch.setattr(Tells, "told", facts)
    with pytest.raises(ErcBenchError) as raised:
        told(plan, splits)
    assert "the facts of tells are no JSON" in raised.value.message


def test_its_progress_is_heard(plan, splits):
    heard = []
    told(plan, splits, heard.append)
    assert heard == [PhaseStarted("count", 3), StepDone()]


def test_its_context_knows_the_cell(plan, splits):
    told(plan, splits)
    context = Tells.context
    assert context.labels == Meld.labels
    assert context.label_words == Meld.words()
    assert (context.seed, context.device) == (7, "cpu")
    gold, predicted = ["joy", "anger", "neutral", "joy"], ["joy", "joy", "neutral", "joy"]
    expected = score(gold, predicted, Meld.labels, ())["weighted_f1"]
    assert context.metric(gold, predicted) == pytest.approx(expected)
    with pytest.raises(ErcBenchError, match="this system has no language model"):
        context.language_model("float32")


def test_what_it_remembers_is_there_for_the_next_cell_of_the_same_code(plan, splits, monkeypatch, tmp_path):
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path))
    told(plan, splits)
    assert Tells.remembered == {}
    told(plan, splits)
    assert Tells.remembered == {"name": b"kept"}
