"""How wide text will be in print, roughly, and where to break it: a layout is chosen before LaTeX measures."""

# ruff: noqa: RUF001 - the characters that look like others are the matter

from __future__ import annotations

import re

# In em, for Computer Modern; Times is narrower.
_WIDTHS = {
    0.28: "ijlI.,;:'|!` ",
    0.39: "frst()[]{}-/",
    0.53: "",
    0.75: "ABCDEFGHKLNOPQRSTUVXYZ&%@§",
    0.82: "mwMW+<>=~±≤≥−×→←↑⇒",
}
_WIDTH_OF = {character: width for width, characters in _WIDTHS.items() for character in characters}
_OTHER = 0.53
_INDENT = 1.0
"""What a continued line is moved in, in em (a quad)."""
_SIGN = "·"
# A setting such as encoder.template=paper, or a long name, may be broken after these.
_PIECES = re.compile(r"[^=./_-]*[=./_-]+|[^=./_-]+")


def ems(text: str) -> float:
    """Return the width of text in print, in em."""
    return sum(_WIDTH_OF.get(character, _OTHER) for character in text)


def wrapped(text: str, most: float, indent: float = _INDENT) -> list[str]:
    """Break text into lines of at most so many em; one that cannot be broken stays longer."""
    lines: list[str] = []
    line = ""
    for space, piece in _pieces(text, most - indent):
        room = most - (indent if lines else 0)
        if line and ems(line + space + piece) > room:
            lines.append(line)
            line = piece
        else:
            line += space + piece if line else piece
    return [*lines, line]


def _pieces(text: str, most: float) -> list[tuple[str, str]]:
    """Return what may stand on a line of its own, each with what joins it to the piece before."""
    found: list[tuple[str, str]] = []
    for word in text.split():
        # The sign between two parts of a label ends no line.
        joins = bool(found) and found[-1][1] == _SIGN
        room = most - (ems(f"{_SIGN} ") if joins else 0.0)
        first, *others = [word] if ems(word) <= room else _PIECES.findall(word)
        found.append((found.pop()[0], f"{_SIGN} {first}") if joins else (" ", first))
        found += [("", part) for part in others]
    return found
