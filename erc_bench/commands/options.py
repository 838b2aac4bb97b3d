"""Requests as options: what a command takes is what its request declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click
from click.core import ParameterSource

from erc_bench.commands.output_file import components_aside
from erc_bench.errors import OptionName
from erc_bench.planning.asked import Asked, Field, fields_of
from erc_bench.planning.run_requests import PLUGIN

if TYPE_CHECKING:
    from erc_bench.plugin_host.catalogue import Catalogue
    from erc_bench.plugin_host.plugin_files import PluginFile

P = ParamSpec("P")
R = TypeVar("R", bound=Asked)
T = TypeVar("T")


def load_plugins(
    context: click.Context, _parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[PluginFile, ...]:
    """Load the files that are named, each once."""
    if not paths or context.resilient_parsing:  # the words of a command line that is still being typed
        return ()
    from erc_bench.plugin_host.plugin_files import load_plugin_file

    with components_aside():
        # One file may be named by two paths.
        return tuple({file.path: file for file in map(load_plugin_file, paths)}.values())


plugin_option = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH.py",
    callback=load_plugins,
    help=PLUGIN,
)
"""Gives a command the argument ``plugins``: the files, loaded, as :func:`open_catalogue` takes them."""


def open_catalogue(plugins: Sequence[PluginFile] = ()) -> Catalogue:
    """Return the catalogue of what is installed and of what the files bring."""
    from erc_bench.plugin_host.catalogue import Catalogue

    catalogue = Catalogue()
    if plugins:
        from erc_bench.plugin_host.plugin_files import add_plugin_files

        add_plugin_files(catalogue, plugins)
    return catalogue


def split_names(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of an option that may be repeated, each of them by itself: ``ce,eacl`` is two.

    A folder whose name has a comma is one name.
    """
    return tuple(name for text in given for name in _names(text) if name)


def _names(text: str) -> list[str]:
    if "," not in text or Path(text).exists():
        return [text]
    return [name.strip() for name in text.split(",")]


_CALLBACKS: dict[str, dict[str, Any]] = {
    # What is read while the command line is, since other options are understood with it.
    "plugins": {"callback": load_plugins, "type": click.Path(path_type=Path)},
    **{name: {"callback": split_names} for name in ("methods", "datasets", "backbones", "readouts")},
}


class FiniteFloat(click.FloatRange):
    """A number in a range; nan, which no bound stops, and infinity are mistakes of their own."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


def takes(
    request: type[R], leave: Collection[str] = (), arguments: Collection[str] = ()
) -> Callable[[Callable[Concatenate[R, P], T]], Callable[P, T]]:
    """Give a command the options of a request, which it is called with.

    ``leave`` names the fields that it has not, ``arguments`` those that stand without the name of an option.
    """
    fields = [field for field in fields_of(request) if field.name not in leave]

    def decorate(command: Callable[Concatenate[R, P], T]) -> Callable[P, T]:
        @wraps(command)
        def called(*args: P.args, **typed: P.kwargs) -> T:
            return command(request(**{field.name: typed.pop(field.name) for field in fields}), *args, **typed)

        for field in reversed(fields):
            option_of(field, field.name in arguments)(called)
        return called

    return decorate


def option_of(field: Field, as_argument: bool = False) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Return the option of a field, or the argument."""
    if as_argument:
        return click.argument(field.name, type=_type(field), required=field.is_required)
    default = field.spec.default
    usual = f"  [default: {field.usual}]" if field.usual else ""
    settings: dict[str, Any] = {"help": f"{field.spec.description}{usual}", "metavar": field.metavar or None}
    if field.types == (bool,):
        settings["is_flag"] = True
    elif field.several:
        settings |= {"type": _type(field), "multiple": True, "required": field.is_required}
        if default and not field.is_required:
            settings["default"] = (default,) if isinstance(default, str) else default
    elif field.is_required:
        settings |= {"type": _type(field), "required": True}
    else:
        settings |= {"type": _type(field), "default": default, "show_default": default not in (None, "")}
    return click.option(OptionName(field.name).flag, field.name, **settings | _CALLBACKS.get(field.name, {}))


def _type(field: Field) -> Any:
    limits = field.spec.declared
    if field.choices:
        return click.Choice(field.choices)
    if field.is_path:
        is_file, is_folder = field.metavar == "FILE", field.metavar == "DIRECTORY"
        return click.Path(path_type=Path, dir_okay=not is_file, file_okay=not is_folder, allow_dash=is_file)
    if field.item is int:
        return int if limits.at_least is None else click.IntRange(min=int(limits.at_least))
    if field.item is float:
        open_ends = {"min_open": limits.above is not None, "max_open": limits.below is not None}
        low, high = limits.at_least if limits.above is None else limits.above, limits.below
        return FiniteFloat(low, limits.at_most if high is None else high, **open_ends)
    return str


def is_typed(name: str) -> bool:
    """Whether an option or argument of the command that runs was typed."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def typed_beside(allowed: Collection[str]) -> str:
    """Return the first option that was typed and is none of those allowed; empty where there is none."""
    context = click.get_current_context()
    typed = (each for each in context.command.params if each.name not in allowed)
    given = (each for each in typed if context.get_parameter_source(each.name or "") is ParameterSource.COMMANDLINE)
    return next((each.opts[0] for each in given), "")
