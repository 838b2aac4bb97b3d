"""Cells whose backbone is tuned by adapters: repeated, saved without it, loaded around it, read through downstream."""

import csv
import json
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus
from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.adapters import is_adapter
from erc_bench_plugins.datasets.meld import Meld

LORA = ("encoder.trainable=lora", "encoder.pooling=native", "training.epochs=2", "adapters.rank=4")
THROUGH = ("upstream=utterance-ce", "upstream.encoder.trainable=lora", "upstream.adapters.rank=4")


@pytest.fixture
def run(grid):
    def run(method="ce", settings=LORA, backbone=None, **asked):
        on = grid if backbone is None else replace(grid, backbone=str(backbone))
        outcome = on.run(method, settings=settings, **{"save_model": True, **asked})
        assert not outcome.failed
        (plan,) = outcome.ran
        return grid.folder(plan)

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


def files(folder):
    return {path.relative_to(folder / "model").as_posix() for path in (folder / "model").rglob("*") if path.is_file()}


@pytest.mark.parametrize("method", ["ce", "eacl", "tsc"])
@pytest.mark.parametrize("shape", ["bert", "llama", "gguf"])
def test_a_saved_model_holds_the_adapters_and_answers_as_its_cell_did(
    run, corpus, tiny_bert, tiny_llama, tiny_gguf, method, shape
):
    folder = run(method, backbone={"bert": tiny_bert, "llama": tiny_llama, "gguf": tiny_gguf}[shape])
    assert files(folder) == {"model.json", "weights.safetensors"}
    assert answered(erc.load_model(folder), load_corpus(Meld(), corpus).splits.test) == stored(folder)
    own = load_file(folder / "model" / "weights.safetensors")
    adapters = [name for name in own if name.startswith("adapters.")]
    assert adapters
    assert all(map(is_adapter, adapters))
    assert not [name for name in own if "language_model" in name]


def test_the_record_says_how_it_was_trained_and_a_repeat_is_the_same(run):
    first = run("eacl")
    record, before = (json.loads((first / "record.json").read_text()), (first / "predictions.csv").read_bytes())
    assert record["regime"] == "adapted"
    assert record["overrides"]["encoder.trainable"] == "lora"
    assert record["settings"]["adapters.rank"] == 4
    assert "fine-tuning" in record["inputs"]["core"]
    weights = (first / "model" / "weights.safetensors").read_bytes()
    again = run("eacl", overwrite="always")
    assert (again / "predictions.csv").read_bytes() == before
    assert (again / "model" / "weights.safetensors").read_bytes() == weights
    other = run("eacl", seeds=(2,))
    assert (other / "predictions.csv").read_bytes() != before


def test_adapters_begin_otherwise_for_another_seed(run):
    still = (*LORA, "training.encoder_lr=1e-30", "training.head_lr=1e-30", "training.epochs=1")
    one, two = (load_file(run(settings=still, seeds=(seed,)) / "model" / "weights.safetensors") for seed in (1, 2))
    drawn = [name for name in one if "lora_A" in name]
    assert drawn
    assert not [name for name in drawn if torch.equal(one[name], two[name])]


def test_another_backbone_is_refused(run, tmp_path, tiny_bert):
    own = shutil.copytree(tiny_bert, tmp_path / "own")
    folder = run(backbone=own)
    weights = load_file(own / "model.safetensors")
    name = min(weights)
    save_file({**weights, name: weights[name] + 1}, own / "model.safetensors", {"format": "pt"})
    with pytest.raises(ErcBenchError, match=r"the saved model was made with language model sha256:.* here is sha256:"):
        erc.load_model(folder)


def test_damaged_adapters_are_refused(run):
    folder = run()
    file = folder / "model" / "weights.safetensors"
    tensors = load_file(file)
    tensors.pop(min(name for name in tensors if name.startswith("adapters.")))
    save_file(tensors, file)
    with pytest.raises(ErcBenchError, match=r"weights\.safetensors"):
        erc.load_model(folder)


def test_a_backbone_that_an_upstream_trained_is_saved_as_it_was_before_its_adapters(run, corpus, tiny_bert):
    folder = run(settings=(*LORA, "upstream=utterance-ce", "upstream.training.epochs=1"))
    assert "backbone/model.safetensors" in files(folder)
    saved, plain = (load_file(place / "model.safetensors") for place in (folder / "model" / "backbone", tiny_bert))
    assert not [name for name in saved if is_adapter(name) or "base_layer" in name]
    name = "encoder.layer.1.output.dense.weight"
    assert not torch.equal(saved[name], plain[name])
    assert answered(erc.load_model(folder), load_corpus(Meld(), corpus).splits.test) == stored(folder)


def test_an_upstream_with_adapters_is_read_through_with_these_in_its_weights(run, corpus, tiny_bert):
    frozen = ("encoder.trainable=none", "encoder.pooling=mean", *THROUGH, "upstream.training.encoder_lr=1e-2")
    folder = run(settings=frozen)
    saved, plain = (load_file(place / "model.safetensors") for place in (folder / "model" / "backbone", tiny_bert))
    assert saved.keys() <= plain.keys()
    moved = {name for name in saved if not torch.equal(saved[name], plain[name])}
    assert "encoder.layer.0.attention.self.query.weight" in moved
    # What has no adapters stood still.
    assert not [name for name in moved if "LayerNorm" in name or "embeddings" in name or name.endswith("bias")]
    assert answered(erc.load_model(folder), load_corpus(Meld(), corpus).splits.test) == stored(folder)


@pytest.mark.parametrize("memory", ["trained", "frozen"])
def test_beside_a_further_language_model_the_backbone_alone_has_adapters(tmp_path, corpus, tiny_bert, memory):
    settings = {"encoder.trainable": "lora", "encoder.memory": memory, "encoder.length": 48}
    short = {"training.epochs": 2, "training.batch_size": 4}
    outcome = erc.run(
        *("compm", "meld", str(tiny_bert)),
        **{"seeds": [1], "settings": settings | short, "save_model": True, "runs": tmp_path, "data_dir": corpus},
    )
    assert not outcome.failed
    (folder,) = tmp_path.glob("*/*/*/*/seed-1")
    assert {"backbone/memory/model.safetensors"} <= files(folder)
    assert "backbone/model.safetensors" not in files(folder)
    assert not [name for name in load_file(folder / "model/backbone/memory/model.safetensors") if is_adapter(name)]
    assert answered(erc.load_model(folder), load_corpus(Meld(), corpus).splits.test) == stored(folder)
