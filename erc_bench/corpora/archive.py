"""Unpacking an archive that nobody vouches for: every member is checked before the first is written."""

from __future__ import annotations

import errno
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from erc_bench.errors import ErcBenchError

_MOST_MEMBERS = 10_000
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError)
_OF_THE_NAME = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EILSEQ)
"""Too long, a file and a folder at once, in letters that the disk does not know."""
_LONGEST_SHOWN = 80
_SUSPICIOUS = "Nothing was unpacked. Get the archive from its official source."


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    plain_file: bool
    open: Callable[[], IO[bytes] | None]


def extract_checked(
    archive: Path,
    folder: Path,
    largest: int = 1 << 30,
    most_members: int = _MOST_MEMBERS,
    damaged: str = "Download it again.",
) -> list[Path]:
    """Unpack a zip or tar archive into ``folder`` and return the files written.

    Raises :class:`ErcBenchError` before anything is written when a member has an absolute path or
    ``..``, is a link or a device, when two members have one name, or when the content is larger
    than ``largest`` bytes or has more than ``most_members`` files. ``damaged`` is the remedy for one that is cut off.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                members = _counted(archive, _zip_members(opened), largest, most_members)
                return _extract(archive, members, folder)
        with tarfile.open(archive) as opened_tar:
            members = _counted(archive, _tar_members(opened_tar), largest, most_members)
            return _extract(archive, members, folder)
    except _DAMAGE as error:
        raise ErcBenchError(f"{archive} is not a complete zip or tar archive ({error})", damaged) from error


def _zip_members(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if not info.is_dir():
            yield _Member(info.filename, info.file_size, kind in (0, stat.S_IFREG), partial(archive.open, info))


def _tar_members(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        if not info.isdir():
            yield _Member(info.name, info.size, info.isreg(), partial(archive.extractfile, info))


def _extract(archive: Path, members: list[_Member], folder: Path) -> list[Path]:
    for member in members:
        _check_member(archive, member)
    _check_names(archive, members)
    written = []
    for member in members:
        path = folder.joinpath(*PurePosixPath(member.name).parts)
        source = member.open()
        assert source is not None, "only plain files are opened"
        with source, _make(archive, member.name, path) as target:
            shutil.copyfileobj(source, target)
        written.append(path)
    return written


def _make(archive: Path, name: str, path: Path) -> IO[bytes]:
    """Open the file of a member to be written; a name that no file can have is a fault of the archive."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")
    except OSError as error:
        if error.errno not in _OF_THE_NAME:
            raise
        shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
        raise ErcBenchError(f"{archive}: member {shown!r} cannot be a file: {error.strerror}") from error


def _check_member(archive: Path, member: _Member) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name or not path.parts:
        raise ErcBenchError(f"{archive}: member {member.name!r} would be written outside its folder", _SUSPICIOUS)
    if not member.plain_file:
        raise ErcBenchError(f"{archive}: member {member.name!r} is a link or a device, not a file", _SUSPICIOUS)


def _check_names(archive: Path, members: list[_Member]) -> None:
    names = [PurePosixPath(member.name) for member in members]
    if len(set(names)) != len(names):
        raise ErcBenchError(f"{archive}: two members have one name", _SUSPICIOUS)


def _counted(archive: Path, members: Iterable[_Member], largest: int, most_members: int) -> list[_Member]:
    """Return the members; raise at the first that is too many, for a small archive may name any number of them."""
    found, size = list[_Member](), 0
    for member in members:
        found.append(member)
        size += member.size
        if size > largest or len(found) > most_members:
            raise ErcBenchError(
                f"{archive} unpacks to at least {size} bytes in {len(found)} files, more than is allowed", _SUSPICIOUS
            )
    return found
