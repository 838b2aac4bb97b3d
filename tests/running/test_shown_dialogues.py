"""Cells with shuffled speakers, or with a part of train: what methods see, what records say, and what stays."""

import csv
import json

import pytest

import erc_bench.api as erc
from erc_bench.corpora.shown_dialogues import DialogueOptions, part_of_train, shown
from erc_bench.experiments.compare import compare_plans
from erc_bench.planning.plan import from_json, to_json
from erc_bench.planning.table_requests import CompareRequest
from erc_bench.training.cell import Cell
from erc_bench.training.upstream import UpstreamTrainer

SHUFFLED = ("dialogues.speakers=shuffled",)
FROZEN = ("encoder.trainable=none",)


class Listener(erc.System):
    """Always gives one answer, and keeps the dialogues that it was handed."""

    name = "listener"
    source = "this test"

    def fit(self, train, dev, context):
        type(self).fitted = train, dev
        self.classes = len(context.labels)

    def predict(self, dialogues):
        type(self).asked = dialogues
        return {(dialogue.id, turn): [1.0] * self.classes for dialogue in dialogues for turn in dialogue.targets()}


class Plugin:
    @staticmethod
    @erc.hookimpl
    def erc_methods():
        return [erc.Method("listener", source="this test", summary="Listens.", system=Listener)]


def record(grid, plan):
    return json.loads((grid.folder(plan) / "record.json").read_text())


def rows(grid, plan):
    return list(csv.DictReader((grid.folder(plan) / "predictions.csv").read_text().splitlines()))


def speakers(dialogues):
    return [[turn.speaker for turn in dialogue.utterances] for dialogue in dialogues]


def corpus(grid, plan):
    return grid.runner().keeper.load(plan)


@pytest.fixture
def seen(monkeypatch):
    """The data that compositions and upstreams are handed."""
    handed = {"cell": [], "upstream": []}
    run, train = Cell.run, UpstreamTrainer._train

    def cell(self):
        handed["cell"].append(self.data)
        return run(self)

    def upstream(self, plan, data, fingerprint, path):
        handed["upstream"].append(data)
        train(self, plan, data, fingerprint, path)

    monkeypatch.setattr(Cell, "run", cell)
    monkeypatch.setattr(UpstreamTrainer, "_train", upstream)
    return handed


def test_a_system_sees_all_splits_shuffled(grid):
    grid.plugins = (Plugin,)
    (plan,) = grid.run("listener", settings=SHUFFLED).ran
    splits = corpus(grid, plan).splits
    expected = [shown(dialogues, "meld", DialogueOptions("shuffled")) for _, dialogues in splits.items()]
    assert [*Listener.fitted] == expected[:2]
    assert speakers(Listener.asked) == speakers(expected[2]) != speakers(splits.test)
    assert all(turn.label is None for dialogue in Listener.asked for turn in dialogue.utterances)


def test_an_upstream_and_the_cell_on_it_see_them_alike(grid, seen, tmp_path, monkeypatch):
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path / "cache"))
    through = (*FROZEN, "upstream=utterance-ce", "upstream.training.batch_size=8", "upstream.training.epochs=1")
    (plan,) = grid.run("ce", settings=(*SHUFFLED, *through)).ran
    expected = shown(corpus(grid, plan).splits.train, "meld", DialogueOptions("shuffled"))
    assert seen["upstream"][0].train == seen["cell"][-1].train == expected
    (given,) = grid.run("ce", settings=through).ran
    assert len(seen["upstream"]) == 2  # other dialogues, another training
    assert seen["cell"][-1].train == corpus(grid, given).splits.train


def test_a_part_of_train_is_all_that_upstream_and_method_learn_from(grid, seen, monkeypatch, tmp_path):
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path / "cache"))
    through = (*FROZEN, "upstream=utterance-ce", "upstream.training.batch_size=8", "upstream.training.epochs=1")
    (plan,) = grid.run("ce", settings=("dialogues.train=3", *through)).ran
    splits = corpus(grid, plan).splits
    expected = part_of_train(splits.train, "meld", DialogueOptions(train=3))
    assert len(expected) == 3 < len(splits.train)
    assert seen["upstream"][0].train == seen["cell"][-1].train == expected
    assert seen["cell"][-1].dev == splits.dev
    assert len(seen["cell"][-1].sealed_test) == len(splits.test)
    assert record(grid, plan)["overrides"]["dialogues.train"] == 3


