"""Checks of a method's declarations: its source, its parts, and settings that its parts have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from erc_bench.contracts.component import Component
from erc_bench.contracts.options import specs
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean, fault_of_name
from erc_bench.planning.combination import DEFAULT_CHOICES, plan_combination
from erc_bench.planning.request import Request
from erc_bench.planning.settings import Override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.findings import NotApplicableError, UnusableError
from erc_bench.testing.method_cells import MethodTrial


def said(trial: MethodTrial) -> str:
    """Return the source; raise ``AssertionError`` where a reader of a table would miss one."""
    method = trial.method
    for what in ("name", "source", "summary", "settings_from"):
        assert str(getattr(method, what)).strip(), f"the method says nothing of its {what}"
    fault = fault_of_name(method.name)
    assert not fault, f"the name of the method: {fault}"
    assert not method.search or method.search_from, "it has a grid for erc-bench tune, and search_from is empty"
    return f"{method.source}; settings: {method.settings_from}"


def parts(trial: MethodTrial) -> str:
    """Return the parts; raise ``AssertionError`` for one that is not installed."""
    method = trial.method
    if method.system is not None:
        filled = [*method.choices, *(["readouts"] if method.readouts else [])]
        assert not filled, f"it is a system, which has no slots, and says something of {', '.join(filled)}"
        _usable(method.system)
        return f"system {method.system.name}"
    wrong = [slot for slot in method.choices if slot not in DEFAULT_CHOICES]
    assert not wrong, f"there is no slot {wrong[0]!r}; {did_you_mean(wrong[0], DEFAULT_CHOICES)}" if wrong else ""
    wanted = [*{**DEFAULT_CHOICES, **method.choices}.items(), *(("classifier", name) for name in method.readouts)]
    if method.upstream:
        _installed(trial.catalogue, "method", method.upstream)
    for kind, name in wanted:
        _usable(_installed(trial.catalogue, kind, name))
    return ", ".join(f"{kind} {name}" for kind, name in wanted)


def settings(trial: MethodTrial) -> str:
    """Return how many were resolved; raise ``AssertionError`` for settings that no part has or admits."""
    method, datasets = trial.method, trial.catalogue.entries("dataset")
    for name in method.per_dataset:
        assert name in datasets, f"per_dataset names {name!r}, which is not a dataset; {did_you_mean(name, datasets)}"
    for name, dataset in datasets.items():
        combination = replace(trial.combination, dataset=dataset.component)
        _, problems = plan_combination(Request([method.name], [name]), trial.catalogue, combination)
        assert not problems, f"on {name}: {'; '.join(problems)}"
    tried = 0
    for override in _searched(trial):
        request = Request([method.name], [trial.combination.dataset.name], overrides=[override])
        _, problems = plan_combination(request, trial.catalogue, trial.combination)
        assert not problems, f"the search tries {override.address} = {override.value}: {'; '.join(problems)}"
        tried += 1
    number = len(method.settings) + sum(map(len, method.per_dataset.values()))
    if not number + tried:
        raise NotApplicableError("it sets nothing: every option has its default")
    search = f", and {tried} value(s) that erc-bench tune tries" if tried else ""
    return f"{number} setting(s) on {len(datasets)} dataset(s){search}"


def _searched(trial: MethodTrial) -> Iterator[Override]:
    for address, values in trial.method.search.items():
        for value in values:
            yield Override(address, value, origin="search")


def _installed(catalogue: Catalogue, kind: str, name: str) -> type[Component]:
    try:
        component: type[Component] = catalogue.get(kind, name)
    except ErcBenchError as error:
        raise AssertionError(error.message) from error
    return component


def _usable(component: type[Component]) -> None:
    try:
        specs(component.Options)
    except ErcBenchError as error:
        raise UnusableError(f"{error.message}: write @dataclass(frozen=True) above it") from error
