"""What cells of one process share, and what they must not."""

import torch

import erc_bench.api as erc
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.training.workspace import Workspace
from erc_bench_plugins.backbones.huggingface import HuggingFace
from erc_bench_plugins.datasets.meld import Meld
from erc_bench_plugins.encoders.prompt import Prompt

CPU = torch.device("cpu")
ORIGINAL = Prompt


class OtherWords(Meld):
    """The same corpus with other label words."""

    name = "other-words"
    label_words = {"joy": "happiness"}


class Plugin:
    """Brings the dataset."""

    @staticmethod
    @erc.hookimpl
    def erc_datasets():
        return [OtherWords]


def plan_of(folder, *settings, dataset="meld", method="ce", **asked):
    catalogue = Catalogue()
    catalogue.register(Plugin, "this-test")
    overrides = [parse_override(text) for text in settings]
    (plan,) = plan_grid(Request([method], [dataset], [str(folder)], [1], overrides, **asked), catalogue)
    return plan


def test_a_frozen_backbone_is_loaded_once_and_a_training_one_afresh(tiny_bert, tiny_roberta):
    workspace = Workspace(CPU)
    frozen, training = plan_of(tiny_bert, "encoder.trainable=none"), plan_of(tiny_bert)
    assert workspace.backbone(frozen) is workspace.backbone(frozen)
    assert workspace.backbone(training) is not workspace.backbone(training)
    shared = workspace.backbone(frozen)
    workspace.backbone(plan_of(tiny_roberta, "encoder.trainable=none"))
    assert workspace.backbone(frozen) is not shared


def test_a_backbone_is_identified_once(tiny_bert, monkeypatch):
    workspace, calls = Workspace(CPU), []
    identity = HuggingFace.identity

    def counted(self):
        calls.append(1)
        return identity(self)

    monkeypatch.setattr(HuggingFace, "identity", counted)
    assert workspace.identity(plan_of(tiny_bert)) == workspace.identity(plan_of(tiny_bert, method="supcon"))
    assert len(calls) == 1


def test_methods_and_seeds_share_a_preparation_and_nothing_else_does(tiny_bert, tiny_roberta):
    workspace = Workspace(CPU)
    key = workspace.preparation_key(plan_of(tiny_bert), "corpus")
    assert workspace.preparation_key(plan_of(tiny_bert, method="supcon"), "corpus") == key
    assert workspace.preparation_key(plan_of(tiny_bert, "training.epochs=3", readouts=("centroid",)), "corpus") == key
    others = [
        plan_of(tiny_roberta),
        plan_of(tiny_bert, "encoder.window=3"),
        plan_of(tiny_bert, "encoder.trainable=none"),
        plan_of(tiny_bert, "encoder.trainable=none", "training.standardise=false"),
        plan_of(tiny_bert, "training.precision=float32"),
        plan_of(tiny_bert, dataset="other-words"),
        plan_of(tiny_bert, limit=3),
        plan_of(tiny_bert, dev_only=True),
    ]
    keys = [workspace.preparation_key(plan, "corpus") for plan in others]
    keys += [key, workspace.preparation_key(plan_of(tiny_bert), "another corpus")]
    assert len(set(keys)) == len(keys)


def test_encoders_of_one_name_in_two_modules_are_two(tiny_bert, monkeypatch):
    workspace = Workspace(CPU)
    before = workspace.preparation_key(plan_of(tiny_bert), "corpus")
    monkeypatch.setattr(ORIGINAL, "__module__", "elsewhere")
    assert workspace.preparation_key(plan_of(tiny_bert), "corpus") != before


def test_features_belong_to_weights_options_and_code(tiny_bert, tiny_roberta, monkeypatch):
    plan = plan_of(tiny_bert)
    key = Workspace(CPU).backbone_key(plan)
    assert Workspace(CPU).backbone_key(plan_of(tiny_bert, method="supcon")) == key
    assert Workspace(CPU).backbone_key(plan_of(tiny_roberta)) != key
    assert Workspace(CPU).backbone_key(plan_of(tiny_bert, "backbone.revision=other")) != key
    monkeypatch.setattr("erc_bench.training.workspace.code_digests", lambda _components: {"backbone": "changed"})
    assert Workspace(CPU).backbone_key(plan) != key


def test_the_preparation_that_was_not_asked_for_the_longest_makes_room():
    workspace = Workspace(CPU)
    kept = {name: object() for name in ("one", "two", "three", "four")}
    for name in ("one", "two", "three"):
        workspace.keep(name, kept[name])
    assert workspace.preparation("one") is kept["one"]
    assert workspace.preparation("four") is None
    workspace.keep("four", kept["four"])
    assert workspace.preparation("two") is None
    assert [workspace.preparation(name) for name in ("one", "three", "four")] == [
        kept[name] for name in ("one", "three", "four")
    ]
