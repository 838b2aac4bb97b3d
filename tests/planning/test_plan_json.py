"""A plan that went through JSON is the same plan."""

import json
from dataclasses import replace

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.plan import from_json, to_json
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue

CATALOGUE = Catalogue()


def plans(methods, *settings, **asked):
    overrides = [parse_override(text) for text in settings]
    systems = [CATALOGUE.get("method", name).system for name in methods]
    backbone = "smollm2" if any(system is not None and system.needs_backbone for system in systems) else "minilm"
    return plan_grid(Request(methods, ("meld", "demo"), (backbone,), (1, 2), overrides, **asked), CATALOGUE)


def same(plan):
    """Return the plan with the method as a plan of JSON has it, which says nothing of its sources."""
    method = type(plan.method)(plan.method.name, "", "", settings_from=plan.method.settings_from)
    upstream = None if plan.upstream is None else same(plan.upstream)
    return replace(plan, method=method, upstream=upstream)


@pytest.mark.parametrize("method", sorted(CATALOGUE.entries("method")))
def test_every_shipped_method_goes_through(method):
    for plan in plans((method,)):
        assert from_json(to_json(plan)) == same(plan)


@pytest.mark.parametrize(
    "settings",
    [
        ("classifier=probe", "training.epochs=3", "encoder.trainable=2"),
        ("upstream=utterance-ce", "upstream.folds=3", "upstream.training.encoder_lr=3e-5", "encoder.trainable=none"),
    ],
)
def test_settings_keep_their_types(settings):
    (plan, *_) = plans(("ce",), *settings, readouts=("centroid",), limit=4, audit=True, save_model=True)
    again = from_json(to_json(plan))
    assert again == same(plan)
    assert {a: type(v) for a, v in again.resolved.values.items()} == {
        a: type(v) for a, v in plan.resolved.values.items()
    }


def test_it_is_text_that_any_program_reads():
    (plan, *_) = plans(("ce",))
    assert json.loads(to_json(plan))["address"]["method"] == "ce"


def test_another_format_and_a_missing_component_are_named():
    described = json.loads(to_json(plans(("ce",))[0]))
    with pytest.raises(ErcBenchError, match="the plan has format 7"):
        from_json(json.dumps({**described, "format": 7}))
    with pytest.raises(ErcBenchError, match=r"the component Gone of erc_bench_plugins\.datasets\.meld is not here"):
        from_json(json.dumps({**described, "dataset": "erc_bench_plugins.datasets.meld:Gone"}))
