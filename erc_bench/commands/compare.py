"""``erc-bench compare``: tables with tests, from stored runs, without torch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from erc_bench.commands.compare_tests import (
    baseline_option,
    family_option,
    options_of_tests,
    tell_note,
    tests_asked_for,
)
from erc_bench.commands.number_types import alpha_option
from erc_bench.commands.output_file import check_target
from erc_bench.commands.standard_output import components_aside
from erc_bench.store.reading import without_collection

if TYPE_CHECKING:
    from erc_bench.comparison import Comparison
    from erc_bench.store.reading import StoredCell

FORMATS = ("rich", "markdown", "latex", "csv", "html", "json")


@click.command()
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs."
)
@click.option(
    "--suite",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Make the tables of this suite; only --runs, --data-dir, --format and --output (a folder) go with it.",
)
@click.option("--dataset", "datasets", multiple=True, help="Only this dataset; may be repeated.")
@click.option("--method", "methods", multiple=True, help="Only this method; may be repeated. The order is kept.")
@baseline_option
@click.option("--metric", help="weighted_f1, macro_f1, accuracy or micro_f1.  [default: the dataset's own]")
@click.option("--per-class", is_flag=True, help="Show F1 of each class instead, one table for each dataset.")
@click.option(
    "--reported",
    multiple=True,
    metavar="NAME[/TABLE]",
    help="Add published numbers as rows of their own: eacl2024, or one of its tables, eacl2024/table-4.",
)
@click.option(
    "--audit", is_flag=True, help="Add what the scores would be had test chosen the epochs (see run --audit)."
)
@click.option("--readout", "readouts", multiple=True, help="Add rows as this classifier read them; may be repeated.")
@family_option
@options_of_tests
@alpha_option()
@click.option("--format", "form", type=click.Choice(FORMATS), default="rich", show_default=True, help="Output format.")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file.")
@without_collection()
def compare(
    runs: Path, form: str, output: Path | None, suite: Path | None, data_dir: Path | None, **request: Any
) -> None:
    """Compare stored runs: mean and spread over seeds, and tests against a baseline."""
    from erc_bench.errors import ErcBenchError
    from erc_bench.experiments.comparing import compare_stored
    from erc_bench.store.reading import read_cells

    # A suite's tables are files in a folder.
    check_target(output / "table" if output and suite else output)
    cells = read_cells(runs)
    if not cells:
        raise ErcBenchError(
            f"there is no run below {str(runs)!r}",
            "Train something first with `erc-bench run`, or name the folder of runs with --runs.",
        )
    if suite is not None:
        _check_alone(click.get_current_context())
        _write_suite(suite, cells, form, output, data_dir)
        return
    tests = tests_asked_for(request)
    with components_aside():
        comparison = compare_stored(cells, tests=tests, data_dir=data_dir, tell=tell_note, **request)
    # A pipe or a file has no colours, even where the environment forces them on rich.
    if form == "rich" and output is None and sys.stdout.isatty():
        _show(comparison)
        return
    from erc_bench.output.tables import render

    write_text(render(comparison, form), output)


def _show(comparison: Comparison) -> None:
    from rich.console import Console

    from erc_bench.output.tables.rich_table import print_comparison

    print_comparison(comparison, Console())


_WITH_SUITE = {"runs", "suite", "form", "output", "data_dir"}


def _check_alone(context: click.Context) -> None:
    """Raise :class:`ErcBenchError` for an option that would change what a suite says of its tables."""
    from erc_bench.errors import ErcBenchError

    typed = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if odd := [name for name in typed if name not in _WITH_SUITE]:
        option = next(parameter for parameter in context.command.params if parameter.name == odd[0])
        raise ErcBenchError(
            f"{option.opts[0]} does not go with --suite, which says itself what its tables show",
            "Change the [[table]] of the suite, or leave --suite out.",
        )


def _write_suite(
    suite: Path, cells: Sequence[StoredCell], form: str, output: Path | None, data_dir: Path | None
) -> None:
    from erc_bench.commands.suite_tables import suite_tables

    for name, text in suite_tables(suite, cells, form, data_dir):
        write_text(text if output else f"{text}\n", output and output / name)


def write_text(text: str, output: Path | None) -> None:
    """Print text, or write it to a file and say so.

    Raises :class:`ErcBenchError` for a file that cannot be written.
    """
    from erc_bench.errors import ErcBenchError

    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ErcBenchError(f"{output} cannot be written: {error.strerror or error}") from error
    click.echo(f"Written to {output}.", err=True)