def test_a_method_that_reads_speakers_answers_otherwise_for_the_same_gold_labels(grid):
    (given,) = grid.run("ce", settings=FROZEN).ran
    runner = grid.runner()
    (shuffled,) = runner.run(grid.plans(("ce",), settings=(*FROZEN, *SHUFFLED))).ran
    before, after = rows(grid, given), rows(grid, shuffled)
    said = ("dialogue_id", "utterance", "gold")
    assert [[row[name] for name in said] for row in before] == [[row[name] for name in said] for row in after]
    assert before != after


def test_one_process_does_not_mix_them_up(grid):
    plans = [plan for settings in (FROZEN, (*FROZEN, *SHUFFLED)) for plan in grid.plans(("ce",), settings=settings)]
    grid.runner().run(plans)
    together = [rows(grid, plan) for plan in plans]
    for plan, found in zip(plans, together, strict=True):
        grid.runner("always").run([plan])
        assert rows(grid, plan) == found


def test_the_record_says_so_and_the_data_are_the_same(grid):
    (given,) = grid.run("ce", settings=FROZEN).ran
    (shuffled,) = grid.run("ce", settings=(*FROZEN, *SHUFFLED)).ran
    one, other = record(grid, given), record(grid, shuffled)
    assert other["settings"] == {**one["settings"], "dialogues.speakers": "shuffled"}
    assert other["origins"]["dialogues.speakers"] == "--set"
    assert other["overrides"] == {**one["overrides"], "dialogues.speakers": "shuffled"}
    assert other["data"] == one["data"]
    assert other["settings_hash"] != one["settings_hash"]


def test_the_rows_are_paired_and_named(grid):
    plans = []
    for settings in (FROZEN, (*FROZEN, *SHUFFLED)):
        plans += grid.run("ce", settings=settings, seeds=(1, 2)).ran
    notes = []
    request = CompareRequest(datasets=["meld"], methods=["ce"], data_dir=grid.data_dir)
    comparison = compare_plans(plans, grid.runs, request, notes.append)
    assert [row.label for row in comparison.rows] == ["ce", "ce · dialogues.speakers=shuffled"]
    (pair,) = comparison.columns[0].pairs
    assert (pair.row, pair.baseline, pair.seeds) == (1, 0, (1, 2))


def test_cells_with_given_speakers_are_those_that_were_there_before(grid):
    (plain,), (said,) = grid.plans(settings=FROZEN), grid.plans(settings=(*FROZEN, "dialogues.speakers=given"))
    assert plain.address == said.address
    assert not any(address.startswith("dialogues.") for address in said.resolved.values)
    assert said.resolved.overrides == plain.resolved.overrides


@pytest.mark.parametrize("method", ["ce", "majority"])
def test_it_goes_through_json(grid, method):
    (plan,) = grid.plans((method,), settings=SHUFFLED)
    assert from_json(to_json(plan)).resolved == plan.resolved


def test_an_upstream_has_no_dialogues_of_its_own(grid):
    with pytest.raises(erc.ErcBenchError) as raised:
        grid.plans(settings=("upstream=utterance-ce", *FROZEN, "upstream.dialogues.speakers=shuffled"))
    assert "upstream.dialogues.speakers: a cell and its upstream have it in common" in str(raised.value)


def test_a_word_that_is_neither_is_refused(grid):
    with pytest.raises(erc.ErcBenchError) as raised:
        grid.plans(settings=("dialogues.speakers=mixed",))
    assert "dialogues.speakers: must be given or shuffled, got 'mixed'" in str(raised.value)


def test_who_loads_a_saved_model_is_told(grid):
    grid.run("majority", settings=SHUFFLED, save_model=True)
    assert any("speakers of each dialogue shuffled" in caveat for caveat in erc.load_model(grid.runs).caveats)
