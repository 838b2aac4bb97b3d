"""``erc-bench show``: one component or method with its options, their defaults and whence they come."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.options import open_catalogue, plugin_option
from erc_bench.commands.show_departures import components_of, departures_of
from erc_bench.contracts.component import sees_future, wanted_features
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.plugin_host.catalogue import Catalogue, Entry
    from erc_bench.plugin_host.plugin_files import PluginFile


@click.command("show")
@click.argument("name")
@click.option("--dataset", help="Show every setting of a method as it is on this dataset.")
@click.option("--backbone", default="simcse", show_default=True, help="... and with this backbone.")
@plugin_option
def show(name: str, dataset: str | None, backbone: str, plugins: tuple[PluginFile, ...]) -> None:
    """Show the component or method NAME (or kind.NAME; `training`, `dialogues`, `adapters` for what methods share)."""
    from erc_bench.contracts.adapters import AdapterOptions
    from erc_bench.corpora.shown_dialogues import DialogueOptions
    from erc_bench.planning.settings import TrainingOptions
    from erc_bench.plugin_host.catalogue import KINDS
    from erc_bench.running.terminal_progress import open_console

    console = open_console()
    shared = {"training": TrainingOptions, "dialogues": DialogueOptions, "adapters": AdapterOptions}
    if name in shared:
        _heading(console, name, "erc-bench", inspect.getdoc(shared[name]) or "")
        _options(console, f"{name}.", shared[name])
        return
    catalogue = open_catalogue(plugins)
    kinds = KINDS if dataset is None else ("method",)
    for entry in entries_named(catalogue, name, kinds):
        if dataset is not None:
            _resolved(console, catalogue, entry, dataset, backbone)
        elif entry.kind == "method":
            _method(console, catalogue, entry)
        else:
            _component(console, entry)


def _component(console: Console, entry: Entry) -> None:
    component = entry.component
    title = f"{entry.kind} {entry.name}"
    _heading(console, title, entry.package, inspect.getdoc(component) or "", component.source)
    _facts(console, dict(_component_facts(entry)))
    for line in departures_of(component):
        console.print(line, markup=False, highlight=False)
    # An observer is no slot of a method: its options are given with its name.
    _options(console, f"{entry.name}:" if entry.kind == "observer" else f"{entry.kind}.", component.Options)
    console.print()


def _component_facts(entry: Entry) -> Iterator[tuple[str, str]]:
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
        yield "sees future turns", "yes" if sees_future(component) else "no"
        yield "reads features", "; ".join(_features(component))
    if entry.kind == "observer":
        yield "used with", f"--observer {entry.name} or --observer {entry.name}:OPTION=VALUE"


def _features(component: Any) -> Iterator[str]:
    """Name the features that an encoder reads, with the values of its options that make it read them."""
    declared = component.features
    if not isinstance(declared, Mapping):
        yield from wanted_features(component)
        return
    for name, when in declared.items():
        several = {option: wanted if isinstance(wanted, tuple) else (wanted,) for option, wanted in when.items()}
        terms = (f"{option} = {' or '.join(map(_quoted, values))}" for option, values in several.items())
        yield f"{name} with {', '.join(terms)}"


def _quoted(value: object) -> str:
    from erc_bench.contracts.options import format_value

    return f'"{value}"' if isinstance(value, str) else format_value(value)


def _method(console: Console, catalogue: Catalogue, entry: Entry) -> None:
    method = entry.component
    _heading(console, f"method {entry.name}", entry.package, method.summary, method.source)
    facts = {
        "system": method.system.name if method.system else "",
        "choices": _pairs(method.choices),
        "upstream": method.upstream,
        "settings": _pairs(method.settings),
        **_by_dataset(method),
        "further readouts": ", ".join(method.readouts),
        "settings come from": method.settings_from,
        "searched by tune": _searched(method),
        "search space comes from": method.search_from,
    }
    _facts(console, facts)
    for line in departures_of(method, components_of(catalogue, method)):
        console.print(line, markup=False, highlight=False)
    example = f"erc-bench show {entry.name} --dataset meld --backbone minilm"
    console.print(f"every setting with its origin: {example}", highlight=False)
    console.print()


def _searched(method: Any) -> str:
    """Name the values that a search tries, the learning rate with them that every composition searches."""
    from erc_bench.experiments.tuning.space import RATE_WORDS

    rate = "" if method.system else RATE_WORDS
    return ", ".join(filter(None, (_pairs({a: tuple(values) for a, values in method.search.items()}), rate)))


def _by_dataset(method: Any) -> dict[str, str]:
    """Say how a method's settings differ by dataset; datasets with the same ones share a line."""
    datasets: dict[str, list[str]] = {}
    for dataset, settings in method.per_dataset.items():
        differing = {address: value for address, value in settings.items() if method.settings.get(address) != value}
        datasets.setdefault(_pairs(differing) or "as above", []).append(dataset)
    return {f"settings on {', '.join(names)}": settings for settings, names in datasets.items()}


