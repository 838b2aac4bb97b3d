"""An encoder of two language models: frozen, trained or from scratch each, against each model run by itself."""

import math
from dataclasses import dataclass

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.contracts.types import seal
from erc_bench.errors import ErcBenchError
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.plan import from_json, to_json
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.training.assembly import Assembly
from erc_bench.training.core_versions import CORE_VERSIONS, versions_used
from erc_bench.training.draw_anew import draw_anew
from erc_bench.training.events import Progress
from erc_bench.training.preparation import CellData
from erc_bench.training.prepared import prepare
from erc_bench.training.step import BatchStep
from erc_bench.training.workspace import Workspace

CPU = torch.device("cpu")
LABELS = ("anger", "joy", "neutral")
USES = [(main, memory) for main in ("all", "none") for memory in ("trained", "frozen", "scratch")]


class Pair(erc.Encoder):
    """The utterance by the one model, all turns before it by the other; an encoder of its own on both."""

    name, source = "pair", "this test"
    language_models = ("past",)

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        past: erc.LanguageModelUse = erc.option("trained", "How the model of the past is used.", frozen="frozen")
        past_backbone: str = erc.option("same", "The backbone of the past.")

    def __init__(self, options, backbone):
        super().__init__(options, backbone)
        self.mix = nn.Linear(self.width_of("past"), self.state_dim)

    def examples(self, dialogues, training, rng):
        return [erc.Example(dialogue, (target,)) for dialogue in dialogues for target in dialogue.targets()]

    def rows(self, example):
        (target,) = example.targets
        texts = [turn.text for turn in example.dialogue.utterances]
        tokenizers = [self.further_backbones["past"].tokenizer, self.tokenizer]
        past = [erc.TokenRow(tokenizers[0](text)["input_ids"], (0,), model="past") for text in texts[:target]]
        # The further model's rows first: the order among models means nothing.
        return [*past, erc.TokenRow(tokenizers[1](texts[target])["input_ids"], (0,))]

    def forward(self, row_states, batch):
        sums = torch.stack([own.sum(0) for own in batch.of_model("past")])
        return erc.Encoded(row_states + self.mix(sums))


class Plugin:
    """Brings the encoder."""

    @staticmethod
    @erc.hookimpl
    def erc_encoders():
        return [Pair]


def plan_of(folder, *settings, encoder="pair", **asked):
    catalogue = Catalogue()
    catalogue.register(Plugin, "this-test")
    fixed = (f"encoder={encoder}", "training.head_dropout=0", "training.precision=float32", "training.batch_size=6")
    overrides = [parse_override(text) for text in (*fixed, *settings)]
    (plan,) = plan_grid(Request(["ce"], ["meld"], [str(folder)], [1], overrides, **asked), catalogue)
    return plan


@dataclass
class Cell:
    """The parts of a cell of the pair, without files but for its backbone."""

    plan: object
    data: CellData
    workspace: Workspace

    def __post_init__(self):
        self.assembly = Assembly(self.plan, self.data, "invented", self.workspace)
        self.encoder, self.row_encoder = self.assembly.load()
        self.preparer, self.ready = self.assembly.prepare(self.encoder, self.row_encoder)
        self.task = self.assembly.task(self.encoder, self.preparer, self.ready)
        self.composition = self.assembly.compose(self.encoder, self.row_encoder, self.task)


@pytest.fixture
def data():
    words = ("happy", "angry", "phone", "home", "why", "came", "alone")
    labels = ("joy", "anger", "neutral", "surprise")

    def dialogue(name, turns):
        said = (" ".join(words[(i + j) % 7] for j in range(1 + (3 * i + turns) % 5)) for i in range(turns))
        return erc.Dialogue(
            name, tuple(erc.Utterance("AB"[i % 2], text, labels[i % 4], scored=True) for i, text in enumerate(said))
        )

    train = [dialogue(f"t{turns}", turns) for turns in (1, 4, 3)]
    return CellData(train, [dialogue("d", 3)], seal([dialogue("e", 2)]))


