"""``erc-bench split``: a corpus in one file becomes train, dev and test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.options import is_typed, takes
from erc_bench.errors import ErcBenchError, OptionName, naming
from erc_bench.planning.table_requests import SplitRequest

if TYPE_CHECKING:
    from erc_bench.corpora.conversations.parts import Part, Splitter


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@takes(SplitRequest)
def split(request: SplitRequest, file: Path) -> None:
    """Split the labelled conversations in FILE into train.csv, dev.csv and test.csv.

    FILE is what predict reads: a table, JSON, or a corpus's own form. No dialogue is in two parts; utterances,
    dialogues and each label have nearly the shares that were asked for. The same seed gives the same split.
    --disjoint speaker keeps all dialogues together that share a speaker. --folds 5 makes five such splits, in which
    every dialogue is in test once.

    Split once, before anything trains, and publish the files: a split that is drawn again is another corpus.
    """
    from erc_bench.corpora.conversations.fields import Columns
    from erc_bench.corpora.conversations.forms.reading import read_document
    from erc_bench.corpora.conversations.parts import Splitter, is_read_otherwise

    out = Path(request.out)
    _check(request)
    columns = Columns(
        tuple(request.dialogue_columns),
        request.speaker_column,
        request.text_column,
        request.utterance_column,
        request.label_column,
    )
    document = read_document(file, None, columns)
    for note in document.notes:
        click.echo(f"Note: {note}", err=True)
    if is_read_otherwise(document):
        click.echo("Note: rows stay as they stand in FILE: order and texts are for the dataset to put right", err=True)
    splitter = Splitter(document, request.label_column, request.disjoint, request.seed)
    made = dict(_made(splitter, request, out))
    _write(made, splitter.columns, request.overwrite)
    _tell(made, splitter)


def _check(request: SplitRequest) -> None:
    if request.folds is not None:
        for share in filter(is_typed, ("dev", "test")):
            raise ErcBenchError(
                f"{OptionName(share)} does not go with {OptionName('folds'):{request.folds}}",
                "Of each fold, dev and test are one part each, and train is the rest.",
            )
        return
    if request.dev + request.test >= 1:
        raise ErcBenchError(
            f"{OptionName('dev'):{request.dev:g}} and {OptionName('test'):{request.test:g}} leave nothing to train on",
            "Their sum is below 1.",
        )


def _made(splitter: Splitter, request: SplitRequest, out: Path) -> Iterator[tuple[Path, Mapping[str, Part]]]:
    if request.folds is None:
        yield out, splitter.splits(request.dev, request.test)
        return
    for number, parts in enumerate(splitter.folds(request.folds), 1):
        yield out / f"fold-{number}", parts


def _write(made: Mapping[Path, Mapping[str, Part]], columns: list[str], overwrite: bool) -> None:
    from erc_bench.store.regular_files import replace_output

    files = {folder / f"{name}.csv": part for folder, parts in made.items() for name, part in parts.items()}
    there = [file for file in files if file.exists()]
    if there and not overwrite:
        raise ErcBenchError(
            f"{there[0]} is there already: runs may have been made with it", "Name another folder, or add --overwrite."
        )
    for file, part in files.items():
        with naming(f"{file} cannot be written"):
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_output(file, part.text(columns).encode(errors="replace"))


def _tell(made: Mapping[Path, Mapping[str, Part]], splitter: Splitter) -> None:
    from rich.text import Text

    from erc_bench.commands.data_tables import console_for_output, plain_table
    from erc_bench.commands.predict_output import printable
    from erc_bench.corpora.conversations.parts import table_of

    console = console_for_output()
    for folder, parts in made.items():
        labels = () if splitter.label_column is None else (splitter.label_column,)
        table = plain_table("split", "dialogues", "utterances", *labels)
        for row in table_of(parts):
            table.add_row(*(Text(printable(str(cell))) for cell in row[: len(table.columns)]))
        console.print(f"{folder}", soft_wrap=True)
        console.print(table)
    if splitter.label_column is None:
        console.print(f"No column of labels was found: {OptionName('label_column'):NAME} balances them as well.")
