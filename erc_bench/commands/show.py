"""``erc-bench show``: one component or method with its options, their defaults and whence they come."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.catalogue import Catalogue, Entry


@click.command("show")
@click.argument("name")
@click.option("--dataset", help="Show a method's settings as they are on this dataset.")
@click.option("--backbone", default="simcse", show_default=True, help="... and with this backbone.")
def show(name: str, dataset: str | None, backbone: str) -> None:
    """Show the component or method NAME (or kind.NAME; `training` for the options of training)."""
    from rich.console import Console

    from erc_bench.catalogue import Catalogue

    console = Console(soft_wrap=not sys.stdout.isatty())
    catalogue = Catalogue()
    if name == "training":
        from erc_bench.planning.training_options import TrainingOptions

        _heading(console, "training", "training", "erc-bench", inspect.getdoc(TrainingOptions) or "")
        _options(console, "training", TrainingOptions)
        return
    for entry in _find(catalogue, name):
        if entry.kind == "method":
            _method(console, catalogue, entry, dataset, backbone)
        else:
            _component(console, entry)


def _find(catalogue: Catalogue, name: str) -> list[Entry]:
    from erc_bench.catalogue import KINDS
    from erc_bench.names import did_you_mean

    kind, dot, rest = name.partition(".")
    if dot and kind in KINDS:
        catalogue.get(kind, rest)
        return [catalogue.entries(kind)[rest]]
    found = [catalogue.entries(each)[name] for each in KINDS if name in catalogue.entries(each)]
    if not found:
        every = {known for each in KINDS for known in catalogue.entries(each)}
        raise ErcBenchError(f"nothing is called {name!r}; {did_you_mean(name, every)}")
    return found


def _component(console: Console, entry: Entry) -> None:
    component = entry.component
    _heading(console, entry.kind, entry.name, entry.package, inspect.getdoc(component) or "", component.source)
    for fact, value in _facts(entry):
        console.print(f"{fact}: {value}", markup=False, highlight=False)
    _options(console, entry.kind, component.Options)


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    component = entry.component
    if entry.kind == "dataset":
        yield "labels", ", ".join(component.labels)
        yield "label words", ", ".join(component.words())
        yield "licence", component.licence
        yield "obtain", component.obtain
        yield "suggested settings", _pairs(component.suggested_settings)
    if entry.kind == "backbone":
        yield "parameters", f"{component.parameters:,}" if component.parameters else "known after loading"
        yield "safe under bf16 autocast", "yes" if component.bf16_safe else "no"
    if entry.kind == "encoder":
        yield "sees future turns", "yes" if component.sees_future else "no"


def _method(console: Console, catalogue: Catalogue, entry: Entry, dataset: str | None, backbone: str) -> None:
    method = entry.component
    _heading(console, "method", entry.name, entry.package, method.summary, method.source)
    if dataset is not None:
        _resolved(console, catalogue, entry.name, dataset, backbone)
        return
    facts = {
        "system": method.system.name if method.system else "",
        "choices": _pairs(method.choices),
        "settings": _pairs(method.settings),
        **{f"settings for {name}": _pairs(values) for name, values in method.per_dataset.items()},
        "further readouts": ", ".join(method.readouts),
        "settings come from": method.settings_from,
    }
    for fact, value in facts.items():
        if value:
            console.print(f"{fact}: {value}", markup=False, highlight=False)
    console.print(f"\nEvery setting with its origin: erc-bench show {entry.name} --dataset meld --backbone minilm")


def _resolved(console: Console, catalogue: Catalogue, method: str, dataset: str, backbone: str) -> None:
    from rich.table import Table

    from erc_bench.planning.grid import Request, plan_grid

    plan = plan_grid(Request([method], [dataset], [backbone], [1]), catalogue)[0]
    table = Table("setting", "value", "whence", box=None)
    for slot, component in plan.choices().items():
        table.add_row(slot, component, "")
    for address, value in plan.resolved.values.items():
        table.add_row(address, str(value), plan.resolved.origins[address])
    console.print(f"on {dataset} with {backbone} ({plan.resolved.regime} backbone)", highlight=False)
    console.print(table)


def _heading(console: Console, kind: str, name: str, package: str, text: str, source: str = "") -> None:
    console.print(f"{kind} {name}  ({package})", style="bold", markup=False, highlight=False)
    console.print(text, markup=False, highlight=False)
    if source:
        console.print(f"source: {source}", markup=False, highlight=False)


def _options(console: Console, slot: str, options: Any) -> None:
    from rich.table import Table

    from erc_bench.options import specs

    table = Table("option", "default", "expected", "what it does", box=None)
    for name, spec in specs(options).items():
        by_regime = "".join(f"; {regime}: {value}" for regime, value in spec.regimes.items())
        table.add_row(f"{slot}.{name}", f"{spec.default}{by_regime}", spec.expected(), spec.description)
    if table.row_count:
        console.print(table)


def _pairs(values: Any) -> str:
    return ", ".join(f"{key} = {value}" for key, value in values.items())
