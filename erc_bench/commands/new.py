"""``erc-bench new``: a package for a component, to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from erc_bench.plugin_host.scaffold import Kind, check_free, names_of


@click.command("new")
@click.argument("kind", type=click.Choice(get_args(Kind)))
@click.argument("name")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Folder of the package, which must be empty or not there. Default: erc-bench-NAME.",
)
def new(kind: Kind, name: str, output: Path | None) -> None:
    """Write an installable package for a KIND of component called NAME, which works as it is and is yours to change.

    A method is an objective together with the recipe that makes a row of a table of it.
    """
    from erc_bench.plugin_host.catalogue import Catalogue
    from erc_bench.plugin_host.scaffold import next_steps, write_package

    names, catalogue = names_of(kind, name), Catalogue()
    installed = {each: catalogue.entries(each).values() for each in (names.kind, names.slot)}
    check_free(names, {each: {entry.name: entry.package for entry in found} for each, found in installed.items()})
    folder = output or Path(names.package)
    for path in write_package(names, folder):
        click.echo(f"wrote {path}")
    shown = folder.as_posix() if folder.is_absolute() else f"./{folder.as_posix()}"
    click.echo("\n".join(["", "What to type next:", *(f"  {line}" for line in next_steps(names, shown))]))
