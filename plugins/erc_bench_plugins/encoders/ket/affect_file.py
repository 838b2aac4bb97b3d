"""Files of affect: valence, arousal and dominance of words, as the NRC VAD lexicon gives them."""

from __future__ import annotations

import math
from pathlib import Path

import erc_bench.api as erc
from erc_bench_plugins.encoders.ket.tabbed_lines import TabbedLines

_FORM = (
    "Each line holds a word, its valence, its arousal and its dominance, with tabs between them and each from 0 to 1,"
    " as in version 1 of the NRC VAD lexicon. Version 2 counts from -1 to 1: its numbers x are (x + 1) / 2 here."
)
_HEADS = ("word", "term")


def read_affect(file: Path) -> dict[str, float]:
    """Return the strength of affect of each word, from 0 to 1 over the file.

    It is ‖(V - 1/2, A / 2)‖, how far a word is from a neutral valence without arousal, scaled so that the weakest of
    the file is 0 and the strongest 1 (Zhong et al. 2019). Raises :class:`ErcBenchError` naming a line of
    another form, and for a file whose words are all alike.
    """
    strengths: dict[str, float] = {}
    lines = TabbedLines(file, _FORM)
    for place, fields in lines:
        if fields == [""] or (place == 1 and fields[0].lower() in _HEADS):
            continue
        strengths[fields[0].lower()] = _strength(lines, place, fields)
    low, high = min(strengths.values(), default=0.0), max(strengths.values(), default=0.0)
    if low == high:
        raise erc.ErcBenchError(f"{file} holds no words that differ in affect", _FORM)
    return {word: (strength - low) / (high - low) for word, strength in strengths.items()}


def _strength(lines: TabbedLines, place: int, fields: list[str]) -> float:
    if len(fields) != 4:
        raise lines.fault(place, f"{len(fields)} fields stand in it")
    try:
        numbers = [float(field) for field in fields[1:]]
    except ValueError:
        raise lines.fault(place, "what follows the word are no numbers") from None
    if not all(0 <= number <= 1 for number in numbers):
        raise lines.fault(place, f"{' '.join(fields[1:])[:60]} are not all from 0 to 1")
    return math.hypot(numbers[0] - 0.5, numbers[1] / 2)
