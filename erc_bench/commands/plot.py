"""``erc-bench plot``: figures of stored runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.options import takes
from erc_bench.commands.output_file import components_aside
from erc_bench.planning.table_requests import PlotRequest

if TYPE_CHECKING:
    from erc_bench.output.figures import Drawn

FORMATS = ("png", "svg", "pdf", "csv")


@click.command()
@click.argument("kind", metavar="KIND")
@takes(PlotRequest)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="A file (one figure; its ending says the format) or a folder.  [default: figures]",
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="csv writes the numbers.  [default: png]")
def plot(request: PlotRequest, kind: str, output: Path | None, form: str | None) -> None:
    """Draw figures of stored runs.

    KIND is confusion, anchors, representations, seeds, forest, curves or calibration. Each figure is
    written, and its caption printed, which is also inside the file.
    """
    from erc_bench.experiments.compare import cells_of, corpus_gold
    from erc_bench.output.figures import draw, save
    from erc_bench.output.figures.selected_rows import Wanted
    from erc_bench.planning.asked import folder_of, shared

    cells = cells_of(request.runs)
    gold_of = corpus_gold(folder_of(request.data_dir), request.plugins)
    with components_aside():
        drawn = draw(kind, cells, gold_of=gold_of, **shared(request, Wanted))
    for note in dict.fromkeys(note for each in drawn for note in each.notes):
        click.echo(f"Note: {note}", err=True)
    for each, path in zip(drawn, _paths(drawn, output, form), strict=True):
        save(each, path)
        click.echo(f"Written to {path}.", err=True)
        click.echo(each.caption)


def _paths(drawn: Sequence[Drawn], output: Path | None, form: str | None) -> list[Path]:
    from erc_bench.errors import ErcBenchError

    if output is None or not output.suffix or output.is_dir():
        return [(output or Path("figures")) / f"{each.name}.{form or 'png'}" for each in drawn]
    ending = output.suffix.removeprefix(".").lower()
    if form not in (None, ending):
        raise ErcBenchError(f"--output {output} ends in {ending!r}, and --format says {form}", "Leave one of them.")
    if len(drawn) > 1:
        raise ErcBenchError(
            f"{len(drawn)} figures do not fit into one file: {', '.join(each.name for each in drawn)}",
            "Name a folder with --output, or fewer datasets or methods with --dataset and --method.",
        )
    return [output]
