"""Systems that ask a language model: the backbone is a part of the row, and must be one that writes."""

import pytest

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.plan import from_json, to_json
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue


def planned(methods=("llm-zero-shot",), backbones=("smollm2",), **asked):
    return plan_grid(Request(methods, ["demo"], backbones, seeds=[1], **asked), Catalogue())


def test_a_row_is_named_by_its_backbone():
    (plan,) = planned()
    assert (plan.address.method, plan.address.backbone) == ("llm-zero-shot", "smollm2")
    assert plan.backbone.name == "smollm2"
    assert plan.resolved.regime == "frozen"
    again = from_json(to_json(plan))
    assert (again.address, again.backbone, again.components, again.resolved) == (
        *(plan.address, plan.backbone, plan.components, plan.resolved),
    )


def test_beside_it_a_system_without_one_stays_one_cell(tiny_llama):
    plans = planned(("majority", "llm-zero-shot"), ("smollm2", str(tiny_llama)))
    assert [(plan.address.method, plan.address.backbone) for plan in plans] == [
        ("majority", "none"),
        ("llm-zero-shot", "smollm2"),
        ("llm-zero-shot", tiny_llama.name),
    ]
    assert plans[-1].resolved.values["backbone.path"] == str(tiny_llama)
    assert "backbone.path" not in plans[-1].resolved.overrides


def test_a_file_is_named_by_its_stem(tiny_gguf):
    (plan,) = planned(backbones=[str(tiny_gguf)])
    assert plan.address.backbone == "tiny"
    assert plan.resolved.values["backbone.path"] == str(tiny_gguf.resolve())


@pytest.mark.parametrize(
    ("backbone", "said"),
    [("minilm", "and 'minilm' does not"), ("none", "asks a language model that writes text; name one that does")],
)
def test_another_backbone_is_refused_with_one_that_does(backbone, said):
    with pytest.raises(ErcBenchError, match=said) as raised:
        planned(backbones=[backbone])
    assert "smollm2" in raised.value.message


def test_a_setting_of_the_backbone_is_one_of_the_cell():
    (plan,) = planned(overrides=[parse_override("backbone.revision=v2")])
    assert plan.resolved.values["backbone.revision"] == "v2"
    assert planned()[0].address != plan.address


def test_a_system_that_trains_is_of_the_regime_of_its_size():
    class Learns(erc.System):
        """Learns."""

        name, source, needs_backbone = "learns", "this test", True

    class Plugin:
        @staticmethod
        @erc.hookimpl
        def erc_methods():
            return [erc.Method("learns", source="this test", summary="Learns.", system=Learns)]

    catalogue = Catalogue()
    catalogue.register(Plugin, "this-test")
    (plan,) = plan_grid(Request(["learns"], ["demo"], ["smollm2"], seeds=[1]), catalogue)
    assert plan.resolved.regime == "small"
