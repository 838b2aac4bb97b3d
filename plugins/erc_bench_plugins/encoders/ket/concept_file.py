"""Files of concepts: assertions as ConceptNet publishes them, or words and concepts with a score."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import erc_bench.api as erc
from erc_bench_plugins.encoders.ket.tabbed_lines import TabbedLines

Concepts = dict[str, dict[str, float]]
"""Of each word its concepts, and how strongly each of them belongs to it: above 0."""

_FORM = (
    "Each line holds a word, a concept and a number with tabs between them; or it is an assertion of ConceptNet: "
    'address, relation, start, end and {"weight": NUMBER}.'
)
_LEAST = 1.0
"""The weight that ConceptNet gives an assertion of one source; what weighs less is in doubt."""


def read_concepts(file: Path) -> Concepts:
    """Return the concepts of each word of a file.

    Of ConceptNet's assertions, those between English terms that weigh 1 at least are read, in both directions: of each
    two that are connected one is a concept of the other. A plain line speaks of its word alone. Of a pair that comes
    more than once the largest score counts; words are lower-cased. Raises :class:`ErcBenchError` naming a line of
    another form, and for a file that holds nothing.
    """
    concepts: Concepts = {}
    for word, concept, score in _pairs(file):
        known = concepts.setdefault(word.lower(), {})
        known[concept.lower()] = max(score, known.get(concept.lower(), 0.0))
    if not concepts:
        raise erc.ErcBenchError(f"{file} holds no concept of an English word that weighs {_LEAST:g} at least", _FORM)
    return concepts


def _pairs(file: Path) -> Iterator[tuple[str, str, float]]:
    lines = TabbedLines(file, _FORM)
    for place, fields in lines:
        if len(fields) == 3:
            yield fields[0], fields[1], _score(lines, place, fields[2])
        elif len(fields) == 5:
            yield from _assertion(lines, place, fields)
        elif fields != [""]:
            raise lines.fault(place, f"{len(fields)} fields stand in it")


def _assertion(lines: TabbedLines, place: int, fields: list[str]) -> Iterator[tuple[str, str, float]]:
    start, end = _english(fields[2]), _english(fields[3])
    if not start or not end or start == end:
        return
    weight = _weight(lines, place, fields[4])
    if weight >= _LEAST:
        yield start, end, weight
        yield end, start, weight


def _english(address: str) -> str:
    """Return the words of an English term, as of ``/c/en/ice_cream/n``; of another language nothing."""
    parts = address.split("/")
    return parts[3].replace("_", " ") if parts[:3] == ["", "c", "en"] and len(parts) > 3 else ""


def _weight(lines: TabbedLines, place: int, text: str) -> float:
    try:
        return _score(lines, place, str(json.loads(text)["weight"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise lines.fault(place, 'its last field is no object with a "weight"') from None


def _score(lines: TabbedLines, place: int, text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not 0 < score < math.inf:
        raise lines.fault(place, f"{text[:40]!r} is no number above 0")
    return score
