"""A frozen language model that is not loaded where all of its states are cached, and that is itself wherever it is."""

from copy import deepcopy

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.pretrained.backbone import PretrainedBackbone
from erc_bench.training.cell import Cell
from erc_bench.training.deferred_model import DeferredModel, parameter_count
from erc_bench.training.preparation import CellData
from erc_bench.training.workspace import Workspace
from erc_bench_plugins.datasets.meld import Meld
from erc_bench_plugins.encoders.prompt import Prompt

CPU = torch.device("cpu")
SHORT = ("training.epochs=2", "training.batch_size=4", "encoder.length=48", "encoder.trainable=none")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path))


@pytest.fixture
def loads(monkeypatch):
    """Count how often a model is loaded."""
    counted, load = [], PretrainedBackbone.load

    def counting(self):
        counted.append(self.name)
        return load(self)

    monkeypatch.setattr(PretrainedBackbone, "load", counting)
    return counted


def dialogues(prefix, count, said):
    labels = [Meld.labels[i % len(Meld.labels)] for i in range(count)]
    return [
        erc.Dialogue(f"{prefix}{i}", (erc.Utterance("A", f"{said} {i}", label, True),))
        for i, label in enumerate(labels)
    ]


def plan_of(folder, *settings, method="ce", **asked):
    overrides = [parse_override(text) for text in (*SHORT, *settings)]
    (plan,) = plan_grid(Request([method], ["meld"], [str(folder)], [1], overrides, **asked), Catalogue())
    return plan


def run(plan, said="word"):
    """Run a cell as a new process would; return its workspace and its result."""
    workspace = Workspace(CPU)
    data = CellData(*(dialogues(split, count, said) for split, count in (("train", 12), ("dev", 6), ("test", 6))))
    return workspace, Cell(plan, data, "corpus", workspace).run()


def numbers(result):
    """Return everything of a result that is no duration."""
    scores = {name: reading.scores.tolist() for name, reading in result.readings.items()}
    epochs = [(epoch["terms"], epoch["dev"]) for epoch in result.epochs]
    facts = {name: value for name, value in result.facts.items() if name != "peak_memory_mib"}
    return scores, epochs, facts, {name: array.tolist() for name, array in result.arrays.items()}


@pytest.mark.parametrize("method", ["ce", "eacl"])
def test_with_all_states_cached_nothing_is_loaded_and_every_number_stays(tiny_roberta, loads, method):
    plan = plan_of(tiny_roberta, method=method)
    _, first = run(plan)
    assert len(loads) == 1
    _, second = run(plan)
    assert len(loads) == 1
    assert numbers(second) == numbers(first)
    assert second.facts["backbone_parameters"] > 1000


def test_new_rows_are_encoded_by_a_model_that_is_loaded_for_them(tiny_roberta, loads):
    plan = plan_of(tiny_roberta)
    run(plan)
    _, deferred = run(plan, "other words")
    assert len(loads) == 2
    _, cached = run(plan, "other words")
    assert len(loads) == 2
    assert numbers(cached) == numbers(deferred)


def test_loading_late_draws_on_no_generator_of_the_cell(tiny_roberta, tmp_path, monkeypatch):
    plan = plan_of(tiny_roberta)
    _, at_once = run(plan)
    for file in (tmp_path / "features").iterdir():
        file.unlink()
    workspace, late = run(plan)
    assert isinstance(workspace.backbone(plan).model, DeferredModel)
    assert numbers(late) == numbers(at_once)


def test_facts_belong_to_the_weights_and_their_options(tiny_roberta, tiny_bert, loads):
    run(plan_of(tiny_roberta))
    for plan in (plan_of(tiny_bert), plan_of(tiny_roberta, "backbone.revision=other")):
        assert not isinstance(Workspace(CPU).backbone(plan).model, DeferredModel)
    assert len(loads) == 3


def test_a_model_that_trains_or_is_saved_is_loaded_at_once(tiny_roberta):
    run(plan_of(tiny_roberta))
    for plan in (plan_of(tiny_roberta, "encoder.trainable=all"), plan_of(tiny_roberta, save_model=True)):
        assert isinstance(Workspace(CPU).backbone(plan).model, nn.Module)


def test_a_damaged_file_of_facts_is_as_none(tiny_roberta, tmp_path, loads):
    plan = plan_of(tiny_roberta)
    run(plan)
    (file,) = (tmp_path / "backbones").iterdir()
    file.write_text('{"maximum_len')
    run(plan)
    assert len(loads) == 2
    run(plan)
    assert len(loads) == 2


def test_a_cache_that_cannot_be_written_costs_time_alone(tiny_roberta, tmp_path, loads):
    (tmp_path / "backbones").write_text("a file where the folder would be")
    plan = plan_of(tiny_roberta)
    assert numbers(run(plan)[1]) == numbers(run(plan)[1])
    assert len(loads) == 2


class TestStandIn:
    """A deferred model in the hands of an encoder that asks more of it than its facts."""

    @pytest.fixture
    def model(self, tiny_bert):
        plan = plan_of(tiny_bert)
        run(plan)
        return Workspace(CPU).backbone(plan).model

    def test_it_answers_as_the_model_does(self, model, tiny_bert, loads):
        real = Workspace(CPU).backbone(plan_of(tiny_bert, "encoder.trainable=all")).model
        assert (model.config.hidden_size, parameter_count(model)) == (real.config.hidden_size, parameter_count(real))
        assert loads == ["huggingface"]
        ids = torch.tensor([[1, 5, 7, 2]])
        assert torch.equal(model(input_ids=ids).last_hidden_state, real(input_ids=ids).last_hidden_state)
        assert [name for name, _ in model.named_parameters()] == [name for name, _ in real.named_parameters()]
        assert model.training is False
        assert loads == ["huggingface"] * 2

    def test_it_tells_what_became_of_the_model(self, model):
        before = parameter_count(model)
        model.loaded().register_parameter("more", nn.Parameter(torch.zeros(5)))
        assert parameter_count(model) == before + 5

    def test_it_is_settled_when_it_is_loaded_and_again_by_the_next_cell(self, model):
        settled = []
        model.settle(lambda _model: settled.append("first"))
        assert settled == []
        model.loaded()
        assert settled == ["first"]
        model.settle(lambda _model: settled.append("second"))
        assert settled == ["first", "second"]

    def test_a_copy_of_an_encoder_shares_it(self, model, tiny_bert, loads):
        backbone = Workspace(CPU).backbone(plan_of(tiny_bert))
        encoder = Prompt(Prompt.Options(trainable="none"), backbone)
        assert deepcopy(encoder).language_model is encoder.language_model
        assert encoder.state_dict() == {}
        assert encoder.parameter_groups() == {"encoder": [], "head": []}
        assert loads == []

    def test_an_error_of_loading_is_that_of_the_model(self, model, monkeypatch):
        def fail(_self):
            raise ErcBenchError("the disk is gone")

        monkeypatch.setattr(PretrainedBackbone, "load", fail)
        with pytest.raises(ErcBenchError, match="the disk is gone"):
            model.get_input_embeddings()
