"""Lines of chat exports and transcripts that begin with a date or a time: ``[12.05.24, 10:24] Cy: We won!``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d{1,6})?)?(?:\s?[AaPp]\.?\s?[Mm]\b\.?)?"
_DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\.?"
_DATED = rf"{_DATE}(?:,?\s+|T){_TIME}(?:\s?Z|\s?[+-]\d{{2}}:?\d{{2}})?"
_STAMP = re.compile(
    rf"(?:\[(?P<squared>{_DATED}|{_TIME})\]|\((?P<rounded>{_DATED}|{_TIME})\))\s*(?:[-\u2013]\s+)?(?P<after>.*)"
    rf"|(?P<dashed>{_DATED}|{_TIME})\s+[-\u2013]\s+(?P<behind>.*)"
    rf"|(?P<bare>{_DATED}|{_TIME})(?:\s+|:\s+)(?P<rest>.*)",
    re.DOTALL,
)
_BEHIND = re.compile(
    rf"(?P<speaker>[^\s:(\[][^:(\[]{{0,59}}?)\s*[(\[](?P<time>{_DATED}|{_TIME})[)\]]\s*:\s+(?P<text>.*)", re.DOTALL
)
_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Marks of the direction of writing, which exports of chats put before names and dates."""
_NAMED = re.compile(r"(?P<speaker>[^\s:<][^:]{0,59}?)\s*:(?:\s+(?P<text>.*))?", re.DOTALL)
_NICK = re.compile(r"<[@+ ]?(?P<speaker>[^<>\s][^<>]{0,39})>\s+(?P<text>.*)", re.DOTALL)
_QUOTES = frozenset('"“”«»')
_MOST_WORDS = 6


@dataclass(frozen=True)
class StampedLine:
    """A line that begins with a time: who says what, and nobody where it names none."""

    time: str
    speaker: str
    text: str


_HEAD = re.compile(rf"(?P<speaker>[^\s:][^:\t]{{0,58}}[^\s:])\s{{2,}}(?P<time>{_DATED}|{_TIME})")
"""A line with nothing but a name and a time, some blanks between, below which the words stand."""


def stamped(line: str) -> StampedLine | None:
    """Take a line apart that has a date, a time or both before its speaker or behind; ``None`` for any other.

    Without brackets or a dash, what looks like a time is one only before a speaker.
    """
    bare = _MARKS.sub("", line).strip()
    behind = _BEHIND.fullmatch(bare)
    if behind is not None:
        return StampedLine(behind["time"], behind["speaker"], behind["text"])
    head = _HEAD.fullmatch(bare)
    if head is not None and len(head["speaker"].split()) <= _MOST_WORDS:
        return StampedLine(head["time"], head["speaker"], "")
    found = _STAMP.fullmatch(bare)
    if found is None or (found["bare"] and _spoken(found["rest"]) is None):
        return None
    time = next(filter(None, (found[name] for name in ("squared", "rounded", "dashed", "bare"))))
    said = next((found[name] for name in ("after", "behind", "rest") if found[name] is not None), "")
    return StampedLine(time, *(_spoken(said) or ("", said)))


def _spoken(said: str) -> tuple[str, str] | None:
    """Return speaker and words; after a time, a name may be longer than in a text without."""
    found = _NICK.fullmatch(said) or _NAMED.fullmatch(said)
    if found is None or len(found["speaker"].split()) > _MOST_WORDS or _QUOTES & set(found["speaker"]):
        return None
    return found["speaker"], found["text"] or ""
