"""``erc-bench report``: everything that a folder of runs says, as one page."""

from __future__ import annotations

from pathlib import Path

import click

from erc_bench.commands.options import takes
from erc_bench.commands.output_file import check_target, components_aside, write_text
from erc_bench.planning.table_requests import PageRequest


@click.command()
@takes(PageRequest)
def report(request: PageRequest) -> None:
    """Make one page of stored runs that loads nothing and can be sent as a file.

    It holds tables with tests and captions, F1 of each class, figures, the utterances behind each
    confusion, and where every number comes from.
    """
    from erc_bench.experiments.report import report_of
    from erc_bench.output.report import render

    output = Path(request.output)
    check_target(output)
    with components_aside():
        found, notes = report_of(request)
    for note in (*notes, *found.comparison.notes, *found.notes):
        click.echo(f"Note: {note}", err=True)
    write_text(page := render(found), output, f" ({len(page.encode()) / 1e6:.1f} MB)")
