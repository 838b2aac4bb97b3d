"""Which observers hear of a run: ``NAME`` or ``NAME:OPTION=VALUE``, checked before anything runs.

They are no part of a cell's settings: a run is the same whoever hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from importlib import import_module
from typing import Any

from erc_bench.contracts.observer import Observer
from erc_bench.contracts.options import parse_value, specs
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.plugin_host.catalogue import Catalogue


@dataclass(frozen=True)
class ChosenObserver:
    """An observer and its options, to be built in every process that runs cells.

    It names its class by module and qualified name, so that a process can be told of it before it has
    loaded the plugin.
    """

    name: str
    module: str
    qualname: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def build(self) -> Observer:
        """Build it; whatever the observer raises comes through."""
        component: Any = reduce(getattr, self.qualname.split("."), import_module(self.module))
        built: Observer = component(component.Options(**self.options))
        return built


def choose_observers(texts: Iterable[str], catalogue: Catalogue) -> tuple[ChosenObserver, ...]:
    """Read what was asked for; an observer that is named several times has all of these options.

    Each is built once, to find out what it lacks. Raises :class:`ErcBenchError` for a name, an option
    or a value that does not exist, and for what an observer raises.
    """
    options: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, colon, setting = text.partition(":")
        component = catalogue.get("observer", name)
        options.setdefault(name, {}).update([_option(text, component, setting)] if colon else [])
    chosen = tuple(_chosen(catalogue.get("observer", name), given) for name, given in options.items())
    for each in chosen:
        _try(each)
    return chosen


def _option(text: str, component: type[Observer], setting: str) -> tuple[str, Any]:
    option, equals, value = setting.partition("=")
    if not equals or not option:
        raise ErcBenchError(
            f"{OptionName('observers')} {text!r} is not of the form NAME or NAME:OPTION=VALUE",
            "An observer with two options is named twice: NAME:A=1 and NAME:B=2.",
        )
    declared = specs(component.Options)
    if option not in declared:
        raise ErcBenchError(
            f"{OptionName('observers')} {text}: the observer {component.name!r} has no option {option!r};"
            f" {did_you_mean(option, declared)}"
        )
    try:
        return option, declared[option].convert(parse_value(value.strip()))
    except ValueError as error:
        raise ErcBenchError(f"{OptionName('observers')} {text}: {option} {error}") from None


def _chosen(component: type[Observer], options: Mapping[str, Any]) -> ChosenObserver:
    return ChosenObserver(component.name, component.__module__, component.__qualname__, options)


def _try(chosen: ChosenObserver) -> None:
    # An observer is a stranger's code; what was asked for by name is not left out in silence.
    try:
        chosen.build()
    except ErcBenchError:
        raise
    except (Exception, SystemExit) as error:
        raise ErcBenchError(f"the observer {chosen.name!r} cannot start: {type(error).__name__}: {error}") from error
