"""Lines of a text."""

from __future__ import annotations


def lines_of(text: str) -> list[tuple[int, str]]:
    """Return lines with their numbers; LF or CRLF ends a line and nothing else does."""
    return [(number, line.removesuffix("\r")) for number, line in enumerate(text.split("\n"), start=1)]
