"""``erc-bench list``: what is installed, by kind, with its package and its paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from erc_bench.commands.options import open_catalogue, plugin_option

if TYPE_CHECKING:
    from erc_bench.plugin_host.plugin_files import PluginFile

_KINDS = ("datasets", "backbones", "encoders", "objectives", "classifiers", "methods", "observers")


@click.command("list")
@click.argument("kind", required=False, type=click.Choice(_KINDS), metavar="[KIND]")
@plugin_option
def list_components(kind: str | None, plugins: tuple[PluginFile, ...]) -> None:
    """List what is installed, of all kinds or of one."""
    from rich.table import Table
    from rich.text import Text

    from erc_bench.running.terminal_progress import open_console

    console = open_console()
    catalogue = open_catalogue(plugins)
    for title in [kind] if kind else _KINDS:
        table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="dim")
        for column in ("name", "package"):
            table.add_column(column, no_wrap=True)
        table.add_column("what it is, and its source")
        for entry in catalogue.entries(title.removesuffix("s")).values():
            component = entry.component
            summary = component.summary if title == "methods" else component.summary()
            table.add_row(
                Text(entry.name), Text(entry.package), Text.assemble(summary, "\n", (component.source, "dim"))
            )
        console.print(table)
        console.print()
    for broken in catalogue.broken:
        click.echo(f"Warning: {broken}", err=True)
