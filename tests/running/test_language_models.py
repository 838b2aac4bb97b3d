"""A language model that is asked, from the request to the record, and as a saved model."""

import json
import shutil

import pytest

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus
from erc_bench.errors import ErcBenchError
from erc_bench_plugins.datasets.demo import Demo


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_llama):
    """Ask a tiny Llama without demonstrations and with two, and save what was asked."""
    runs = tmp_path_factory.mktemp("asked") / "runs"
    short = {"system.template": "bare", "system.window": 2, "system.shot_window": 0}
    settings = {"dataset.size": 12, "llm-k-shot:system.shots": 2, **short}
    outcome = erc.run(
        ["llm-zero-shot", "llm-k-shot"],
        "demo",
        str(tiny_llama),
        seeds=[1, 2],
        settings=settings,
        runs=runs,
        save_model=True,
        data_dir=runs.parent / "data",
    )
    assert not outcome.failed
    return runs


def records(runs, method):
    return [json.loads(file.read_text()) for file in sorted((runs / "demo" / method).rglob("record.json"))]


def test_the_record_says_what_was_asked(run, tiny_llama):
    one, two = records(run, "llm-k-shot")
    for record in (one, two):
        assert (record["backbone"], record["regime"]) == (tiny_llama.name, "frozen")
        assert record["provenance"]["generates"] is True
        told = record["provenance"]["system"]
        assert told["rule"] in told["rules_on_dev"]
        assert told["caption"].startswith("asked with template bare; a label's score is ")
        assert len(told["demonstrations"]) == 2
        assert told["language_model"] == {"dtype": "float32", "attention": "sdpa"}
        assert record["inputs"]["backbone"].startswith("sha256:")
    assert one["provenance"]["system"]["demonstrations"] != two["provenance"]["system"]["demonstrations"]


def test_what_draws_nothing_has_one_score(run):
    one, two = records(run, "llm-zero-shot")
    assert one["metrics"] == two["metrics"]


def test_a_saved_one_answers_as_it_did(run):
    folder = min((run / "demo" / "llm-k-shot").rglob("seed-1"))
    frame = erc.load_predictions(folder)
    first = frame[frame["dialogue_id"] == frame["dialogue_id"].iloc[0]]
    dialogue = next(
        each
        for each in load_corpus(Demo(Demo.Options(size=12)), None).splits.test
        if each.id == first["dialogue_id"].iloc[0]
    )
    (answers,) = erc.load_model(folder).predict([dialogue])
    assert [answers[position].emotion for position in first["utterance"]] == list(first["predicted"])


def test_another_language_model_of_that_name_is_refused(run, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(min((run / "demo" / "llm-k-shot").rglob("seed-1")) / "model", folder)
    file = folder / "model.json"
    described = json.loads(file.read_text())
    described["backbone_identity"] = "sha256:another"
    file.write_text(json.dumps(described))
    with pytest.raises(ErcBenchError, match="made with language model sha256:another"):
        erc.load_model(folder).predict([["Ann: Hi!"]])
