"""``erc-bench predict``: label new conversations with a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from erc_bench.commands.options import takes
from erc_bench.commands.output_file import XLSX, check_target, components_aside, form_for
from erc_bench.errors import ErcBenchError
from erc_bench.planning.run_requests import PredictRequest

if TYPE_CHECKING:
    from erc_bench.corpora.conversations.conversation import Document, Format
    from erc_bench.training.saved_models.saved_model import Prediction, SavedModel

_TABLE = "table"
_STDOUT = Path("-")


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@takes(PredictRequest)
def predict(request: PredictRequest, run: Path, file: Path) -> None:
    """Label the conversations in FILE with the model of RUN.

    RUN is the folder of a cell that was run with --save-model, or one above it that holds a single model.
    FILE, or standard input for "-", is one of:

    \b
      .json        a conversation {"id": ..., "utterances": [{"speaker": ..., "text": ...}, ...]},
                   a list of turns, a list or an object of either, or a corpus's own JSON
      .jsonl       a conversation or a turn on each line
      .csv, .tsv   columns text, and perhaps speaker, dialogue_id and utterance_id (or those of a corpus)
      .parquet     a row for each turn, or for each conversation
      .srt, .vtt   subtitles, a cue for each turn
      .txt         Speaker: what is said, or [date, time] Speaker: what is said (an export of a chat);
                   a blank line begins another conversation

    Near names (conv_id, author, message ...) are understood, any others named by --dialogue-column,
    --speaker-column, --text-column and --utterance-column. A note names what was not read. An id or a number
    that begins anew is an error that names the columns that would tell the conversations apart. Turns are read
    in the order of their numbers and written as they stood.

    Each line of a text that is not blank is a turn. What stands before its first colon is the speaker, where
    that has at most three words and 40 characters and a blank or nothing follows the colon; any other line is by
    the speaker of the line before, or by nobody named. In the other formats what is not understood is an error
    with its place.

    The answer is added as emotion, or as predicted_emotion where FILE has an emotion already, and the scores likewise.
    docs/predict.md shows it.

    Nothing is fetched. Turns before an utterance are its context, so give conversations whole.

    A model that reads audio, faces or commonsense wants their vectors: --feature NAME=FILE, one for each turn, found by
    the id of the conversation in FILE and the position of the turn in it, from 0.
    """  # noqa: D301 (click reads the character, not the two signs)
    from erc_bench.commands.predict_output import as_document, as_workbook, print_caveats, print_table
    from erc_bench.corpora.conversations.fields import Columns
    from erc_bench.corpora.conversations.forms.reading import read_document
    from erc_bench.planning.asked import folder_of

    output = folder_of(request.output)
    target = None if output == _STDOUT else output
    # Where the ending of the file does not say it, the format of the conversations may.
    is_workbook = form_for(request.form or "", request.form is not None, output) == XLSX
    check_target(target, XLSX if is_workbook else "")
    if target is not None and target.exists() and file.exists() and target.samefile(file):
        raise ErcBenchError(f"--output {output} is FILE itself", "Name another file.")
    # A mistake in the file is told before a model is loaded for it.
    columns = Columns(
        tuple(request.dialogue_columns), request.speaker_column, request.text_column, request.utterance_column
    )
    document = read_document(file, request.input_format, columns)
    form = XLSX if is_workbook else _form(request.form, output, document)
    if form == _TABLE and output is not None:
        raise ErcBenchError("--format table is for the terminal", "Leave out --output, or choose another format.")
    model, predictions = _answers(run, document, request)
    if form == _TABLE:
        print_table(model, document, predictions)
        return
    if form == XLSX and target is not None:
        as_workbook(document, predictions, target)
    else:
        as_document(document, predictions, cast("Format", form), target)
    print_caveats(model, document)


def _form(asked: str | None, output: Path | None, document: Document) -> str:
    from erc_bench.corpora.conversations.forms.reading import format_of

    if asked is not None or output is None:
        return asked or _TABLE
    form = format_of(output)
    if form is None and output.suffix:
        raise ErcBenchError(
            f"{output.name}: answers are not written as {output.suffix}",
            "Name a .json, .jsonl, .csv, .tsv, .txt or .xlsx file, or say which it is: --format csv.",
        )
    return form or document.form


def _answers(run: Path, document: Document, request: PredictRequest) -> tuple[SavedModel, list[list[Prediction]]]:
    from erc_bench.training.saved_models.files import find_model

    folder = find_model(run)
    from erc_bench.experiments.components import HandedOver
    from erc_bench.planning.given_features import given_features
    from erc_bench.training.saved_models.description import read_description
    from erc_bench.training.saved_models.new_features import features_of
    from erc_bench.training.saved_models.saved_model import load_model

    # Vectors that are missing are told before a model is loaded for the others.
    features = features_of(read_description(folder), given_features(request.features), document.conversations)
    with components_aside():
        catalogue = HandedOver(request.plugins).catalogue()
        model = load_model(folder, readout=request.readout, device=request.device, catalogue=catalogue)
        return model, model.predict_conversations(document.conversations, features)
