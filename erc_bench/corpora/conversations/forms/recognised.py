"""What a text is, by its content: a table or an export must not be taken for speech."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from erc_bench.corpora.conversations.fields import BESIDE, DIALOGUE, NUMBER, SPEAKER, TEXT, USUAL, folded, named
from erc_bench.corpora.conversations.forms.dailydialog import is_dailydialog
from erc_bench.corpora.conversations.forms.iemocap import is_transcription
from erc_bench.corpora.conversations.forms.json_values import is_json, is_json_lines
from erc_bench.corpora.conversations.forms.subtitles import is_subtitles
from erc_bench.corpora.conversations.forms.table import cells_of, refuse_turn_columns, separator_of
from erc_bench.corpora.conversations.lines import lines_of
from erc_bench.errors import ErcBenchError, OptionName

Recognised = Literal["json", "jsonl", "csv", "tsv", "subtitles", "dailydialog", "iemocap", "text"]
_KNOWN = frozenset((*SPEAKER, *DIALOGUE, *NUMBER, *BESIDE))


def recognised(text: str, place: str) -> Recognised:
    """Return what a text is; raises for one in columns without their names."""
    found = next((form for form, is_one in _SIGNS.items() if is_one(text)), None)
    if found is not None:
        return found
    _refuse_columns(text, place)
    return "text"


def _begins_json(text: str) -> bool:
    return text.lstrip().startswith(("{", "["))


def _names_columns(text: str) -> str | None:
    """Return the separator of a header that names a text and something else that tables of conversations have."""
    separator = separator_of(text, USUAL)
    first = next((line for _, line in lines_of(text) if line.strip()), "")
    names = [] if separator is None else cells_of(first, separator)
    others = [name for name in names if name != named(names, TEXT)]
    return separator if any(folded(name) in _KNOWN for name in others) else None


_SIGNS: Mapping[Recognised, Callable[[str], bool]] = {
    "json": lambda text: _begins_json(text) and is_json(text),
    "jsonl": lambda text: _begins_json(text) and is_json_lines(text),
    "subtitles": is_subtitles,
    "dailydialog": is_dailydialog,
    "iemocap": is_transcription,
    "tsv": lambda text: _names_columns(text) == "\t",
    "csv": lambda text: _names_columns(text) not in (None, "\t"),
}


def _refuse_columns(text: str, place: str) -> None:
    lines = [line for _, line in lines_of(text) if line.strip()]
    refuse_turn_columns(cells_of(lines[0], "\t") if lines else [], place)
    counts = {line.strip("\r").count("\t") for line in lines}
    spoken = all(line.split("\t")[0].rstrip().endswith(":") for line in lines)
    if len(lines) > 1 and len(counts) == 1 and 0 not in counts and not spoken:
        raise ErcBenchError(
            f"{place}: every line has {counts.pop() + 1} fields with tabs between them, and none names them",
            "Put their names on the first line, such as speaker, text, emotion, with tabs between;"
            f" {OptionName('input_format'):text} reads the lines as they are.",
        )
