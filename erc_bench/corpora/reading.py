"""Reading data files that nobody vouches for: text, lines, CSV and JSON.

Nothing is dropped or repaired silently: damage is reported in one sentence with file, line
and remedy. Words such as "None" and "NA" are things that people say and stay text.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from erc_bench.errors import ErcBenchError, naming
from erc_bench.names import did_you_mean

T = TypeVar("T")

_FRESH_COPY = "Get a fresh copy of the file (`erc-bench data status` says from where)."
_UTF16 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_HTML = re.compile(rb"\s*<(!doctype\s+html|html|head|body|\?xml)", re.IGNORECASE)
_TEXT_PER_NULL = 10
"""Where fewer other bytes stand beside each NUL byte, they are no text with a damaged place."""
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
    with naming(f"{path} cannot be read", _FRESH_COPY):
        content = path.read_bytes()
    return _decode(path, content)


def _decode(path: Path, content: bytes) -> str:
    if not content:
        raise ErcBenchError(f"{path} is empty (0 bytes)", _FRESH_COPY)
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
            "Convert it, for example: iconv -f utf-16 -t utf-8 OLD > NEW",
        )
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ErcBenchError(
            f"{place}, line {line}: the file is not UTF-8 (byte 0x{error.object[error.start]:02x})",
            "Convert it, for example: iconv -f windows-1252 -t utf-8 OLD > NEW",
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
    if content.startswith(_ARCHIVES):
        raise ErcBenchError(
            f"{path} is a packed archive, not a data file",
            "Unpack it and place the files inside; save a spreadsheet as CSV.",
        )


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file; LF or CRLF ends a line, and nothing else does.

    ``str.splitlines`` would also break at U+0085, which older corpora use as an ellipsis.
    """
    lines = read_text(path).split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a CSV file: the line on which it begins, and its values by column."""

    path: Path
    line: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    @property
    def place(self) -> str:
        """Where the record is, for messages."""
        return f"{self.path}, line {self.line}"

    def whole_number(self, column: str) -> int:
        """Return the value as a whole number; raise naming file, line and column for anything else."""
        value = self.values[column]
        if not re.fullmatch(r"\s*[0-9]{1,9}\s*", value, re.ASCII):
            raise ErcBenchError(f"{self.place}: {column} must be a whole number, found {value!r}", _FRESH_COPY)
        return int(value)


def read_csv(path: Path, required: Sequence[str], content: bytes | None = None) -> list[Row]:
    """Return the records of a comma-separated file with a header.

    ``content`` stands for the bytes of the file where they were unpacked already. Quotes follow RFC
    4180: a field may hold line breaks and doubled quotes. Raises for a missing column, a record with too
    few or too many fields, and a quotation mark that is never closed.
    """
    records = csv_records(read_text(path) if content is None else _decode(path, content), path)
    _, header = next(records, (1, []))
    _check_header(path, header, required)
    return [Row(path, line, dict(zip(header, record, strict=True))) for line, record in records]


_SEPARATOR = {",": "comma", "\t": "tab", ";": "semicolon"}


def csv_records(text: str, place: str | Path, separator: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield each record, the header among them, with the line on which it begins; empty lines are skipped.

    Raises for a record with too few or too many fields, and a quotation mark that is never closed.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    line, header = 1, list[str]()
    try:
        for record in reader:
            header = header or record
            if record and len(record) != len(header):
                raise ErcBenchError(
                    f"{place}, line {line}: {len(record)} fields, but the header has {len(header)}",
                    f"A field with a {_SEPARATOR.get(separator, separator)} or a line break must be in double quotes.",
                )
            if record:
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise ErcBenchError(
            f"{place}: the record that begins on line {line} is damaged ({error})",
            "A quotation mark inside a quoted field must be doubled, and each one must be closed.",
        ) from error


def _check_header(path: Path, header: Sequence[str], required: Sequence[str]) -> None:
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated:
        raise ErcBenchError(f"{path}, line 1: column {repeated[0]!r} occurs twice", _FRESH_COPY)
    missing = [column for column in required if column not in header]
    if missing:
        others = [column for column in header if column not in required]
        raise ErcBenchError(
            f"{path}, line 1: column {missing[0]!r} is missing; {did_you_mean(missing[0], others or header)}",
            f"The header must have: {', '.join(required)}.",
        )


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; a name that occurs twice in one object is an error."""
    text = read_text(path)
    try:
        return json.loads(text, object_pairs_hook=without_repeats)
    except json.JSONDecodeError as error:
        raise ErcBenchError(
            f"{path}, line {error.lineno}, column {error.colno}: the JSON is cut off or damaged ({error.msg})",
            _FRESH_COPY,
        ) from error
    except (ValueError, RecursionError) as error:
        raise ErcBenchError(f"{path}: the JSON cannot be read ({error})", _FRESH_COPY) from error


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
    raise ErcBenchError(f"{place}: expected {_KINDS.get(kind, kind.__name__)}, found {found}", _FRESH_COPY)


def member(record: object, name: str, kind: type[T], place: str) -> T:
    """Return one member of a JSON object; raise naming the place where it is missing or of another kind."""
    members = expect(record, dict, place)
    if name not in members:
        raise ErcBenchError(f"{place}: {name!r} is missing; {did_you_mean(name, map(str, members))}", _FRESH_COPY)
    return expect(members[name], kind, f"{place}, {name!r}")


def known_label(label: str, labels: Iterable[str], place: str) -> str:
    """Return ``label`` if the task has it; raise naming the place and near matches otherwise."""
    if label in labels:
        return label
    raise ErcBenchError(
        f"{place}: unknown label {label!r}; {did_you_mean(label, labels)}",
        "Correct the label in the file, or get a fresh copy of it.",
    )
