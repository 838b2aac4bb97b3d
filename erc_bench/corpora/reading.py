"""Reading data files that nobody vouches for: text, lines and JSON.

Nothing is dropped or repaired silently: damage is reported in one sentence with file, line
and remedy. Words such as "None" and "NA" are things that people say and stay text.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from erc_bench.errors import ErcBenchError, naming
from erc_bench.names import did_you_mean

T = TypeVar("T")

FRESH_COPY = "Get a fresh copy of the file (`erc-bench data status` says from where)."
_UTF16 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_DOCUMENTS = (b"{\\rtf", b"%PDF-", b"\xd0\xcf\x11\xe0")
_HTML = re.compile(rb"\s*<(!doctype\s+html|html|head|body|\?xml)", re.IGNORECASE)
_TEXT_PER_NULL = 10
"""Where fewer other bytes stand beside each NUL byte, they are no text with a damaged place."""
_SPREADSHEET = "; spreadsheets save it as CSV UTF-8."
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def _cp1252_characters() -> dict[int, str]:
    """Map C1 control characters to cp1252's characters at the same bytes; five bytes are undefined there."""
    characters = {}
    for byte in range(0x80, 0xA0):
        decoded = bytes([byte]).decode("cp1252", errors="ignore")
        if decoded:
            characters[byte] = decoded
    return characters


_CLEANED = _cp1252_characters() | {0xA0: " "}


def clean_text(text: str) -> str:
    """Return the text with the traces of a wrong encoding repaired.

    C1 control characters become the cp1252 characters that were meant (U+0092 → U+2019), and a
    no-break space becomes a blank, so that older and newer copies of a corpus give the same text.
    """
    return text if text.isascii() else text.translate(_CLEANED)


def read_text(path: Path) -> str:
    """Return the content of a UTF-8 file, without a byte-order mark."""
    with naming(f"{path} cannot be read", FRESH_COPY):
        content = path.read_bytes()
    return text_of(path, content)


def text_of(path: Path, content: bytes) -> str:
    """Return the text that the bytes of a file are; raise for what is often saved under the name of a data file."""
    if not content:
        raise ErcBenchError(f"{path} is empty (0 bytes)", FRESH_COPY)
    refuse_foreign(path, content)
    return decoded(content, str(path))


def decoded(content: bytes, place: str) -> str:
    """Return bytes as UTF-8 text without a byte-order mark; raise naming the place for any other encoding."""
    nulls = content.count(b"\0")
    if nulls and not content.startswith(_UTF16) and nulls * _TEXT_PER_NULL < len(content):
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise ErcBenchError(
            f"{place}, line {line}: a NUL byte (0x00), which no text has",
            "The file is damaged: get it anew, or drop the byte: tr -d '\\000' < OLD > NEW",
        )
    if nulls or content.startswith(_UTF16):
        raise ErcBenchError(
            f"{place} is not UTF-8: it looks like UTF-16 or a binary file",
            f"Convert it, for example: iconv -f utf-16 -t utf-8 OLD > NEW{_SPREADSHEET}",
        )
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ErcBenchError(
            f"{place}, line {line}: the file is not UTF-8 (byte 0x{error.object[error.start]:02x})",
            f"Convert it, for example: iconv -f windows-1252 -t utf-8 OLD > NEW{_SPREADSHEET}",
        ) from error


def refuse_foreign(path: Path | str, content: bytes) -> None:
    """Raise for other content that is often saved under the name of a data file."""
    if content.startswith(_LFS_POINTER):
        raise ErcBenchError(
            f"{path} is a git-LFS pointer, not the data file itself",
            "Run `git lfs pull` in the repository it came from, or download the raw file.",
        )
    if _HTML.match(content.removeprefix(codecs.BOM_UTF8)):
        raise ErcBenchError(
            f"{path}, line 1: this is a web page, not a data file", "Download the raw file, not the page that shows it."
        )
    if content.startswith(_DOCUMENTS):
        raise ErcBenchError(f"{path} is a document of a word processor or a PDF", "Save its content as plain text.")
    if content.startswith(_ARCHIVES):
        raise ErcBenchError(
            f"{path} is a packed archive, not a data file",
            "Unpack it and place the files inside; save a spreadsheet as CSV.",
        )


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file; LF or CRLF ends a line, and nothing else does.

    ``str.splitlines`` would also break at U+0085, which older corpora use as an ellipsis. Blank lines at the end are
    not among them.
    """
    lines = [line.removesuffix("\r") for line in read_text(path).split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; a name that occurs twice in one object is an error."""
    text = read_text(path)
    try:
        return json.loads(text, object_pairs_hook=without_repeats)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            raise ErcBenchError(
                f"{path}, line {error.lineno}, column {error.colno}: a further value after the first (JSON Lines?)",
                f"The file must be one value: a list, [first, second, ...]. {FRESH_COPY}",
            ) from error
        raise ErcBenchError(
            f"{path}, line {error.lineno}, column {error.colno}: the JSON is cut off or damaged ({error.msg})",
            FRESH_COPY,
        ) from error
    except (ValueError, RecursionError) as error:
        raise ErcBenchError(f"{path}: the JSON cannot be read ({error})", FRESH_COPY) from error


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; raise ``ValueError`` for a name that occurs twice in it."""
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{max(names, key=names.count)!r} occurs twice in one object")
    return record


_KINDS: dict[type, str] = {list: "a list", dict: "an object", str: "a text", int: "a whole number", type(None): "null"}


def expect(value: object, kind: type[T], place: str) -> T:
    """Return ``value`` if it is of the expected kind; raise naming the place otherwise."""
    if isinstance(value, kind):
        return value
    found = _KINDS.get(type(value), type(value).__name__)
    raise ErcBenchError(f"{place}: expected {_KINDS.get(kind, kind.__name__)}, found {found}", FRESH_COPY)


def member(record: object, name: str, kind: type[T], place: str) -> T:
    """Return one member of a JSON object; raise naming the place where it is missing or of another kind."""
    members = expect(record, dict, place)
    if name not in members:
        raise ErcBenchError(f"{place}: {name!r} is missing; {did_you_mean(name, map(str, members))}", FRESH_COPY)
    return expect(members[name], kind, f"{place}, {name!r}")


def known_label(label: str, labels: Iterable[str], place: str) -> str:
    """Return ``label`` if the task has it; raise naming the place and near matches otherwise."""
    if label in labels:
        return label
    raise ErcBenchError(
        f"{place}: unknown label {label!r}; {did_you_mean(label, labels)}",
        "Correct the label in the file, or get a fresh copy of it.",
    )
