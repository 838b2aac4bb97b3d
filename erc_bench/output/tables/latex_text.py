"""Any text as LaTeX that prints it: pure ASCII, whatever the document's encoding and fonts."""

# ruff: noqa: RUF001 - the characters that look like others are the matter

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "·": r"$\cdot$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "↓": r"$\downarrow$",
    "⇓": r"$\Downarrow$",
    "△": r"$\triangle$",
    "▽": r"$\bigtriangledown$",
    "§": r"\S{}",
    "¹": "$^1$",
    "²": "$^2$",
    "³": "$^3$",
    "½": r"$\frac{1}{2}$",
    "−": "$-$",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "≈": r"$\approx$",
    "∞": r"$\infty$",
    "√": r"$\surd$",
    "∈": r"$\in$",
    "‖": r"$\Vert$",
    "°": r"$^\circ$",
    "\u00b5": r"$\mu$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "↑": r"$\uparrow$",
    "⇒": r"$\Rightarrow$",
    "…": r"\ldots{}",
    "–": "--",
    "—": "---",
    "“": "``",
    "”": "''",
    "„": '"',
    "‘": "`",
    "’": "'",
    "\u00a0": "~",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
}
# Greek letters that look like Latin ones have no command: they print as those.
_LATIN_LOOK = {"omicron": "o", "Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H", "Iota": "I"}
_LATIN_LOOK |= {"Kappa": "K", "Mu": "M", "Nu": "N", "Omicron": "O", "Rho": "P", "Tau": "T", "Chi": "X"}
_ACCENTS = {
    "\u0300": r"\`",
    "\u0301": r"\'",
    "\u0302": r"\^",
    "\u0303": r"\~",
    "\u0304": r"\=",
    "\u0306": r"\u",
    "\u0307": r"\.",
    "\u0308": r"\"",
    "\u030a": r"\r",
    "\u030b": r"\H",
    "\u030c": r"\v",
    "\u0323": r"\d",
    "\u0327": r"\c",
    "\u0331": r"\b",
}


def escape(text: str) -> str:
    """Return text that LaTeX prints as it is: pure ASCII, whatever the document's encoding and fonts.

    Greek and symbols become math, accented letters their commands; what has neither is named by its
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
        letter = f"{_ACCENTS[mark]}{{{letter}}}"
    return letter


def _plain(character: str) -> str:
    """Return a variant form (a ligature, a wide letter) as the plain characters it stands for."""
    plain = unicodedata.normalize("NFKD", character)
    return "".join(map(_escaped, plain)) if plain.isascii() else ""


_LONG_WORD = 12
_PIECES = re.compile(r"[^=./_-]*[=./_-]+|[^=./_-]+")


def breakable(text: str) -> str:
    """Return text of which long words such as ``encoder.template=paper`` may be broken after ``=``, ``.`` and so on."""
    return " ".join(map(_breakable_word, text.split(" ")))


def longest_piece(texts: Iterable[str]) -> int:
    """Return the characters of the longest part that :func:`breakable` leaves whole."""
    words = (word for text in texts for word in text.split())
    return max((len(piece) for word in words for piece in _pieces(word)), default=0)


def _pieces(word: str) -> list[str]:
    return [word] if len(word) <= _LONG_WORD else _PIECES.findall(word)


def _breakable_word(word: str) -> str:
    return r"\allowbreak{}".join(map(escape, _pieces(word)))


def comment(note: str) -> str:
    """Return a note for a line that only readers of the source see: what is ASCII stays as it is."""
    return "".join(each if each.isascii() else _escaped(each) for each in " ".join(note.split()))
