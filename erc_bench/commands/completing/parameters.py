"""The completions of every command's options, in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import click
from click.shell_completion import CompletionItem

from erc_bench.commands.completing.cache import installed_names, installed_of

Offer = Callable[[click.Context, str], Iterable[CompletionItem]]


# Newer versions of click have a generic type here, older ones one that takes no argument.
class Completed(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A type that takes every text, as the one does in whose place it stands, and offers completions."""

    name = "text"

    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    def shell_complete(self, ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the completions; none after a fault, which never lands in the user's command line."""
        try:
            return [item for item in self._offer(ctx, incomplete) if item.value.startswith(incomplete)]
        except Exception:
            return []


def teach(command: click.Command) -> click.Command:
    """Attach completions to the parameters of a command that is being completed, not run."""
    for parameter in command.params:
        offer = _offer_of(command, parameter)
        if offer is not None:
            parameter.type = Completed(offer)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            teach(inner)
    return command


def _offer_of(command: click.Command, parameter: click.Parameter) -> Offer | None:
    if isinstance(parameter, click.Argument):
        return _ARGUMENTS.get((str(command.name), str(parameter.name)))
    return next((_OPTIONS[option] for option in parameter.opts if option in _OPTIONS), None)


def _names(kind: str, _context: click.Context, _incomplete: str) -> Iterable[CompletionItem]:
    return map(CompletionItem, installed_of(kind))


def _backbones(_context: click.Context, incomplete: str) -> Iterable[CompletionItem]:
    if incomplete.startswith(("/", ".", "~")):
        return [CompletionItem(incomplete, type="dir")]
    return map(CompletionItem, installed_of("backbone"))


def _everything(_context: click.Context, _incomplete: str) -> Iterable[CompletionItem]:
    kinds = installed_names().kinds
    names = {name for found in kinds.values() for name in found} | {"training"}
    return map(CompletionItem, sorted(names))


def _settings(context: click.Context, incomplete: str) -> Iterable[CompletionItem]:
    """Offer ``slot.option=``, behind ``method:`` for one method alone, and the values of those that have few."""
    method, colon, address = incomplete.rpartition(":")
    left, equals, _ = address.partition("=")
    asked = context.params
    methods = [method] if colon else _several(asked.get("methods"))
    known = installed_names().addresses(methods, _several(asked.get("datasets")), _several(asked.get("backbones")))
    if equals:
        return [CompletionItem(f"{method}{colon}{left}={value}") for value in known.get(left, [])]
    return [CompletionItem(f"{method}{colon}{each}=") for each in known]


def _observers(_context: click.Context, incomplete: str) -> Iterable[CompletionItem]:
    name, colon, _ = incomplete.partition(":")
    if not colon:
        return map(CompletionItem, installed_of("observer"))
    options = installed_names().options.get("observer", {}).get(name, {})
    return [CompletionItem(f"{name}:{option}=") for option in options]


def _several(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, (tuple, list)) else []


_OPTIONS: Mapping[str, Offer] = {
    "--method": partial(_names, "method"),
    "--baseline": partial(_names, "method"),
    "--dataset": partial(_names, "dataset"),
    "--backbone": _backbones,
    "--readout": partial(_names, "classifier"),
    "--observer": _observers,
    "--set": _settings,
}
_ARGUMENTS: Mapping[tuple[str, str], Offer] = {
    ("show", "name"): _everything,
    ("check", "name"): _everything,
    **{(command, "name"): partial(_names, "dataset") for command in ("status", "fetch", "verify")},
}
