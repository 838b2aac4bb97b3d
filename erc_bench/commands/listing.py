"""``erc-bench list``: what is installed, by kind, with its package and its paper."""

from __future__ import annotations

import sys

import click

_KINDS = {
    "datasets": "dataset",
    "backbones": "backbone",
    "encoders": "encoder",
    "objectives": "objective",
    "classifiers": "classifier",
    "methods": "method",
}


@click.command("list")
@click.argument("kind", required=False, type=click.Choice(list(_KINDS)))
def list_components(kind: str | None) -> None:
    """List what is installed of one KIND, or of all."""
    from rich.console import Console
    from rich.table import Table

    from erc_bench.catalogue import Catalogue

    console = Console(soft_wrap=not sys.stdout.isatty())
    catalogue = Catalogue()
    for title in [kind] if kind else _KINDS:
        table = Table("name", "package", "what it is", "source", title=title, title_justify="left", box=None)
        for entry in catalogue.entries(_KINDS[title]).values():
            component = entry.component
            summary = component.summary if title == "methods" else component.summary()
            table.add_row(entry.name, entry.package, summary, component.source)
        console.print(table)
        console.print()
    for broken in catalogue.broken:
        click.echo(f"Warning: {broken}", err=True)
