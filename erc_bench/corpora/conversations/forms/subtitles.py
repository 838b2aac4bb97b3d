"""Conversations in subtitles: SubRip (``.srt``) and WebVTT (``.vtt``). A cue is a turn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from erc_bench.corpora.conversations.conversation import Conversation, Document, Turn, in_sequence
from erc_bench.corpora.conversations.fields import Columns
from erc_bench.corpora.conversations.forms.plain_text import speaker_and_words
from erc_bench.corpora.conversations.lines import lines_of
from erc_bench.errors import ErcBenchError

_CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMES = re.compile(rf"\s*(?P<start>{_CLOCK})\s*-->\s*(?P<end>{_CLOCK})(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+(?P<speaker>[^>]+)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<[\d:.]+>|\{\\[^{}]*\}")
_MOST_WORDS = 6
_DASH = re.compile(r"\s*[-\u2013]\s*(?=\S)")


def is_subtitles(text: str) -> bool:
    """Whether a text is subtitles: ``WEBVTT`` first, or the times of a cue on the first or second line."""
    first = [line.strip() for _, line in lines_of(text) if line.strip()][:2]
    return bool(first) and (first[0].startswith("WEBVTT") or any(map(_TIMES.fullmatch, first)))


def read_subtitles(text: str, place: str, _columns: Columns) -> Document:
    """Return the one conversation of subtitles; raises where there is a cue without its times.

    A speaker is named by ``<v Ann>`` or ``Ann:``. Lines of a cue that begin with a dash are turns of their own.
    """
    turns = tuple(turn for cue in _cues(text, place, _long_names(text)) for turn in cue)
    read = (Conversation(turns),) if turns else ()
    nobody = sum(not turn.speaker for turn in turns)
    notes = [f"{nobody} of {len(turns)} cues name no speaker"] if 0 < nobody < len(turns) else []
    notes += ["no turn names a speaker"] if nobody == len(turns) else []
    return Document("csv", read, in_sequence(read), tuple(notes))


def _long_names(text: str) -> frozenset[str]:
    """Return the starts of lines that are too long for a name elsewhere, and are one where they come again."""
    heads = (_TAG.sub("", line).partition(": ") for _, line in lines_of(text))
    counts = Counter(head.strip() for head, colon, _ in heads if colon and len(head.split()) <= _MOST_WORDS)
    return frozenset(head for head, count in counts.items() if count > 1)


def _cues(text: str, place: str, names: frozenset[str]) -> Iterator[list[Turn]]:
    block: list[tuple[int, str]] = []
    for number, line in (*lines_of(text), (0, "")):
        if line.strip():
            block.append((number, line))
        elif block:
            yield _turns(block, place, names)
            block = []


def _turns(block: list[tuple[int, str]], place: str, names: frozenset[str]) -> list[Turn]:
    if block[0][1].startswith(("WEBVTT", "NOTE", "STYLE", "REGION", "X-TIMESTAMP-MAP")):
        return []
    at = next((at for at, (_, line) in enumerate(block[:2]) if _TIMES.fullmatch(line)), None)
    if at is None:
        raise ErcBenchError(
            f"{place}, line {block[0][0]}: a cue without times: {block[0][1][:60]!r}",
            "Its first or second line is written like 00:00:01,000 --> 00:00:02,500; blank lines stand between cues.",
        )
    times = _TIMES.fullmatch(block[at][1])
    fields = {} if times is None else {"start": times["start"], "end": times["end"]}
    spoken = [_spoken(line, names) for line in _joined([line for _, line in block[at + 1 :]], names)]
    return [Turn(speaker, said, {**fields, "speaker": speaker, "text": said}) for speaker, said in spoken]


def _joined(lines: list[str], names: frozenset[str]) -> list[str]:
    """Return what is said in a cue: one line, or one for each that has a dash or a speaker of its own."""
    said: list[str] = []
    for line in lines:
        own = _DASH.match(line) or _VOICE.search(line) or _named(_TAG.sub("", line), names)
        if own or not said:
            said.append(line)
        else:
            said[-1] += f" {line}"
    return said


def _named(line: str, names: frozenset[str]) -> tuple[str, str] | None:
    head, _, words = line.strip().partition(": ")
    return (head.strip(), words.strip()) if head.strip() in names else speaker_and_words(line)


def _spoken(line: str, names: frozenset[str]) -> tuple[str, str]:
    voice = _VOICE.search(line)
    words = " ".join(_TAG.sub("", _VOICE.sub("", line)).split())
    words = _DASH.sub("", words, count=1) if _DASH.match(words) else words
    if voice is not None:
        return voice["speaker"].strip(), words
    return _named(words, names) or ("", words)