@pytest.fixture
def cell(tiny_bert, data):
    def build(main, past, *settings, workspace=None, folder=tiny_bert, **asked):
        plan = plan_of(folder, f"encoder.trainable={main}", f"encoder.past={past}", *settings, **asked)
        return Cell(plan, data, workspace or Workspace(CPU))

    return build


def state_of(model, tokenizer, text):
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    return model(ids, torch.ones_like(ids)).last_hidden_state[0, 0]


def by_loop(cell):
    """Return (targets, dim) of train, each state by its model alone, standardised where that is asked for."""
    encoder, standardiser = cell.encoder, cell.ready.standardiser
    precision = cell.composition.precision
    main, past = encoder.models().values()
    tokenizers = encoder.tokenizer, encoder.further_backbones["past"].tokenizer
    found = []
    for dialogue in cell.data.train:
        for target, turn in enumerate(dialogue.utterances):
            own = (state_of(main, tokenizers[0], turn.text) - standardiser.mean) / standardiser.deviation
            other = standardiser.of("past")
            total = torch.zeros(encoder.width_of("past"), dtype=precision)
            for earlier in dialogue.utterances[:target]:
                total = total + (state_of(past, tokenizers[1], earlier.text) - other.mean) / other.deviation
            found.append(own.to(precision) + encoder.mix.weight @ total.to(precision) + encoder.mix.bias)
    return torch.stack(found)


@pytest.mark.parametrize(("main", "past"), USES)
def test_values_and_gradients_are_those_of_each_model_by_itself(cell, main, past):
    parts = cell(main, past)
    composition, split = parts.composition, parts.ready.train
    composition.set_training(False)
    outputs = composition.outputs(split, range(len(split)))
    expected = by_loop(parts)
    assert outputs.z.dtype == (torch.float64 if main == "none" else torch.float32)
    torch.testing.assert_close(outputs.z, expected, rtol=0, atol=2e-5)
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(0), dtype=expected.dtype)
    trained = {name: p for name, p in parts.encoder.named_parameters() if p.requires_grad}
    found, wanted = (
        torch.autograd.grad((z * weights).sum(), list(trained.values()), allow_unused=True)
        for z in (outputs.z, expected)
    )
    for name, *both in zip(trained, found, wanted, strict=True):
        nothing = torch.zeros_like(trained[name])
        one, other = (nothing if each is None else each for each in both)
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}")
    models = {name.partition(".")[0] for name in trained if name.startswith("language_model")}
    asked = {"language_model": main != "none", "language_model_past": past != "frozen"}
    assert models == {name for name, trains in asked.items() if trains}


@pytest.mark.parametrize(("main", "past"), USES)
def test_frozen_states_are_computed_once_and_the_others_in_each_step(cell, main, past):
    parts = cell(main, past)
    split = parts.ready.train
    assert (split.main.states is not None, split.further["past"].states is not None) == (
        main == "none",
        past == "frozen",
    )
    assert split.is_encoded == (main == "none" and past == "frozen") == parts.preparer.frozen
    if not split.is_encoded:
        assert split.further["past"].row_counts == [0, 0, 1, 2, 3, 0, 1, 2]
    calls = {}
    for role, model in parts.encoder.models().items():
        if isinstance(model, nn.Module):
            model.register_forward_hook(lambda *_, role=role: calls.update({role: calls.get(role, 0) + 1}))
    parts.composition.set_training(True)
    parts.composition.outputs(split, [3, 1])
    assert set(calls) == {role for role, own in split.by_model.items() if own.states is None}
    again = cell(main, past)  # reads the cache where anything is frozen
    for role, own in split.by_model.items():
        if own.states is not None:
            assert torch.equal(again.ready.train.by_model[role].states, own.states)


