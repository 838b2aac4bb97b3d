"""Regular files and nothing else: no link is followed, no pipe is waited for, no device is opened.

Gzipped files are unpacked up to a bound, so that none fills the memory.
"""

from __future__ import annotations

import gzip
import math
import os
import stat
import zlib
from contextlib import suppress
from io import FileIO
from pathlib import Path

from erc_bench.errors import ErcBenchError, naming
from erc_bench.store.layout import PACKED, part_of

_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


def kind_of(path: Path) -> str:
    """Name the kind of a path ("a file", "a folder", "a link", "a pipe", …); empty where nothing is there."""
    try:
        return _kind(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return ""


def changed(path: Path) -> float:
    """Return when a path last changed; nan, which is neither before nor after any moment, where nobody can tell."""
    try:
        return path.stat().st_mtime
    except OSError:
        return math.nan


def is_regular(path: Path) -> bool:
    """Whether a regular file lies under a path."""
    return kind_of(path) == "a file"


def open_regular(file: Path, name: str = "") -> FileIO:
    """Open a file for reading; messages call it ``name``, else by its own name.

    Raises :class:`ErcBenchError` for anything but a regular file, and ``OSError`` where it cannot be opened.
    """
    _refuse(file.lstat().st_mode, name or file.name)
    return FileIO(open_descriptor(str(file), name or file.name))


def open_descriptor(file: str, name: str) -> int:
    """Open a path just seen to be a regular file; it is not waited for or followed where it has changed since.

    Raises as :func:`open_regular` does.
    """
    descriptor = os.open(file, _FLAGS)
    try:
        _refuse(os.fstat(descriptor).st_mode, name)
    except ErcBenchError:
        os.close(descriptor)
        raise
    return descriptor


def read_regular(file: Path) -> bytes:
    """Return the bytes of a regular file.

    Raises :class:`ErcBenchError` for anything else, and where it cannot be read.
    """
    with naming(f"{file.name} cannot be read"), open_regular(file) as stream:
        return stream.read()


def write_whole(file: Path, content: bytes) -> None:
    """Write a file beside its place, and rename it once it is on the disk: it is there as a whole or not at all."""
    temporary = file.with_name(part_of(file.name))
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def replace_output(file: Path, content: bytes) -> None:
    """Write a file that a user named, as a whole or not at all, with the permissions that were there.

    A link stays and its target is replaced; a pipe or a device is written to. A file in a folder that takes no further
    one is written where it is.
    """
    target = file.resolve()
    if target.exists() and not target.is_file():
        file.write_bytes(content)
        return
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not os.access(target.parent, os.W_OK):
        target.write_bytes(content)
        return
    write_whole(target, content)
    if mode is not None:
        target.chmod(mode)


def remove_irregular(path: Path) -> None:
    """Make room for a file: unlink a link, a pipe or a device, and remove an empty folder; a file stays.

    Raises :class:`ErcBenchError` for a folder that holds something.
    """
    kind = kind_of(path)
    if kind == "a folder":
        refuse_filled(path)
        path.rmdir()
    elif kind not in ("", "a file"):
        path.unlink()


def refuse_filled(path: Path) -> None:
    """Raise :class:`ErcBenchError` where a folder that holds something stands in the place of a file."""
    if inside := inside_of(path):
        raise ErcBenchError(
            f"{path} is a folder that holds {inside}, where a file of the cell belongs",
            "Move it away, then run the cell again.",
        )


def inside_of(path: Path) -> str:
    """Return the name of something that a folder holds; empty where there is no folder, or an empty one."""
    if kind_of(path) != "a folder":
        return ""
    return min((entry.name for entry in path.iterdir()), default="")


def _refuse(mode: int, name: str) -> None:
    if not stat.S_ISREG(mode):
        raise ErcBenchError(f"{name} is {_kind(mode)}, not a file")


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "a device")


MOST_UNPACKED = 64 * 2**20
"""Bytes: the answers of many runs on the largest corpus are a tenth of it."""


def unpack(file: Path, most: int = MOST_UNPACKED) -> bytes:
    """Return the content of a gzipped file, if that is at most so many bytes; more are never unpacked.

    Raises :class:`ErcBenchError` for a file that is damaged, cut off, no gzip file or too large, and
    ``OSError`` for one that cannot be opened.
    """
    try:
        with gzip.open(file, "rb") as stream:
            content = stream.read(most + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        told = " ".join(str(error).split()).rstrip(".")
        raise ErcBenchError(f"{file} cannot be unpacked: {told}", "Get a fresh copy of the file.") from None
    if len(content) > most:
        raise ErcBenchError(
            f"{file} unpacks to more than {most / 2**20:g} MiB, which no file of predictions needs",
            f"If it is right, unpack it yourself: gunzip --keep {file.name}",
        )
    return content


def as_stored(file: Path) -> Path:
    """Return the file, or its gzipped form where that alone is there."""
    packed = file.with_name(f"{file.name}{PACKED}")
    return packed if packed.is_file() and not file.is_file() else file
