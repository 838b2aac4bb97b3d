"""``erc-bench features``: take over vectors of utterances from other code, and hold them against a corpus."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.options import open_catalogue, plugin_option
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from erc_bench.plugin_host.plugin_files import PluginFile

SOME_FAILED = 1
_NAMED = 3
"""How many keys stand for all that are missing, or too many."""


@click.group("features")
def features() -> None:
    """Import vectors of utterances that other code computed, and verify that they cover a corpus."""


@features.command("import")
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", required=True, help="What the feature is called, such as commonsense, audio or visual.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The .safetensors file to write."
)
@click.option("--overwrite", is_flag=True, help="Replace the file where it is there already.")
def import_(source: Path, name: str, out: Path, overwrite: bool) -> None:
    """Read vectors from a .safetensors, .npz, .parquet or .json file, check them, and write one safetensors file.

    Each stands under SPLIT/DIALOGUE/INDEX (train/12/0), INDEX being the position of the turn in its dialogue, from 0;
    JSON nests the three, and parquet has the columns split, dialogue, utterance and features. Pickles are not read.
    """
    from erc_bench.commands.output_file import check_target
    from erc_bench.experiments.features import import_features

    if out.exists() and not overwrite:
        raise ErcBenchError(f"{out} is there already", "Choose another name, or add --overwrite.")
    check_target(out)
    imported = import_features(name, source, out)
    click.echo(f"{name}: {len(imported.vectors):,} utterances, {imported.dim} numbers each, written to {out}")


@features.command("verify")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dataset", required=True, help="The corpus whose turns it should cover.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Corpora. Default: $ERC_BENCH_DATA, else a cache.")
@plugin_option
def verify(file: Path, dataset: str, data_dir: Path | None, plugins: Sequence[PluginFile]) -> None:
    """Hold the FILE that import wrote against all turns of a corpus, scored or not: those missing, those too many.

    The exit code is 1 where there are any.
    """
    from erc_bench.commands.data_tables import console_for_output, plain_table
    from erc_bench.corpora.corpus import load_corpus
    from erc_bench.corpora.features.feature_file import read_features

    corpus_class = open_catalogue(plugins).get("dataset", dataset)
    found = read_features(file)
    coverage = found.coverage(load_corpus(corpus_class(), data_dir).splits)
    console = console_for_output()
    console.print(f"{found.name}: {found.dim} numbers for each of {len(found.vectors):,} utterances", soft_wrap=True)
    table = plain_table("split", "turns", "covered", "missing", "surplus", numbers_from=1)
    for part in coverage:
        missing, surplus = len(part.missing), len(part.surplus)
        table.add_row(part.split, *map(str, (part.turns, part.turns - missing, missing, surplus)))
    console.print(table)
    for part in coverage:
        _tell("Missing", part.missing)
        _tell("Surplus", part.surplus)
    if any(part.missing or part.surplus for part in coverage):
        sys.exit(SOME_FAILED)


def _tell(what: str, keys: Sequence[str]) -> None:
    if keys:
        further = f" and {len(keys) - _NAMED:,} more" if len(keys) > _NAMED else ""
        click.echo(f"{what}: {', '.join(keys[:_NAMED])}{further}")