@pytest.mark.parametrize(("main", "past"), [("all", "trained"), ("none", "trained"), ("all", "frozen")])
def test_micro_batches_and_dropout_change_nothing_but_memory(cell, main, past):
    found = []
    for micro_batch in (None, 2):
        parts = cell(main, past, workspace=Workspace(CPU, micro_batch))
        torch.manual_seed(5)
        parts.composition.set_training(True)
        step = BatchStep(parts.composition, parts.ready.train, range(8), lambda: None, 1.0)
        step.run()
        parts.composition.micro_batches.check()
        grads = {name: p.grad for name, p in parts.encoder.named_parameters() if p.grad is not None}
        assert grads
        found.append((step.terms["cross_entropy"], grads))
    (loss, grads), (other_loss, other_grads) = found
    torch.testing.assert_close(loss, other_loss, rtol=0, atol=1e-6)
    assert grads.keys() == other_grads.keys()
    for name, gradient in grads.items():
        torch.testing.assert_close(other_grads[name], gradient, rtol=1e-3, atol=1e-6, msg=name)


def test_both_have_the_rate_of_language_models(cell):
    parts = cell("all", "trained")
    groups = parts.composition.parameter_groups()
    names = {id(p): name for name, p in parts.composition.modules.named_parameters()}
    inner = {names[id(p)].split(".")[1] for p in groups["encoder"]}
    assert inner == {"language_model", "language_model_past"}
    assert any("mix" in names[id(p)] for p in groups["head"])
    assert len(groups["encoder"]) + len(groups["head"]) == len(names)


def test_each_has_weights_of_its_own(cell):
    parts = cell("all", "trained")
    main, past = parts.encoder.models().values()
    assert {id(p) for p in main.parameters()}.isdisjoint(id(p) for p in past.parameters())
    for one, other in zip(main.parameters(), past.parameters(), strict=True):
        assert torch.equal(one, other)


class TestFromScratch:
    def test_the_weights_are_random_seeded_and_as_large_as_an_architecture_draws_them(self, cell):
        pretrained, one, again = (cell("all", past).encoder for past in ("trained", "scratch", "scratch"))
        name = "encoder.layer.0.attention.self.query.weight"
        weights = [each.language_model_past.get_parameter(name) for each in (pretrained, one, again)]
        assert torch.equal(weights[1], weights[2])
        assert not torch.equal(weights[0], weights[1])
        assert math.isclose(
            float(weights[1].detach().std()), one.language_model_past.config.initializer_range, rel_tol=0.1
        )
        assert torch.equal(one.language_model.get_parameter(name), pretrained.language_model.get_parameter(name))
        # What is drawn for the one takes nothing from what is drawn for the rest.
        assert torch.equal(one.mix.weight, pretrained.mix.weight)

    def test_another_seed_draws_others(self, cell, data):
        first = cell("all", "scratch")
        second = Cell(first.plan.with_seed(2), data, Workspace(CPU)).encoder
        for one, other in zip(first.encoder.models().items(), second.models().items(), strict=True):
            same = all(torch.equal(a, b) for a, b in zip(one[1].parameters(), other[1].parameters(), strict=True))
            assert same == (one[0] == "main")

    def test_an_architecture_that_cannot_be_built_anew_is_named(self):
        class Odd(nn.Module):
            def __init__(self, config, more):
                super().__init__()
                self.config = config

        with pytest.raises(ErcBenchError, match="class Odd cannot be drawn from scratch"):
            draw_anew(Odd(None, 1))


class TestAnotherBackbone:
    def test_it_has_its_own_tokenizer_and_width(self, cell, tiny_roberta):
        parts = cell("all", "frozen", f"encoder.past_backbone={tiny_roberta}")
        main, past = parts.encoder.models().values()
        assert (main.config.model_type, past.config.model_type) == ("bert", "roberta")
        parts.composition.set_training(False)
        outputs = parts.composition.outputs(parts.ready.train, range(8))
        torch.testing.assert_close(outputs.z, by_loop(parts), rtol=0, atol=2e-5)

    def test_it_is_in_the_plan_and_in_its_json(self, tiny_bert, tiny_roberta):
        plan = plan_of(tiny_bert, f"encoder.past_backbone={tiny_roberta}")
        assert plan.roles_apart() == ["past"]
        assert set(plan.code()) >= {"backbone", "backbone.past"}
        again = from_json(to_json(plan))
        assert again.language_models == plan.language_models
        assert again.backbone_of("past").reference() == str(tiny_roberta)
        same = plan_of(tiny_bert)
        assert same.roles_apart() == []
        assert same.backbone_of("past").reference() == str(tiny_bert)

    def test_one_that_is_not_there_is_a_problem(self, tiny_bert):
        with pytest.raises(ErcBenchError, match=r"encoder\.past_backbone: .*'simce'.*simcse"):
            plan_of(tiny_bert, "encoder.past_backbone=simce")


