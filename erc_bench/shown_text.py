"""What is printed on a terminal or a pipe that knows few characters: others stand in for those, and nothing fails.

Windows gives redirected output the code page of the country (cp1252), and a server without a locale ASCII.
"""

from __future__ import annotations

import codecs
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_STAND_INS = "stand-ins of erc-bench"
_ALIKE = {
    **{"†": "+", "‡": "#", "±": "+/-", "·": "|", "•": "*", "…": "...", "→": "->", "≤": "<=", "≥": ">=", "²": "2"},
    **{"\N{MULTIPLICATION SIGN}": "x", "\N{MINUS SIGN}": "-", "\N{SECTION SIGN}": "section "},
    **{"\N{GREEK SMALL LETTER ALPHA}": "alpha", "\N{GREEK SMALL LETTER RHO}": "rho", "τ": "tau", "κ": "kappa"},
}
"""Characters that this program prints, in ASCII."""
_CATEGORIES = {"Pd": "-", "Pi": '"', "Pf": '"'}
"""Dashes and quotation marks."""


STANDARD_OUTPUT = "standard output"
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but for tabs and ends of lines, marks that turn the direction of writing, halves of characters."""


def visible(text: str) -> str:
    """Return a text with U+FFFD for what would steer a terminal; joiners, which belong to emoji, stay."""
    return _STEERING.sub("\ufffd", text)


class NamedStream:
    """A stream whose errors of writing name it: the system says of a disk that is full, but not whose."""

    def __init__(self, stream: Any, words: str) -> None:
        self._stream = stream
        self._words = words

    def write(self, content: Any) -> Any:
        """Write as the stream does."""
        with self._naming():
            return self._stream.write(content)

    def flush(self) -> None:
        """Hand on what was written."""
        with self._naming():
            self._stream.flush()

    @property
    def buffer(self) -> NamedStream:
        """The stream of bytes below one of text."""
        return NamedStream(self._stream.buffer, self._words)

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = self._words
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class VisibleStream:
    """A stream of text that prints what it is given as :func:`visible` shows it; bytes pass by it, as ``buffer``.

    rich, whose escape sequences are its own, finds the stream behind it under ``rich_proxied_file``.
    """

    def __init__(self, stream: Any) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        """Print a text; return its length."""
        self.rich_proxied_file.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Print texts one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def show_everywhere() -> None:
    """Let standard output and standard error print any text, whatever they know of it, and let none steer a terminal.

    A stream of another kind, of a notebook for example, takes all text as it is.
    """
    codecs.register_error(_STAND_INS, _stand_in)
    for name, words in (("stdout", STANDARD_OUTPUT), ("stderr", "standard error")):
        stream = getattr(sys, name)
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not isinstance(stream, VisibleStream):
            reconfigure(errors=_STAND_INS)
            setattr(sys, name, VisibleStream(NamedStream(stream, words)))


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_alike, error.object[error.start : error.end])), error.end


def _alike(sign: str) -> str:
    if stand_in := _ALIKE.get(sign) or _CATEGORIES.get(unicodedata.category(sign)):
        return stand_in
    name = unicodedata.name(sign, "")
    if name.startswith("BOX DRAWINGS"):
        return {(True, False): "-", (False, True): "|"}.get(("HORIZONTAL" in name, "VERTICAL" in name), "+")
    # The letter below an accent says more than a question mark.
    letter = unicodedata.normalize("NFKD", sign)[0]
    return letter if letter.isascii() else "?"
