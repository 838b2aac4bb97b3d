"""Size and sha256 of each file of a cell, stated in its status: taken when it is written, checked when read.

The files of a saved model are large: their sizes are checked whenever a cell is read, their digests only where the
model is loaded or packed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any, TypedDict

from msgspec import convert

from erc_bench.errors import ErcBenchError, naming
from erc_bench.store.layout import ARRAYS_FILE, MODEL_FOLDER, PACKED, RECORD_FILE, STATUS_FILE
from erc_bench.store.regular_files import kind_of, open_descriptor

_SMALL = 1 << 20
"""Bytes up to which a file is read at once."""


class Content(TypedDict):
    """Size and digest (sha256, hexadecimal) of one file."""

    bytes: int
    sha256: str


Contents = Mapping[str, Content]
"""By the path of a file within its cell."""


def content_of(data: bytes) -> Content:
    """Return size and digest of a file's content."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def content_in(stream: FileIO) -> Content:
    """Return size and digest of a file that was opened without a buffer, from its beginning."""
    size = os.fstat(stream.fileno()).st_size
    return {"bytes": size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def listed(status: Mapping[str, Any]) -> list[str]:
    """Return the files that a status lists; raise :class:`ErcBenchError` where one does not belong to a done cell."""
    files = status.get("files")
    if not isinstance(files, list) or RECORD_FILE not in files:
        raise ErcBenchError(f"{STATUS_FILE} does not list {RECORD_FILE} among its files")
    wrong = [name for name in files if not isinstance(name, str) or not _is_inside(name)]
    if wrong:
        raise ErcBenchError(f"{STATUS_FILE} lists {wrong[0]!r}, which does not belong to a cell")
    return files


def stated(status: Mapping[str, Any], files: Sequence[str]) -> Contents | None:
    """Return a status's sizes and digests of files, ``None`` where it is of a time when none had them.

    Raises :class:`ErcBenchError` where it does not say it of each of them.
    """
    if "contents" not in status:
        return None
    try:
        contents = convert(status["contents"], dict[str, Content])
    except ValueError:
        contents = {}
    if contents.keys() != set(files):
        raise ErcBenchError(f"{STATUS_FILE} does not give size and sha256 of each of its files")
    return contents


def check_files(folder: Path, files: Sequence[str], contents: Contents | None, with_model: bool) -> None:
    """Raise :class:`ErcBenchError` where a cell's files differ from its status.

    The record is left to its reader. Without ``contents`` the files must be there, as such or packed.
    ``with_model`` takes the digests of a saved model's files as well.
    """
    found = _entries(folder)
    names = {name: name if contents is not None else _as_packed(name, found) for name in files}
    missing = [name for name, stored in names.items() if not (stored in found or os.path.lexists(folder / stored))]
    if missing:
        raise ErcBenchError(f"it is marked done but lacks {', '.join(missing)}")
    for name, stored in names.items():
        if not found.get(stored):
            _check_kind(folder, stored)
        if contents is not None and name != RECORD_FILE:
            _check_content(folder, name, contents[name], with_model)
    if contents is not None and (extra := sorted(name for name in found.keys() - contents.keys() if _is_read(name))):
        raise ErcBenchError(f"{extra[0]} is there, which {STATUS_FILE} does not list")


def check_content(name: str, found: Content, stated: Content, hint: str = "") -> None:
    """Raise :class:`ErcBenchError` where a file holds something else than was written."""
    check_size(name, found["bytes"], stated, hint)
    if found != stated:
        raise ErcBenchError(f"{name} is damaged: its content is not what was written", hint)


def check_size(name: str, size: int, stated: Content, hint: str = "") -> None:
    """Raise :class:`ErcBenchError` where a file has another size in bytes than when it was written."""
    if size != stated["bytes"]:
        raise ErcBenchError(f"{name} is damaged: {size:,} bytes of {stated['bytes']:,}", hint)


def _check_content(folder: Path, name: str, stated: Content, with_model: bool) -> None:
    with naming(f"{name} cannot be read"):
        # A path as text: there are thousands of files, and to make a path takes as long as to open it.
        descriptor = open_descriptor(f"{folder}{os.sep}{name}", name)
        try:
            size = os.fstat(descriptor).st_size
            check_size(name, size, stated)
            if with_model or not name.startswith(f"{MODEL_FOLDER}/"):
                check_content(name, _content_behind(descriptor, size), stated)
        finally:
            os.close(descriptor)


def _content_behind(descriptor: int, size: int) -> Content:
    if size <= _SMALL:
        return content_of(os.read(descriptor, size))
    with FileIO(descriptor, closefd=False) as stream:
        return content_in(stream)


def _check_kind(folder: Path, name: str) -> None:
    _check_parents(folder, name)
    kind = kind_of(folder / name)
    if kind != "a file":
        raise ErcBenchError(f"{name} is {kind}, not a file")


def _check_parents(folder: Path, name: str) -> None:
    """A link in the place of a folder would lead to files that are not the cell's."""
    parent, slash, _ = name.rpartition("/")
    while slash:
        if (kind := kind_of(folder / parent)) != "a folder":
            raise ErcBenchError(f"{parent} is {kind}, not a folder")
        parent, slash, _ = parent.rpartition("/")


def _entries(folder: Path) -> dict[str, bool]:
    """Return in one look the names in a folder, and whether each is a regular file.

    There are none where it cannot be listed: then each file is asked for by itself.
    """
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
    except OSError:
        return {}


def _as_packed(name: str, found: Mapping[str, bool]) -> str:
    return f"{name}{PACKED}" if name not in found and f"{name}{PACKED}" in found else name


def _is_read(name: str) -> bool:
    """Whether a reader takes a file of this name for the cell's where it finds one."""
    return name == ARRAYS_FILE or (name.startswith("predictions.") and name.endswith((".csv", f".csv{PACKED}")))


def _is_inside(name: str) -> bool:
    return bool(name) and not name.startswith("/") and "\0" not in name and ".." not in name.split("/")
