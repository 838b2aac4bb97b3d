"""Any text as LaTeX that prints it: pure ASCII, whatever the document's encoding and fonts."""

# ruff: noqa: RUF001 - the characters that look like others are the matter

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def _commands(pairs: str) -> dict[str, str]:
    """Return commands by sign, of a text in which each sign is followed by its command."""
    words = pairs.split()
    return dict(zip(words[::2], words[1::2], strict=True))


MATH = _commands(
    "± pm ≤ leq ≥ geq ≠ neq ≈ approx · cdot × times ∞ infty √ surd ∈ in ‖ Vert \u00b5 mu"
    " † dagger ‡ ddagger ↓ downarrow ⇓ Downarrow △ triangle ▽ bigtriangledown"
    " → rightarrow ← leftarrow ↑ uparrow ⇒ Rightarrow"
)
"""Commands of math mode by sign."""
_TEXT = _commands(
    r"\ textbackslash ~ textasciitilde ^ textasciicircum < textless > textgreater | textbar … ldots § S"
    " ß ss ø o Ø O æ ae Æ AE œ oe Œ OE ł l Ł L ı i"
)
_ESCAPES = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{sign: rf"$\{command}$" for sign, command in MATH.items()},
    **{sign: rf"\{command}{{}}" for sign, command in _TEXT.items()},
    **{"¹": "$^1$", "²": "$^2$", "³": "$^3$", "½": r"$\frac{1}{2}$", "−": "$-$", "°": r"$^\circ$"},
    **{"–": "--", "—": "---", "“": "``", "”": "''", "„": '"', "‘": "`", "’": "'", "\u00a0": "~"},
}
# Greek letters that look like Latin ones lack commands: they print as those.
_LATIN_LOOK = {"omicron": "o", "Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H", "Iota": "I"}
_LATIN_LOOK |= {"Kappa": "K", "Mu": "M", "Nu": "N", "Omicron": "O", "Rho": "P", "Tau": "T", "Chi": "X"}
_ACCENTS = _commands(
    "\u0300 ` \u0301 ' \u0302 ^ \u0303 ~ \u0304 = \u0306 u \u0307 . \u0308 \" \u030a r \u030b H \u030c v"
    " \u0323 d \u0327 c \u0331 b"
)
"""By the sign that is put on a letter, the name of the command that does."""


def escape(text: str) -> str:
    """Return text that LaTeX prints as it is: pure ASCII, whatever the document's encoding and fonts.

    Greek and symbols become math, accented letters their commands; any other character is named by its
    code point: ``[U+4E2D]``.
    """
    return "".join(map(_escaped, unicodedata.normalize("NFC", text)))


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isascii():
        return character if character.isprintable() else " "
    return _greek(character) or _accented(character) or _plain(character) or f"[U+{ord(character):04X}]"


def _greek(character: str) -> str:
    if not ("Α" <= character <= "Ω" or "α" <= character <= "ω"):
        return ""
    match unicodedata.name(character, "").replace("LAMDA", "LAMBDA").split():
        case ["GREEK", "SMALL", "LETTER", "FINAL", "SIGMA"]:
            command = "varsigma"
        case ["GREEK", "SMALL", "LETTER", name]:
            command = name.lower()
        case ["GREEK", "CAPITAL", "LETTER", name]:
            command = name.capitalize()
        case _:
            return ""
    return f"${_LATIN_LOOK.get(command, chr(92) + command)}$"


def _accented(character: str) -> str:
    letter, *marks = list(unicodedata.normalize("NFD", character))
    if not marks or not (letter.isascii() and letter.isalpha() and all(mark in _ACCENTS for mark in marks)):
        return ""
    for mark in marks:
        letter = rf"\{_ACCENTS[mark]}{{{letter}}}"
    return letter


def _plain(character: str) -> str:
    """Return a variant form (a ligature, a wide letter) as the plain characters it stands for."""
    plain = unicodedata.normalize("NFKD", character)
    return "".join(map(_escaped, plain)) if plain.isascii() else ""


_LONG_WORD = 12
_PIECES = re.compile(r"[^=./_-]*[=./_-]+|[^=./_-]+")


def breakable(text: str) -> str:
    """Return text of which long words such as ``encoder.template=paper`` may be broken after ``=``, ``.`` and so on."""
    return " ".join(r"\allowbreak{}".join(map(escape, _pieces(word))) for word in text.split(" "))


def longest_piece(texts: Iterable[str]) -> int:
    """Return the characters of the longest part that :func:`breakable` leaves whole."""
    words = (word for text in texts for word in text.split())
    return max((len(piece) for word in words for piece in _pieces(word)), default=0)


def _pieces(word: str) -> list[str]:
    return [word] if len(word) <= _LONG_WORD else _PIECES.findall(word)


def comment(note: str) -> str:
    """Return a note for a line that only readers of the source see: ASCII stays as it is."""
    return "".join(each if each.isascii() else _escaped(each) for each in " ".join(note.split()))
