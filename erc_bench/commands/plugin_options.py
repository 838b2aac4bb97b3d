"""``--plugin PATH.py``: components of a single file, for the commands that can use them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.output_file import components_aside

if TYPE_CHECKING:
    from erc_bench.plugin_host.catalogue import Catalogue
    from erc_bench.plugin_host.plugin_files import PluginFile


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
    help="A Python file with components that are not installed: its code runs. May be repeated.",
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


def brought_by(catalogue: Catalogue, plugins: Sequence[PluginFile]) -> list[str]:
    """Say in a line for each file what it brings; every kind of component is loaded for it."""
    if not plugins:
        return []
    from erc_bench.plugin_host.plugin_files import brought

    return [f"{file.shown} brings {', '.join(brought(catalogue, file))}" for file in plugins]
