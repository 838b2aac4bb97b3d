"""Upstream cells on a small corpus, with a tiny backbone: trained once, shared, found again, named."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import store_fixture
import torch

import erc_bench.api as erc
from erc_bench.planning.settings import parse_override
from erc_bench.store.feature_files import cache_folder
from erc_bench.training.events import Noted, Progress
from erc_bench.training.upstream import UpstreamTrainer
from erc_bench.training.upstream_weights import UpstreamWeights, digest_of, held_out

DOWNSTREAM = (
    "upstream=utterance-ce",
    "encoder.trainable=none",
    "encoder.pooling=mean",
    "upstream.training.epochs=2",
    "upstream.training.batch_size=8",
)


class Notes(Progress):
    def __init__(self):
        self.notes = []

    def hear(self, event):
        if isinstance(event, Noted):
            self.notes.append(event.text)

    def trainings(self):
        return sum(note.startswith("training the upstream") for note in self.notes)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path / "cache"))


def record_of(grid, plan):
    return json.loads((grid.folder(plan) / "record.json").read_text())


def predictions(grid, plan):
    return (grid.folder(plan) / "predictions.csv").read_bytes()


def weights():
    return sorted((cache_folder() / "upstream").glob("*.safetensors"))


def test_methods_of_one_seed_share_a_training(grid):
    notes = Notes()
    outcome = grid.run("ce", "supcon", seeds=(1, 2), settings=DOWNSTREAM, progress=notes)
    assert len(outcome.ran) == 4
    assert notes.trainings() == len(weights()) == 2
    records = [record_of(grid, plan) for plan in outcome.ran]
    by_seed = {seed: {r["upstream"]["weights"] for r in records if r["seed"] == seed} for seed in (1, 2)}
    assert [len(each) for each in by_seed.values()] == [1, 1]
    assert by_seed[1] != by_seed[2]
    told = records[0]["upstream"]
    assert told["method"] == "utterance-ce"
    assert 0 <= told["dev"]["weighted_f1"] <= 100
    assert 0 <= told["train"]["weighted_f1"] <= 100
    assert records[0]["settings"]["upstream.training.epochs"] == 2
    assert records[0]["choices"]["upstream.encoder"] == "utterance"


def test_dev_only_and_test_runs_share_a_training(grid):
    notes = Notes()
    grid.run("ce", settings=DOWNSTREAM, progress=notes, dev_only=True)
    outcome = grid.run("ce", settings=DOWNSTREAM, progress=notes)
    assert len(outcome.ran) == 1
    assert notes.trainings() == 1


def test_a_record_stays_done_without_the_weights_and_they_come_out_the_same(grid):
    first = grid.run("ce", settings=DOWNSTREAM).ran[0]
    before = predictions(grid, first)
    for file in weights():
        file.unlink()
    assert len(grid.run("ce", settings=DOWNSTREAM).skipped) == 1
    assert not weights()
    grid.run("ce", settings=DOWNSTREAM, overwrite="always")
    assert predictions(grid, first) == before


def test_what_it_reads_is_the_trained_model(grid):
    through = grid.run("ce", settings=DOWNSTREAM).ran[0]
    plain = grid.run("ce", settings=("encoder.trainable=none", "encoder.pooling=mean")).ran[0]
    assert "upstream" not in record_of(grid, plain)
    assert through.address.settings_hash != plain.address.settings_hash
    assert predictions(grid, through) != predictions(grid, plain)


def test_settings_of_the_upstream_are_settings_of_the_cell(grid):
    one, two = (
        grid.plans(("ce",), settings=(*DOWNSTREAM, f"upstream.training.encoder_lr={rate}"))[0] for rate in (1e-4, 1e-3)
    )
    assert one.address.settings_hash != two.address.settings_hash
    assert one.upstream.resolved.values["training.encoder_lr"] == 1e-4
    assert one.resolved.values["training.epochs"] == 1
    assert one.upstream.resolved.values["training.epochs"] == 2
    assert one.upstream.resolved.values["encoder.trainable"] == "all"


def test_folds_read_each_training_dialogue_through_weights_that_did_not_see_it(grid):
    notes = Notes()
    outcome = grid.run("ce", settings=(*DOWNSTREAM, "upstream.folds=3"), progress=notes)
    told = record_of(grid, outcome.ran[0])["upstream"]
    assert notes.trainings() == 4
    assert len({told["weights"], *(fold["weights"] for fold in told["folds"])}) == 4
    plain = grid.run("ce", settings=DOWNSTREAM).ran[0]
    assert predictions(grid, plain) != predictions(grid, outcome.ran[0])


def test_weights_represent_no_training_dialogue_that_they_saw(grid, monkeypatch):
    saw, represented = {}, {}
    train, load = UpstreamTrainer._train, UpstreamWeights.load_into

    def trained(self, upstream, data, fingerprint, path):
        saw[path.stem] = {dialogue.id for dialogue in data.train}
        train(self, upstream, data, fingerprint, path)

    def loaded(self, model):
        represented[self.file.stem] = self.read_for
        load(self, model)

    monkeypatch.setattr(UpstreamTrainer, "_train", trained)
    monkeypatch.setattr(UpstreamWeights, "load_into", loaded)
    grid.run("ce", settings=(*DOWNSTREAM, "upstream.folds=3"))
    everyone = set().union(*saw.values())
    folds = {key: ids for key, ids in represented.items() if ids}
    assert len(folds) == 3
    for key, ids in folds.items():
        assert saw[key] == everyone - ids
    assert set().union(*folds.values()) == everyone


def test_every_dialogue_is_in_one_fold(grid):
    plan = grid.plans(("ce",), settings=DOWNSTREAM)[0]
    train = grid.runner().keeper.load(plan).splits.train
    folds = held_out(train, 3, [5, 3, 1, 0, 2, 4])
    assert sorted(id_ for fold in folds for id_ in fold) == sorted(dialogue.id for dialogue in train)
    assert [len(fold) for fold in folds] == [2, 2, 2]


def test_damaged_weights_are_trained_again(grid):
    plan = grid.run("ce", settings=DOWNSTREAM).ran[0]
    before = predictions(grid, plan)
    (file,) = weights()
    file.write_bytes(file.read_bytes()[:100])
    notes = Notes()
    grid.run("ce", settings=DOWNSTREAM, overwrite="always", progress=notes)
    assert notes.trainings() == 1
    assert predictions(grid, plan) == before


def test_other_weights_after_retraining_are_named(grid):
    plan = grid.run("ce", settings=DOWNSTREAM).ran[0]
    (file,) = weights()
    file.unlink()
    record = record_of(grid, plan)
    record["upstream"]["weights"] = "0" * 12
    (grid.folder(plan) / "record.json").write_text(json.dumps(record))
    store_fixture.write_status(grid.folder(plan))
    notes = Notes()
    grid.run("supcon", settings=DOWNSTREAM, progress=notes)
    assert any("000000000000" in note and "other weights" in note for note in notes.notes)


def test_a_change_of_the_upstreams_code_or_core_makes_the_cell_stale(grid, monkeypatch):
    grid.run("ce", settings=DOWNSTREAM)
    grid.run("ce", settings=("encoder.trainable=none",))
    monkeypatch.setitem(
        __import__("erc_bench.training.core_versions").training.core_versions.CORE_VERSIONS, "fine-tuning", 99
    )
    assert len(grid.run("ce", settings=DOWNSTREAM).stale) == 1
    assert len(grid.run("ce", settings=("encoder.trainable=none",)).skipped) == 1


def test_the_digest_covers_every_value():
    model = torch.nn.Linear(3, 2)
    before = digest_of(model)
    assert before == digest_of(model)
    with torch.no_grad():
        model.bias[1] += np.float32(1e-6)
    assert digest_of(model) != before


def test_an_upstream_in_several_processes_gives_the_same(grid, tmp_path):
    from erc_bench.running.executors import Resources, executor

    plans = grid.plans(("ce", "supcon"), seeds=(1, 2), settings=DOWNSTREAM)
    grid.runner().run(plans)
    task = replace(grid.runner().keeper.task, runs=tmp_path / "side-by-side")
    for file in weights():
        file.unlink()
    assert len(executor("auto", task, Resources(2, ("cpu",)), Progress()).run(plans).ran) == 4
    for plan in plans:
        stored = plan.address.folder(tmp_path / "side-by-side") / "predictions.csv"
        assert stored.read_bytes() == predictions(grid, plan)


def test_settings_are_parsed_as_any_others():
    assert parse_override("ce:upstream.training.epochs=3").address == "upstream.training.epochs"


def test_a_kill_in_the_middle_of_its_training_leaves_nothing_that_counts(grid, start, tmp_path):
    asked = ("--dataset", "meld", "--method", "ce", "--seeds", "1", "--backbone", grid.backbone)
    asked += ("--data-dir", grid.data_dir, "--runs", tmp_path / "killed")
    settings = ("training.epochs=1", "training.batch_size=8", "encoder.length=48", "encoder.window=2", *DOWNSTREAM)
    asked += tuple(word for text in settings for word in ("--set", text))
    process = start("run", *asked)
    process.read_until("training the upstream")
    process.popen.kill()
    process.end()
    assert not weights()
    code, output, errors = start("run", *asked).end()
    assert code == 0, errors
    assert "training the upstream" in output
    plan = grid.run("ce", settings=DOWNSTREAM).ran[0]
    assert (plan.address.folder(tmp_path / "killed") / "predictions.csv").read_bytes() == predictions(grid, plan)


def test_a_saved_model_holds_the_weights_that_it_read_through(grid):
    plan = grid.run("ce", settings=DOWNSTREAM, save_model=True).ran[0]
    for file in weights():
        file.unlink()
    model = erc.load_model(grid.folder(plan))
    test = grid.runner().keeper.load(plan).splits.test
    lines = csv.DictReader(predictions(grid, plan).decode().splitlines())
    stored = {(row["dialogue_id"], int(row["utterance"])): row["predicted"] for row in lines}
    answers = model.predict(test[0])
    said = {(test[0].id, position): answer.emotion for position, answer in enumerate(answers)}
    assert {key: said[key] for key in said if key in stored} == {key: stored[key] for key in said if key in stored}
    assert said.keys() & stored.keys()