def test_nothing_of_it_is_in_other_plans(tiny_bert):
    plan = plan_of(tiny_bert, encoder="utterance")
    assert plan.language_models == {}
    assert not [address for address in plan.resolved.values if "past" in address]
    assert plan.address.settings_hash != plan_of(tiny_bert).address.settings_hash


def test_settings_tell_how_it_is_used(tiny_bert):
    hashes = {
        plan_of(tiny_bert, f"encoder.past={use}").address.settings_hash for use in ("trained", "frozen", "scratch")
    }
    assert len(hashes) == 3
    assert plan_of(tiny_bert, "encoder.trainable=none").resolved.values["encoder.past"] == "frozen"


@pytest.mark.parametrize(
    ("main", "past", "parts"),
    [
        ("all", "trained", {"fine-tuning"}),
        ("all", "frozen", {"fine-tuning", "features"}),
        ("none", "scratch", {"fine-tuning", "features"}),
        ("none", "frozen", {"features"}),
    ],
)
def test_a_cell_uses_the_parts_of_the_core_that_both_models_need(tiny_bert, main, past, parts):
    settings = plan_of(tiny_bert, f"encoder.trainable={main}", f"encoder.past={past}").resolved.values
    assert versions_used(settings).keys() & {"fine-tuning", "features"} == parts <= CORE_VERSIONS.keys()


def test_frozen_ones_are_kept_for_the_next_cell_and_trained_ones_loaded_afresh(tiny_bert):
    workspace = Workspace(CPU)
    mixed = plan_of(tiny_bert, "encoder.trainable=none", "encoder.past=trained")
    first, second = workspace.backbone(mixed), workspace.backbone(mixed)
    assert first.model is second.model
    assert first.further["past"].model is not second.further["past"].model
    other = plan_of(tiny_bert, "encoder.past=frozen")
    first, second = workspace.backbone(other), workspace.backbone(other)
    assert first.model is not second.model
    assert first.further["past"].model is second.further["past"].model


def test_folds_of_an_upstream_are_refused(tiny_bert):
    settings = ("encoder.trainable=none", "upstream=utterance-ce", "upstream.folds=2")
    with pytest.raises(ErcBenchError, match=r"upstream\.folds: an encoder of several language models"):
        plan_of(tiny_bert, *settings)


def test_a_row_for_a_model_that_is_not_there_is_named(cell, data):
    parts = cell("all", "trained")

    class Stray(Pair):
        def rows(self, example):
            return [erc.TokenRow([5], (0,), model="future")]

    parts.encoder.__class__ = Stray
    with pytest.raises(ErcBenchError, match="for the language model 'future'"):
        prepare(parts.encoder, parts.encoder.examples(seal(data.train), False, None), LABELS)


def test_progress_counts_what_is_encoded(tiny_bert, data):
    told = []

    class Counting(Progress):
        def hear(self, event):
            told.append(type(event).__name__ if not hasattr(event, "steps") else (event.name, event.steps))

    plan = plan_of(tiny_bert, "encoder.trainable=none", "backbone.revision=told")
    assembly = Assembly(plan, data, "another", Workspace(CPU), Counting().hear)
    assembly.prepare(*assembly.load())
    phases = [event for event in told if isinstance(event, tuple)]
    assert {name for name, _ in phases} == {
        "encoding with the frozen backbone",
        "encoding with the frozen language model 'past'",
    }
    assert sum(steps for _, steps in phases) == told.count("StepDone")
