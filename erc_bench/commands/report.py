"""``erc-bench report``: everything that a folder of runs says, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.options import takes
from erc_bench.commands.output_file import check_target, components_aside, write_text
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.table_requests import PageRequest

if TYPE_CHECKING:
    from erc_bench.output.report import Report


@click.command()
@takes(PageRequest)
def report(request: PageRequest) -> None:
    """Make one page of stored runs that loads nothing and can be sent as a file.

    It holds tables with tests and captions, F1 of each class, figures, the utterances behind each
    confusion, and where every number comes from.
    """
    from erc_bench.output.report import render

    output = Path(request.output)
    check_target(output)
    with components_aside():
        found, notes = _collected(request)
    for note in (*notes, *found.comparison.notes, *found.notes):
        click.echo(f"Note: {note}", err=True)
    write_text(page := render(found), output, f" ({len(page.encode()) / 1e6:.1f} MB)", "html")


def _collected(request: PageRequest) -> tuple[Report, list[str]]:
    """Return what the page shows, and what must be said of the corpora that were read for it."""
    from erc_bench.experiments.compare import cells_of, with_groups
    from erc_bench.experiments.components import HandedOver
    from erc_bench.output.report import FIGURES, ReportRequest, collect
    from erc_bench.planning.asked import folder_of, shared

    if request.figures and request.no_figures:
        both = f"{OptionName('figures')} and {OptionName('no_figures')}"
        raise ErcBenchError(f"{both} contradict each other", "Leave one of them.")
    notes: list[str] = []
    figures = () if request.no_figures else request.figures or FIGURES
    chosen = shared(request, ReportRequest) | {"figures": figures, "data_dir": folder_of(request.data_dir)}
    asked = ReportRequest(tests=request.tests, all_rows=bool(request.figures), **chosen)
    catalogue = HandedOver(request.plugins).catalogue()
    return collect(with_groups(cells_of(request.runs), request, notes.append), asked, catalogue), notes
