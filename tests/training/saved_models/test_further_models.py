"""Cells of two language models: run, saved, loaded, stale when the further one changes."""

import csv
import json

import pytest
from safetensors.torch import load_file, save_file

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus
from erc_bench.errors import ErcBenchError
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.running.staleness import Outlook, Staleness
from erc_bench.training.saved_models.files import digests
from erc_bench_plugins.datasets.meld import Meld

SHORT = ("training.epochs=2", "training.batch_size=4", "encoder.length=48", "training.class_weights=balanced")
USES = [("all", "trained"), ("all", "frozen"), ("none", "trained"), ("none", "frozen"), ("1", "scratch")]


@pytest.fixture
def run(grid):
    def run(*settings, **asked):
        overrides = [parse_override(text) for text in (*SHORT, *settings)]
        plans = plan_grid(Request(["compm"], ["meld"], [grid.backbone], [1], overrides, **asked), Catalogue())
        outcome = grid.runner().run(plans)
        assert not outcome.failed
        (folder,) = (plan.address.folder(grid.runs) for plan in plans)
        return folder

    return run


def stored(folder):
    with (folder / "predictions.csv").open(newline="") as stream:
        return {
            (row["dialogue_id"], int(row["utterance"])): (row["predicted"], *list(row.values())[4:])
            for row in csv.DictReader(stream)
        }


def answered(model, dialogues):
    return {
        (dialogue.id, position): (each.emotion, *(f"{score:.4f}" for score in each.scores.values()))
        for dialogue, own in zip(dialogues, model.predict(dialogues), strict=True)
        for position, each in enumerate(own)
    }


@pytest.mark.parametrize(("main", "memory"), USES)
def test_a_saved_model_answers_as_its_cell_did(run, corpus, main, memory):
    folder = run(f"encoder.trainable={main}", f"encoder.memory={memory}", save_model=True)
    test = load_corpus(Meld(), corpus).splits.test
    assert answered(erc.load_model(folder), test) == stored(folder)
    files = {path.relative_to(folder / "model").as_posix() for path in (folder / "model").rglob("*.safetensors")}
    assert files == {"backbone/model.safetensors", "backbone/memory/model.safetensors", "weights.safetensors"}
    main_weights, memory_weights = (
        load_file(folder / "model" / "backbone" / place / "model.safetensors") for place in (".", "memory")
    )
    name = "encoder.layer.1.output.dense.weight"
    both_frozen = (main, memory) == ("none", "frozen")
    assert bool((main_weights[name] == memory_weights[name]).all()) == both_frozen
    own = load_file(folder / "model" / "weights.safetensors")
    assert not [name for name in own if "language_model" in name]
    record = json.loads((folder / "record.json").read_text())
    facts = record["provenance"]["language_models"]["memory"]
    assert facts["use"] == memory
    assert facts["parameters"] == record["provenance"]["backbone_parameters"]


def test_saving_changes_no_answer_and_another_process_gives_the_same(run, grid, tmp_path):
    plain = stored(run("encoder.memory=scratch"))
    grid.runs = tmp_path / "again"
    assert stored(run("encoder.memory=scratch", save_model=True)) == plain


def test_weights_of_the_memory_model_are_those_that_answer(run, corpus):
    folder = run("encoder.memory=trained", save_model=True)
    file = folder / "model" / "backbone" / "memory" / "model.safetensors"
    weights = load_file(file)
    save_file({name: tensor * 1.5 for name, tensor in weights.items()}, file, {"format": "pt"})
    with pytest.raises(ErcBenchError):
        erc.load_model(folder)
    moved = folder.parent / "alone"
    (folder / "model").rename(moved)
    description = json.loads((moved / "model.json").read_text())
    description["files"] = dict(digests(moved))
    (moved / "model.json").write_text(json.dumps(description))
    test = load_corpus(Meld(), corpus).splits.test
    assert answered(erc.load_model(moved), test) != stored(folder)


def test_a_backbone_of_its_own_is_saved_and_told(run, corpus, grid, tiny_roberta):
    folder = run(f"encoder.memory_backbone={tiny_roberta}", "encoder.memory=frozen", save_model=True)
    test = load_corpus(Meld(), corpus).splits.test
    assert answered(erc.load_model(folder), test) == stored(folder)
    record = json.loads((folder / "record.json").read_text())
    identity = record["provenance"]["language_models"]["memory"]["identity"]
    assert record["inputs"]["backbone"].endswith(f"; memory: {identity}")
    told = []
    staleness = Staleness(Catalogue(), corpus, told.append)
    assert staleness.reasons([(folder, record)]) == {}
    assert not told
    changed = {**record, "inputs": {**record["inputs"], "backbone": record["inputs"]["backbone"] + "0"}}
    assert staleness.reasons([(folder, changed)]) == {folder: "the backbone changed since"}
    overrides = [
        parse_override(text) for text in (*SHORT, f"encoder.memory_backbone={tiny_roberta}", "encoder.memory=frozen")
    ]
    (plan,) = plan_grid(Request(["compm"], ["meld"], [grid.backbone], [1], overrides), Catalogue())
    assert Outlook(grid.runs, corpus, told.append).find(plan).state == "done"


def test_an_upstream_is_where_both_begin(run):
    folder = run("upstream=utterance-ce", "upstream.training.epochs=1", "encoder.trainable=none", save_model=True)
    weights = [load_file(folder / "model" / "backbone" / place / "model.safetensors") for place in (".", "memory")]
    assert all(bool((weights[0][name] == weights[1][name]).all()) for name in weights[0])
    record = json.loads((folder / "record.json").read_text())
    assert record["upstream"]["method"] == "utterance-ce"