def _resolved(console: Console, catalogue: Catalogue, entry: Entry, dataset: str, backbone: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from erc_bench.contracts.options import format_value
    from erc_bench.planning.features import NOT_GIVEN
    from erc_bench.planning.features import SLOT as FEATURES
    from erc_bench.planning.grid import plan_grid
    from erc_bench.planning.request import Request

    method = entry.component
    plan = plan_grid(Request([method.name], [dataset], [backbone], [1]), catalogue)[0]
    _heading(console, f"method {entry.name}", entry.package, method.summary, method.source)
    regime = "" if plan.backbone is None else f" with {plan.address.backbone} ({plan.resolved.regime} backbone)"
    table = Table(box=None, title=f"on {dataset}{regime}", title_justify="left", header_style="dim")
    for column in ("setting", "value", "whence"):
        table.add_column(column, overflow="fold")
    for slot, component in plan.choices().items():
        chosen = slot in method.choices or slot == "system"
        table.add_row(slot, component, f"method {method.name}" if chosen else "default")
    features = {f"{FEATURES}.{name}" for name in plan.features}
    for address, value in plan.resolved.values.items():
        given = format_value(value) if value != NOT_GIVEN or address not in features else "a file"
        table.add_row(address, Text(given), plan.resolved.origins[address])
    console.print(table)


def _heading(console: Console, title: str, package: str, text: str, source: str = "") -> None:
    console.print(f"{title}  ({package})", style="bold", markup=False, highlight=False)
    console.print(_reflowed(text), markup=False, highlight=False)
    console.print()
    if source:
        _facts(console, {"source": source})


def _reflowed(text: str) -> str:
    """Join the lines of each paragraph, so that they break where the terminal ends; lists stay as they are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(p if re.search(r"^(\s|[-*] )", p, re.MULTILINE) else " ".join(p.split()) for p in paragraphs)


def _facts(console: Console, facts: Mapping[str, str]) -> None:
    for fact, value in facts.items():
        if value:
            console.print(f"{fact}: {value}", markup=False, highlight=False)


def _options(console: Console, prefix: str, options: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    from erc_bench.contracts.options import format_value, specs

    table = Table(box=None, header_style="dim")
    table.add_column("option", no_wrap=True)
    table.add_column("default")
    table.add_column("what it does, and what it may be")
    for name, spec in specs(options).items():
        by_regime = "".join(f"\n{regime}: {format_value(value)}" for regime, value in spec.regimes.items())
        does = Text.assemble(spec.description, "\n", (spec.expected(), "dim"))
        table.add_row(f"{prefix}{name}", Text(f"{format_value(spec.default)}{by_regime}"), does)
    if table.row_count:
        console.print()
        console.print(table)


def _pairs(values: Mapping[str, Any]) -> str:
    from erc_bench.contracts.options import format_value

    return ", ".join(f"{key} = {format_value(value)}" for key, value in values.items())


def entries_named(catalogue: Catalogue, name: str, kinds: Sequence[str]) -> list[Entry]:
    """Return what is called ``name`` (or ``kind.name``) among the kinds: a method and its objective often share one.

    Raises :class:`ErcBenchError` with near matches where nothing is.
    """
    from erc_bench.names import did_you_mean

    kind, dot, rest = name.partition(".")
    if dot and kind in kinds:
        catalogue.get(kind, rest)
        return [catalogue.entries(kind)[rest]]
    found = [catalogue.entries(each)[name] for each in kinds if name in catalogue.entries(each)]
    if not found:
        every = {known for each in kinds for known in catalogue.entries(each)}
        called = f"no {kinds[0]} is called" if len(kinds) == 1 else "nothing is called"
        raise ErcBenchError(f"{called} {name!r}; {did_you_mean(name, every)}", "\n".join(map(str, catalogue.broken)))
    return found
