"""``erc-bench report``: everything that a folder of runs says, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from erc_bench.commands.compare_tests import (
    baseline_option,
    family_option,
    options_of_tests,
    tests_asked_for,
    with_groups,
)
from erc_bench.commands.number_types import alpha_option
from erc_bench.commands.output_file import check_target
from erc_bench.commands.standard_output import components_aside

FIGURES = ("forest", "seeds", "curves", "calibration", "anchors", "confusion", "representations")


@click.command()
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The page to write.",
)
@click.option("--title", default="", help="The page's title.  [default: the names of the datasets]")
@click.option("--dataset", "datasets", multiple=True, help="Only this dataset; may be repeated.")
@click.option("--method", "methods", multiple=True, help="Only this method; may be repeated. The order is kept.")
@baseline_option
@click.option("--metric", help="weighted_f1, macro_f1, accuracy or micro_f1.  [default: the dataset's own]")
@click.option("--readout", "readouts", multiple=True, help="Add rows as this classifier read them; may be repeated.")
@click.option("--reported", multiple=True, metavar="NAME[/TABLE]", help="Add published numbers as rows of their own.")
@family_option
@options_of_tests
@alpha_option()
@click.option(
    "--figure",
    "figures",
    type=click.Choice(FIGURES),
    multiple=True,
    help="Only this kind of figure, of all rows; may be repeated.  [default: all but confusion and"
    " representations; kinds with a panel for each row show the baseline and the best rows]",
)
@click.option("--no-figures", is_flag=True, help="Leave figures out.")
@click.option(
    "--include-text",
    is_flag=True,
    help="Put in the text of corpora whose licence forbids passing it on (IEMOCAP): keep such a page to yourself.",
)
def report(runs: Path, output: Path, figures: tuple[str, ...], no_figures: bool, **wanted: Any) -> None:
    """Make one page of stored runs that loads nothing and can be sent as a file.

    It holds tables with tests and captions, F1 of each class, figures, the utterances behind each
    confusion, and where every number comes from.
    """
    from erc_bench.errors import ErcBenchError
    from erc_bench.output.report import FIGURES as USUAL
    from erc_bench.output.report import ReportRequest, collect, render
    from erc_bench.store.reading import read_cells

    if figures and no_figures:
        raise ErcBenchError("--figure and --no-figures contradict each other", "Leave one of them.")
    check_target(output)
    cells = read_cells(runs)
    if not cells:
        raise ErcBenchError(
            f"there is no run below {str(runs)!r}",
            "Train something first with `erc-bench run`, or name the folder of runs with --runs.",
        )
    tests = tests_asked_for(wanted)
    request = ReportRequest(
        figures=() if no_figures else figures or USUAL, all_rows=bool(figures), tests=tests, **wanted
    )
    with components_aside():
        found = collect(with_groups(cells, tests, request.data_dir, request.datasets, request.methods), request)
    for note in (*found.comparison.notes, *found.notes):
        click.echo(f"Note: {note}", err=True)
    _write(render(found), output)


def _write(page: str, output: Path) -> None:
    from erc_bench.errors import ErcBenchError

    content = page.encode()
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(content)
    except OSError as error:
        raise ErcBenchError(f"{output} cannot be written: {error.strerror or error}") from error
    click.echo(f"Written to {output} ({len(content) / 1e6:.1f} MB).", err=True)
