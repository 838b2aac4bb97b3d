"""Read a file of conversations from any source. Nothing is dropped: what cannot be read is an error with its place.

What a file is, its ending says, or its content where that is not known. What was not read of it, and what was taken
for what, is among the notes of the document.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Literal

from erc_bench.corpora.conversations.conversation import Document, Format
from erc_bench.corpora.conversations.fields import USUAL, Columns
from erc_bench.corpora.conversations.forms.dailydialog import read_dailydialog
from erc_bench.corpora.conversations.forms.iemocap import read_transcription
from erc_bench.corpora.conversations.forms.json_values import read_json, read_jsonl
from erc_bench.corpora.conversations.forms.parquet import MAGIC, read_parquet
from erc_bench.corpora.conversations.forms.plain_text import read_text, speaker_and_words
from erc_bench.corpora.conversations.forms.recognised import Recognised, recognised
from erc_bench.corpora.conversations.forms.subtitles import read_subtitles
from erc_bench.corpora.conversations.forms.table import read_csv, read_tsv
from erc_bench.corpora.conversations.notes import told_wordless
from erc_bench.corpora.conversations.traces import without_traces
from erc_bench.corpora.reading import decoded, refuse_foreign
from erc_bench.errors import ErcBenchError, OptionName, naming

InputFormat = Literal["json", "jsonl", "csv", "tsv", "parquet", "text", "subtitles"]
STDIN = Path("-")
LARGEST = 256 * 2**20
_SHOWN = 60
_WRITTEN: Mapping[str, Format] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "text",
    ".text": "text",
}
_READ_ONLY: Mapping[str, InputFormat] = {".srt": "subtitles", ".vtt": "subtitles", ".parquet": "parquet"}


def read_document(file: Path, form: InputFormat | None = None, columns: Columns = USUAL) -> Document:
    """Read a file, or standard input for ``-``, in a format or in that of its name.

    Text, and what has no known ending, is read as what its content shows: JSON, a table, subtitles or plain text.
    Raises :class:`ErcBenchError` naming file and line, where the file holds no turn, and where two conversations
    would become one.
    """
    place = "standard input" if file == STDIN else str(file)
    content = _content(file, place)
    chosen = form or _READ_ONLY.get(file.suffix.lower()) or format_of(file)
    refuse_foreign(place, content)
    if chosen == "parquet" or (form is None and content.startswith(MAGIC)):
        document = read_parquet(content, place, columns)
    else:
        document = _read_text(decoded(content, place), place, chosen, form is not None, columns)
    if not document.order:
        raise ErcBenchError(f"{place} holds no turn", "A turn has a text, and perhaps a speaker.")
    if document.form != "text":
        _refuse_whole_conversations(document, place)
    document = without_traces(document)
    wordless = told_wordless(turn for _, turn, _ in document.in_order())
    return replace(document, notes=(*document.notes, *wordless))


def _refuse_whole_conversations(document: Document, place: str) -> None:
    """Raise where most texts are by nobody and name speakers at their lines, or are lists of what was said."""
    turns = [turn for _, turn, _ in document.in_order()]
    whole = [turn.text for turn in turns if not turn.speaker and _is_whole(turn.text.strip())]
    if 2 * len(whole) > len(turns):
        raise ErcBenchError(
            f"{place}: what is taken for the text of a turn is a whole conversation: {whole[0].strip()[:_SHOWN]!r}",
            "Write a row, or an object, for each turn, with speaker and text; or each conversation as a .txt file.",
        )


def _is_whole(text: str) -> bool:
    named = sum(speaker_and_words(line) is not None for line in text.splitlines())
    return named > 1 or (text.startswith(("['", '["')) and text.endswith("]"))


def _read_text(text: str, place: str, chosen: InputFormat | None, is_asked: bool, columns: Columns) -> Document:
    read: Recognised = "text" if chosen in (None, "parquet") else chosen  # type: ignore[assignment]
    if read == "text" and not is_asked:
        read = recognised(text, place)
    if columns.any_named and read not in _WITH_FIELDS:
        options = ", ".join(str(OptionName(f"{each}_column")) for each in ("speaker", "text", "utterance"))
        raise ErcBenchError(
            f"{place} is read as {read}, which has no columns to name",
            f"{OptionName('dialogue_columns')}, {options} are for JSON and tables.",
        )
    document = _READERS[read](text, place, columns)
    if chosen == "text" and read in _WITH_FIELDS:
        return replace(document, notes=(f"read as {read}, by its content", *document.notes))
    return document


def format_of(file: Path) -> Format | None:
    """Return the format that the name of a file tells, where answers can be written in it."""
    return _WRITTEN.get(file.suffix.lower())


def _content(file: Path, place: str) -> bytes:
    with (
        naming(f"{place} cannot be read"),
        nullcontext(sys.stdin.buffer) if file == STDIN else file.open("rb") as stream,
    ):
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ErcBenchError(f"{place} is larger than {LARGEST // 2**20} MiB", "Split it into several files.")
    return content


_WITH_FIELDS = ("json", "jsonl", "csv", "tsv")
_READERS: Mapping[Recognised, Callable[[str, str, Columns], Document]] = {
    "json": read_json,
    "jsonl": read_jsonl,
    "csv": read_csv,
    "tsv": read_tsv,
    "subtitles": read_subtitles,
    "dailydialog": read_dailydialog,
    "iemocap": read_transcription,
    "text": read_text,
}
