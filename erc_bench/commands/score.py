"""``erc-bench score``: the statistics of this package for predictions of any other code."""

from __future__ import annotations

from pathlib import Path

import click

from erc_bench.commands.number_types import alpha_option
from erc_bench.commands.output_file import check_target
from erc_bench.commands.standard_output import components_aside

FORMATS = ("rich", "markdown", "json")


@click.command()
@click.argument("predictions", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dataset", required=True, help="The corpus that was answered: meld, emorynlp, iemocap, …")
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Predictions of another system: the difference (PREDICTIONS less these) with interval and tests.",
)
@click.option(
    "--split", type=click.Choice(["train", "dev", "test"]), default="test", show_default=True, help="What was answered."
)
@click.option("--metric", help="weighted_f1, macro_f1, accuracy or micro_f1.  [default: the dataset's own]")
@click.option(
    "--cluster",
    type=click.Choice(["dialogue", "episode", "session"]),
    default="dialogue",
    show_default=True,
    help="What is taken for independent; episodes and sessions where the corpus knows them.",
)
@alpha_option("Intervals have the level 1 - alpha.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Corpora. Default: $ERC_BENCH_DATA, else a cache.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="rich", show_default=True, help="Output format.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def score(
    predictions: Path,
    dataset: str,
    against: Path | None,
    split: str,
    metric: str | None,
    cluster: str,
    alpha: float,
    data_dir: Path | None,
    form: str,
    output: Path | None,
) -> None:
    """Score PREDICTIONS of any code against a corpus, or against another system's.

    PREDICTIONS is a CSV file, or a gzipped one (.csv.gz), with a header and one line for each labelled
    utterance:

    \b
      dialogue_id  the dialogue's id, as in predictions.csv of a run
                   (MELD: Dialogue_ID; EmoryNLP: scene_id; IEMOCAP: Ses05F_impro01)
      utterance    position of the utterance in its dialogue, from 0
      predicted    the label that was answered
      gold         optional: checked against the corpus
      seed         optional: several runs in one file, each complete
      one column for each label, optional: its score

    The predictions.csv of a run is such a file. Ids that are unknown, missing or there twice are
    errors with their lines; nothing is dropped.
    """  # noqa: D301 (click reads the character, not the two signs)
    from typing import cast

    from erc_bench.commands.compare import write_text
    from erc_bench.commands.score_output import render
    from erc_bench.comparison.scoring.score_answers import score_files
    from erc_bench.contracts.types import SplitName
    from erc_bench.corpora.corpus import load_corpus
    from erc_bench.plugin_host.catalogue import Catalogue

    check_target(output)
    files = [predictions, *([against] if against else [])]
    with components_aside():
        reader = Catalogue().get("dataset", dataset)()
        scored = score_files(
            reader,
            load_corpus(reader, data_dir),
            files,
            split=cast(SplitName, split),
            metric=metric,
            cluster=cluster,
            alpha=alpha,
        )
    write_text(render(scored, form), output)
