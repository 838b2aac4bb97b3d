"""Which names are offered."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

import pytest

import erc_bench.api as erc
from erc_bench.commands.completing.names import Names, look_up_names
from erc_bench.contracts.options import specs
from erc_bench.planning.settings import TrainingOptions
from erc_bench.plugin_host.catalogue import KINDS, Catalogue


@pytest.fixture(scope="module")
def names():
    return look_up_names(Catalogue())


def test_everything_that_is_installed_is_there(names):
    catalogue = Catalogue()
    assert names.kinds == {kind: list(catalogue.entries(kind)) for kind in KINDS}
    for kind in KINDS:
        if kind != "method":
            for name, entry in catalogue.entries(kind).items():
                assert list(names.options[kind][name]) == list(specs(entry.component.Options))
    assert list(names.options["training"][""]) == list(specs(TrainingOptions))
    assert names.addresses([], [], [])["dialogues.speakers"] == ["given", "shuffled"]


def test_it_is_plain_data(names):
    assert Names(**json.loads(json.dumps(asdict(names)))) == names


def test_the_settings_of_a_method_are_those_of_its_components(names):
    found = names.addresses(["eacl"], ["meld"], ["minilm"])
    slots = {address.partition(".")[0] for address in found}
    assert slots >= {"training", "encoder", "objective", "classifier"}
    objective = {address for address in found if address.startswith("objective.")}
    assert objective == {f"objective.{name}" for name in names.options["objective"]["eacl"]}
    assert found["objective"] == names.kinds["objective"]
    assert found["encoder.trainable"][-1:] or "encoder.trainable" in found


def test_without_a_method_all_settings_are_offered(names):
    every = names.addresses([], [], [])
    for method in names.choices:
        assert names.addresses([method], [], []).keys() <= every.keys()


def test_a_system_has_no_slots_to_fill(names):
    assert "objective" not in names.addresses(["majority"], [], [])


class Own(erc.Classifier):
    """Has options of every type."""

    name = "own"
    source = "this test"

    @dataclass(frozen=True)
    class Options:
        flag: bool = erc.option(True, "One.")
        word: Literal["a", "b"] | None = erc.option(None, "Two.")
        number: float = erc.option(1.0, "Three.")


class Plugin:
    @staticmethod
    @erc.hookimpl
    def erc_classifiers():
        return [Own]

    @staticmethod
    @erc.hookimpl
    def erc_datasets():
        raise OSError("broken")


def test_values_are_offered_where_there_are_few():
    catalogue = Catalogue([])
    catalogue.register(Plugin, "own-package")
    found = look_up_names(catalogue)
    assert found.options["classifier"]["own"] == {"flag": ["false", "true"], "word": ["a", "b", "none"], "number": []}
    assert found.kinds["dataset"] == []
