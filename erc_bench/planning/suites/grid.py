"""From a suite to requests, and what can be checked of its tables before anything trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request
from erc_bench.planning.run_requests import SweepRequest, seeds_of
from erc_bench.planning.settings import Override
from erc_bench.planning.suites.reading import Suite, Table


def suite_requests(suite: Suite, asked: SweepRequest, overrides: Sequence[Override] = ()) -> list[Request]:
    """Return one request for each point of the axes.

    A suite's settings are stronger than a method's own, its axes stronger than its settings, and
    ``overrides`` (what is typed) stronger than both.
    """
    flags = ("audit", "save_representations", "save_model")
    whole = Request(
        suite.methods,
        suite.datasets,
        suite.backbones,
        suite.seeds if asked.seeds is None else seeds_of(asked.seeds),
        overrides,
        suite.readouts,
        datasets_of=suite.datasets_of,
        backbones_of=suite.backbones_of,
        readouts_of=suite.readouts_of,
        limit=asked.limit,
        **{name: getattr(suite, name) or getattr(asked, name) for name in flags},
    )
    axes = sorted(suite.axes, key=lambda axis: bool(axis.method))
    points = product(
        *([Override(a.address, value, a.method, f"suite {suite.name}") for value in a.values] for a in axes)
    )
    return [replace(whole, suite=(*suite.settings, *point)) for point in points]


def tuning_request(suite: Suite, seeds: Sequence[int], limit: int | None, overrides: Sequence[Override]) -> Request:
    """Return the request for a search of all rows of a suite, on dev alone.

    Raises :class:`ErcBenchError` for a suite whose rows are not one for each method, dataset and backbone, or were
    searched already.
    """
    if suite.axes:
        addresses = ", ".join(dict.fromkeys(axis.address for axis in suite.axes))
        raise ErcBenchError(
            f"the suite {suite.name} has axes ({addresses}), so that a method has several rows, and a search finds"
            " settings for each method, dataset and backbone",
            "Leave [axes] and name the values in a file for --space, or write a suite for each value.",
        )
    if suite.settings_files:
        raise ErcBenchError(
            f"the suite {suite.name} has settings of an earlier search ({', '.join(suite.settings_files)})",
            "Search the suite without them: budgets are equal where all rows begin with their own settings.",
        )
    return Request(
        suite.methods,
        suite.datasets,
        suite.backbones,
        seeds,
        overrides,
        suite=suite.settings,
        datasets_of=suite.datasets_of,
        backbones_of=suite.backbones_of,
        limit=limit,
        dev_only=True,
    )


def check_tables(tables: Sequence[Table], plans: Sequence[Plan]) -> None:
    """Raise :class:`ErcBenchError` where a table asks for what no cell of the grid will have."""
    problems = [problem for table in tables for problem in _problems(table, plans)]
    if problems:
        raise ErcBenchError("\n".join(dict.fromkeys(problems)), "The tables of the suite must fit its grid.")


def _problems(table: Table, plans: Sequence[Plan]) -> list[str]:
    shown = [plan for plan in plans if not table.datasets or plan.address.dataset in table.datasets]
    readouts = {name for plan in shown for name in (*plan.readouts, plan.choices().get("classifier", ""))} - {""}
    problems = [
        f"a table shows the readout {name!r}, which reads no cell; {did_you_mean(name, readouts)}"
        for name in table.readouts
        if name not in readouts
    ]
    method, slash, backbone = (table.baseline or "").partition("/")
    backbones = {plan.address.backbone for plan in shown if plan.address.method == method}
    if slash and backbone not in backbones:
        near = did_you_mean(backbone, backbones)
        problems.append(f"the baseline {method} has no cell with the backbone {backbone!r}; {near}")
    if table.audit and not any(plan.audit for plan in shown):
        problems.append("a table shows the selection audit, and no cell is audited; set audit = true in the suite")
    if table.metric == "micro_f1":
        lacking = dict.fromkeys(plan.address.dataset for plan in shown if not plan.dataset.scored_labels)
        problems += [f"a table shows micro_f1, and {dataset} scores all its labels" for dataset in lacking]
    return problems
