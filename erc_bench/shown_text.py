"""What is printed on a terminal or a pipe that knows few characters: others stand in for those, and nothing fails.

Windows gives redirected output the code page of the country (cp1252), and a server without a locale ASCII.
"""

from __future__ import annotations

import codecs
import sys
import unicodedata
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


def show_everywhere() -> None:
    """Let standard output and standard error print any text, whatever they know of it.

    A stream of another kind, of a notebook for example, takes all text as it is.
    """
    codecs.register_error(_STAND_INS, _stand_in)
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_STAND_INS)


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
