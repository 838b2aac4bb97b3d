"""``erc-bench plot``: figures of stored runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.compare_tests import baseline_option
from erc_bench.commands.number_types import alpha_option
from erc_bench.commands.standard_output import components_aside

if TYPE_CHECKING:
    from erc_bench.output.figures import Drawn

FORMATS = ("png", "svg", "pdf", "csv")


@click.command()
@click.argument("kind", metavar="KIND")
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs."
)
@click.option("--dataset", "datasets", multiple=True, help="Only this dataset; may be repeated.")
@click.option("--method", "methods", multiple=True, help="Only this method; may be repeated. The order is kept.")
@baseline_option
@click.option("--readout", "readouts", multiple=True, help="Add rows as this classifier read them; may be repeated.")
@click.option("--metric", help="weighted_f1, macro_f1, accuracy or micro_f1.  [default: the dataset's own]")
@alpha_option("Intervals have the level 1 - alpha.")
@click.option("--seed", type=int, help="The seed whose representations are shown.  [default: the first]")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="A file (one figure; its ending says the format) or a folder.  [default: figures]",
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="csv writes the numbers.  [default: png]")
def plot(kind: str, runs: Path, output: Path | None, form: str | None, **wanted: Any) -> None:
    """Draw figures of stored runs.

    KIND is confusion, anchors, representations, seeds, forest, curves or calibration. Each figure is
    written, and its caption printed, which is also inside the file.
    """
    from erc_bench.errors import ErcBenchError
    from erc_bench.experiments.comparing import corpus_gold
    from erc_bench.output.figures import draw, save
    from erc_bench.store.reading import read_cells

    cells = read_cells(runs)
    if not cells:
        raise ErcBenchError(
            f"there is no run below {str(runs)!r}",
            "Train something first with `erc-bench run`, or name the folder of runs with --runs.",
        )
    with components_aside():
        drawn = draw(kind, cells, gold_of=corpus_gold(None), **wanted)
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
