"""``erc-bench compare``: tables with tests, from stored runs, without torch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.options import is_typed, takes, typed_beside
from erc_bench.commands.output_file import XLSX, check_target, components_aside, form_for, write_file, write_text
from erc_bench.errors import ErcBenchError
from erc_bench.planning.table_requests import CompareRequest
from erc_bench.store.reading import without_collection

if TYPE_CHECKING:
    from erc_bench.comparison import Comparison
    from erc_bench.store.reading import StoredCell

FORMATS = ("rich", "markdown", "latex", "csv", "html", "json", "xlsx")


_FORMAT = "Output format; xlsx is a workbook for spreadsheets, in the file of --output."
_OUTPUT = "Write to this file; one that ends in .xlsx is a workbook."


@click.command()
@takes(CompareRequest)
@click.option(
    "--suite",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Make the tables of this suite; only --runs, --data-dir, --plugin, --format and --output (a folder) go"
    " with it.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="rich", show_default=True, help=_FORMAT)
@click.option("--output", type=click.Path(path_type=Path), help=_OUTPUT)
@without_collection()
def compare(request: CompareRequest, suite: Path | None, form: str, output: Path | None) -> None:
    """Compare stored runs: mean and spread over seeds, and tests against a baseline."""
    from erc_bench.experiments.compare import cells_of, compare_stored

    form = form_for(form, is_typed("form"), None if suite else output)
    if form == XLSX and suite is not None:
        raise ErcBenchError(
            "--format xlsx does not go with --suite, whose tables are text", "Choose csv, or make one table at a time."
        )
    # A suite's tables are files in a folder.
    check_target(output / "table" if output and suite else output, form)
    cells = cells_of(request.runs)
    if suite is not None:
        if odd := typed_beside(_WITH_SUITE):
            raise ErcBenchError(
                f"{odd} does not go with --suite, which says itself what its tables show",
                "Change the [[table]] of the suite, or leave --suite out.",
            )
        _write_suite(suite, cells, request, form, output)
        return
    with components_aside():
        comparison = compare_stored(cells, request, tell_note)
    # A pipe or a file has no colours, even where the environment forces them on rich.
    if form == "rich" and output is None and sys.stdout.isatty():
        _show(comparison)
        return
    if form == XLSX and output is not None:
        from erc_bench.output.tables.xlsx_table import render as as_workbook

        write_file(as_workbook(comparison), output)
        return
    from erc_bench.output.tables import render

    write_text(render(comparison, form), output, form=form)


def tell_note(sentence: str) -> None:
    """Say something that belongs beside a table."""
    click.echo(f"Note: {sentence}", err=True)


def _show(comparison: Comparison) -> None:
    from erc_bench.output.tables.rich_table import print_comparison
    from erc_bench.output.terminal import SafeConsole

    print_comparison(comparison, SafeConsole())


_WITH_SUITE = {"runs", "suite", "form", "output", "data_dir", "plugins"}


def _write_suite(
    suite: Path, cells: Sequence[StoredCell], request: CompareRequest, form: str, output: Path | None
) -> None:
    from erc_bench.experiments.compare import suite_tables

    with components_aside():
        tables = list(suite_tables(suite, cells, form, request.data_dir, tell_note, request.plugins))
    for name, text in tables:
        write_text(text if output else f"{text}\n", output and output / name, form=form)
