"""``erc-bench predict``: label new conversations with a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from erc_bench.commands.plugin_option import open_catalogue, plugin_option
from erc_bench.commands.target import check_target
from erc_bench.errors import ErcBenchError

if TYPE_CHECKING:
    from erc_bench.conversations.model import Document, Format
    from erc_bench.saved_models.model import Prediction, SavedModel

_FORMATS = click.Choice(["json", "jsonl", "csv", "text"])
_TABLE = "table"


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--input-format", type=_FORMATS, help="Format of FILE.  [default: by its ending; else JSON or text]")
@click.option(
    "--format",
    "form",
    type=click.Choice([_TABLE, *_FORMATS.choices]),
    help="A table, or FILE with emotion and scores added.  [default: table; with --output the format of its ending]",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--readout", help="Answer by this further classifier that read the training.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@plugin_option
def predict(run: Path, file: Path, **asked: Any) -> None:
    """Label the conversations in FILE with the model of RUN.

    RUN is the folder of a cell that was run with --save-model, or one above it that holds a single model.
    FILE, or standard input for "-", is one of:

    \b
      .json        a conversation {"id": ..., "utterances": [{"speaker": ..., "text": ...}, ...]},
                   a list of them, or a list of turns
      .jsonl       a conversation or a turn on each line
      .csv         columns text, and perhaps speaker and dialogue_id (or those of MELD)
      .txt         Speaker: what is said; a blank line begins another conversation

    Nothing is fetched. Turns before an utterance are its context, so give conversations whole.
    """  # noqa: D301 (click reads the character, not the two signs)
    from erc_bench.commands.predict_output import as_document, print_caveats, print_table
    from erc_bench.conversations.reading import read_document

    output: Path | None = asked["output"]
    check_target(output)
    if output is not None and output.exists() and file.exists() and output.samefile(file):
        raise ErcBenchError(f"--output {output} is FILE itself", "Name another file.")
    # A mistake in the file is told before a model is loaded for it.
    document = read_document(file, asked["input_format"])
    form = _form(asked["form"], output, document)
    if form == _TABLE and output is not None:
        raise ErcBenchError("--format table is for the terminal", "Leave out --output, or choose another format.")
    model, predictions = _answers(run, document, asked)
    if form == _TABLE:
        print_table(model, document, predictions)
        return
    as_document(document, predictions, cast("Format", form), output)
    print_caveats(model)


def _form(asked: str | None, output: Path | None, document: Document) -> str:
    from erc_bench.conversations.reading import format_of

    if asked is not None or output is None:
        return asked or _TABLE
    return format_of(output) or document.form


def _answers(run: Path, document: Document, asked: dict[str, Any]) -> tuple[SavedModel, list[list[Prediction]]]:
    from erc_bench.saved_models.finding import find_model

    folder = find_model(run)
    from erc_bench.saved_models.model import load_model

    catalogue = open_catalogue(asked["plugins"])
    model = load_model(folder, readout=asked["readout"], device=asked["device"], catalogue=catalogue)
    return model, model.predict_conversations(document.conversations)
