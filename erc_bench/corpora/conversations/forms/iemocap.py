"""A conversation as IEMOCAP's release transcribes it: ``Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.``."""

from __future__ import annotations

import re

from erc_bench.corpora.conversations.conversation import Document, Turn
from erc_bench.corpora.conversations.fields import Columns, roles_of
from erc_bench.corpora.conversations.forms.plain_text import speaker_and_words
from erc_bench.corpora.conversations.grouping import Group, document_of
from erc_bench.corpora.conversations.lines import lines_of
from erc_bench.corpora.conversations.turns import PlacedTurn
from erc_bench.errors import ErcBenchError

_TIME = r"-?\d+(?:\.\d+)?"
_TURN = re.compile(
    rf"(?P<dialogue>\w+)_(?P<speaker>[FM])(?P<number>XX\d*|\d+)\s+\[(?P<start>{_TIME})-(?P<end>{_TIME})\]:(?P<text>.*)",
    re.ASCII,
)


def is_transcription(text: str) -> bool:
    """Whether the first line of a text is a turn of a transcription of IEMOCAP."""
    first = next((line for _, line in lines_of(text) if line.strip()), "")
    return _TURN.fullmatch(first.strip()) is not None


def read_transcription(text: str, place: str, _columns: Columns) -> Document:
    """Return the conversations of transcriptions, their turns in the order in which they begin.

    A line without the name of a turn is a remark outside of it, as the corpus's own reading has it.
    """
    groups: dict[str, Group] = {}
    starts: dict[str, list[float]] = {}
    remarks = at = 0
    for number, line in lines_of(text):
        found = _TURN.fullmatch(line.strip())
        here = f"{place}, line {number}"
        if found is None:
            if line.strip() and speaker_and_words(line) is None:
                raise ErcBenchError(
                    f"{here}: not a turn of IEMOCAP's release: {line[:60]!r}",
                    "A turn is written like Ses01F_impro01_F000 [006.2901-008.2357]: text.",
                )
            remarks += bool(line.strip())
            continue
        group = groups.setdefault(found["dialogue"], Group(found["dialogue"], {"id": found["dialogue"]}, "utterances"))
        starts.setdefault(found["dialogue"], []).append(float(found["start"]))
        group.add(at, _turn(found, here))
        at += 1
    late = sum(_by_start(group, starts[name]) for name, group in groups.items())
    notes = ["read as a transcription of IEMOCAP's release"]
    if remarks:
        notes.append(f"{remarks} lines without the name of a turn are left out")
    if late:
        notes.append(f"the turns of {late} conversations do not stand in the order of time: read in that order")
    roles = roles_of(("speaker", "text"), Columns(), place)
    return document_of(list(groups.values()), roles, "jsonl", notes)


def _turn(found: re.Match[str], place: str) -> PlacedTurn:
    text = found["text"].strip()
    fields = {
        "turn": f"{found['dialogue']}_{found['speaker']}{found['number']}",
        "start": found["start"],
        "end": found["end"],
        "speaker": found["speaker"],
        "text": text,
    }
    return PlacedTurn(Turn(found["speaker"], text, fields), place, ("speaker", "text"))


def _by_start(group: Group, starts: list[float]) -> bool:
    """Put the turns of a group in the order of their starts; whether they were in another."""
    order = sorted(range(len(starts)), key=starts.__getitem__)
    moved = order != list(range(len(starts)))
    group.turns = [group.turns[at] for at in order]
    group.positions = [group.positions[at] for at in order]
    return moved
