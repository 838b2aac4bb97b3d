"""``erc-bench score``: the statistics of this package for predictions of any other code."""

from __future__ import annotations

from pathlib import Path

import click

from erc_bench.commands.options import is_typed, takes
from erc_bench.commands.output_file import XLSX, check_target, components_aside, form_for, write_file, write_text
from erc_bench.commands.text_sections import FORMATS
from erc_bench.planning.table_requests import ScoreRequest


@click.command()
@click.argument("predictions", type=click.Path(path_type=Path, dir_okay=False))
@takes(ScoreRequest)
@click.option(
    "--format",
    "form",
    type=click.Choice((*FORMATS, XLSX)),
    default="rich",
    show_default=True,
    help="Output format; xlsx is a workbook for spreadsheets, in the file of --output.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file; one that ends in .xlsx is a workbook.",
)
def score(request: ScoreRequest, predictions: Path, form: str, output: Path | None) -> None:
    """Score PREDICTIONS of any code against a corpus, or against another system's.

    PREDICTIONS is a CSV file, or a gzipped one (.csv.gz), with a header and one line for each labelled
    utterance:

    \b
      dialogue_id  the dialogue's id, as in predictions.csv of a run
                   (MELD: Dialogue_ID; EmoryNLP: scene_id; IEMOCAP: Ses05F_impro01)
      utterance    position of the utterance in its dialogue, from 0;
                   or Utterance_ID, its id in the corpus (and Dialogue_ID)
      predicted    the label that was answered
      gold         optional: checked against the corpus
      seed         optional: several runs in one file, each complete
      one column for each label, optional: its score

    The predictions.csv of a run is such a file. Ids that are unknown, missing or there twice are
    errors with their lines; nothing is dropped.
    """  # noqa: D301 (click reads the character, not the two signs)
    from erc_bench.commands.score_output import as_workbook, render
    from erc_bench.comparison.scoring.score_answers import score_files
    from erc_bench.corpora.corpus import load_corpus
    from erc_bench.experiments.components import HandedOver
    from erc_bench.planning.asked import folder_of

    form = form_for(form, is_typed("form"), output)
    check_target(output, form)
    files = [predictions, *([Path(request.against)] if request.against else [])]
    with components_aside():
        reader = HandedOver(request.plugins).catalogue().get("dataset", request.dataset)()
        scored = score_files(
            reader,
            load_corpus(reader, folder_of(request.data_dir)),
            files,
            split=request.split,
            metric=request.metric,
            cluster=request.cluster,
            alpha=request.alpha,
            unknown_as_wrong=request.unknown_as_wrong,
        )
    if form == XLSX and output is not None:
        write_file(as_workbook(scored), output)
    else:
        write_text(render(scored, form), output, form=form)
