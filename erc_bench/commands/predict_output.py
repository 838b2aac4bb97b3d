"""What ``erc-bench predict`` shows: a table of turns, or the document with answers added."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.output_file import write_file, write_text
from erc_bench.corpora.conversations.conversation import Conversation, Document, Format
from erc_bench.corpora.conversations.writing import TurnAnswer, sheet_rows, write
from erc_bench.running.terminal_progress import open_console
from erc_bench.shown_text import visible
from erc_bench.store.record import MUCH_UNKNOWN

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.training.saved_models.saved_model import Prediction, SavedModel


def as_document(
    document: Document, predictions: Sequence[Sequence[Prediction]], form: Format, output: Path | None
) -> None:
    """Print or write the document in a format, with emotion and scores added."""
    write_text(write(document, _answers(predictions), form), output, form=form)


def as_workbook(document: Document, predictions: Sequence[Sequence[Prediction]], output: Path) -> None:
    """Write the document as a sheet with a row for every turn, emotion and scores added."""
    from erc_bench.output.workbook import workbook

    write_file(workbook({"predictions": sheet_rows(document, _answers(predictions))}), output)


def _answers(predictions: Sequence[Sequence[Prediction]]) -> list[list[TurnAnswer]]:
    return [[TurnAnswer(each.emotion, each.scores) for each in own] for own in predictions]


def print_caveats(model: SavedModel, document: Document) -> None:
    """Say on standard error what is to be known of the answers, and of how the file was read."""
    for note in document.notes:
        click.echo(f"Note: {printable(note)}", err=True)
    for caveat in model.caveats:
        click.echo(f"Note: {caveat}", err=True)
    share = model.unknown_share(document.conversations)
    if share >= MUCH_UNKNOWN:
        click.echo(
            f"Note: {100 * share:.0f} % of the tokens of this file are unknown to the model's backbone,"
            f" {model.description.backbone}, which reads one sign in the place of each.",
            err=True,
        )


def print_table(model: SavedModel, document: Document, predictions: Sequence[Sequence[Prediction]]) -> None:
    """Print a table for each conversation, what the model is, and what is to be known of its answers."""
    console = open_console()
    several = len(document.conversations) > 1
    for number, (conversation, own) in enumerate(zip(document.conversations, predictions, strict=True), start=1):
        _print_conversation(console, _title(conversation, number) if several else conversation.id, own, model)
    read = "" if model.reading == model.description.readings()[0] else f", read by {model.reading}"
    console.print(f"{model.name}{read}. Labels: {', '.join(model.labels)}.", markup=False, highlight=False)
    print_caveats(model, document)


def _title(conversation: Conversation, number: int) -> str:
    return conversation.id or f"conversation {number}"


def _print_conversation(console: Console, title: str, predictions: Sequence[Prediction], model: SavedModel) -> None:
    from rich.table import Table
    from rich.text import Text

    if not predictions:
        console.print(f"{printable(title)}: no turns\n", markup=False, highlight=False)
        return
    table = Table(box=None, title=Text(printable(title)) if title else None, title_justify="left", header_style="dim")
    table.add_column("turn", justify="right", no_wrap=True)
    if any(each.speaker for each in predictions):
        table.add_column("speaker", max_width=16, overflow="fold")
    table.add_column("text", overflow="fold")
    table.add_column("emotion", no_wrap=True)
    table.add_column("score" if model.description.is_system else "probability", justify="right", no_wrap=True)
    for number, each in enumerate(predictions, start=1):
        named = [Text(printable(each.speaker))] if len(table.columns) == _WITH_SPEAKER else []
        said = Text(printable(each.text))
        score = f"{each.score:.2f}" if each.emotion else ""
        table.add_row(str(number), *named, said, Text(each.emotion, style="bold"), score)
    console.print(table)
    console.print()


_WITH_SPEAKER = 5


def printable(text: str) -> str:
    """Return one line without characters that would steer a terminal."""
    return visible(" ".join(text.split()))
