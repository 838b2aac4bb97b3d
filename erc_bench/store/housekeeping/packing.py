"""Packing cells into one archive that is the same whenever the same cells are packed, and reading it back."""

from __future__ import annotations

import gzip
import hashlib
import secrets
import tarfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from erc_bench.errors import ErcBenchError, naming
from erc_bench.store.housekeeping.found_cells import CellFolder, irregular_in, look_at
from erc_bench.store.housekeeping.removing import HeldError, held
from erc_bench.store.layout import is_cell_file
from erc_bench.store.reading import read_cell
from erc_bench.store.regular_files import open_regular

_CHUNK = 1 << 20
_MODE = 0o644


@dataclass
class Packed:
    """The packed cells: the sha256 of every file by cell and path, and the cells left out, with the reason."""

    digests: dict[CellFolder, dict[str, str]] = field(default_factory=dict)
    left: list[tuple[CellFolder, str]] = field(default_factory=list)

    def take(self, cell: CellFolder, add: Callable[[str], str]) -> None:
        """Let ``add`` take each whole file of a cell, and keep the digests; a cell that is held or damaged is left.

        The digests of a model are looked at, too.
        """
        try:
            with held(cell.path):
                found = read_cell(cell.path, with_model=True)
                if why := f"it is damaged: {found.told}" if found.status == "damaged" else irregular_in(cell.path):
                    raise HeldError(why)
                self.digests[cell] = {name: add(name) for name in kept_files(cell)}
        except HeldError as reason:
            self.left.append((cell, str(reason)))

    def holds(self, cell: CellFolder) -> bool:
        """Whether a cell on the disk still equals its packed copy, byte for byte; it must be held."""
        try:
            # A file that came since is in no archive.
            same = look_at(cell.path, cell.parts) == cell
            return same and self.digests[cell] == {name: digest_of(cell.path / name) for name in kept_files(cell)}
        except OSError:
            return False


def pack(cells: Iterable[CellFolder], target: Path) -> Packed:
    """Pack cells into a ``.tar.gz`` that appears under its name once it has been read back and found right.

    Locks and files that are not whole are left out. Raises :class:`ErcBenchError` where the archive
    cannot be written, or holds something else than was packed.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with naming(f"the archive {target} cannot be written"):
            packed = _write(cells, temporary)
            verify(temporary, packed)
            temporary.replace(target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return packed


def verify(archive: Path, packed: Packed) -> None:
    """Read an archive from beginning to end; raise :class:`ErcBenchError` where it differs from the packed files."""
    expected = {
        f"{cell.name}/{name}": digest for cell, digests in packed.digests.items() for name, digest in digests.items()
    }
    found: dict[str, str] = {}
    try:
        with tarfile.open(archive, "r|gz") as opened:
            for member in opened:
                content = opened.extractfile(member)
                found[member.name] = "" if content is None else _digest(content)
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise ErcBenchError(f"the archive cannot be read back ({error}); nothing was removed") from error
    if found != expected:
        wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        raise ErcBenchError(
            f"the archive holds something else than was packed, first {wrong[0]}; nothing was removed",
            "The disk may be at fault. Try another one.",
        )


def _write(cells: Iterable[CellFolder], target: Path) -> Packed:
    packed = Packed()
    target.parent.mkdir(parents=True, exist_ok=True)
    # Without a name and a time in it, the same cells give the same bytes.
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for cell in cells:
            packed.take(cell, partial(_add, archive, cell))
    return packed


def kept_files(cell: CellFolder) -> list[str]:
    """Return the files of a cell that are whole, by their paths within it."""
    return [name for name in cell.files if is_cell_file(name)]


def _add(archive: tarfile.TarFile, cell: CellFolder, name: str) -> str:
    """Add one file, with nothing of this machine but its content; return its digest."""
    with open_regular(cell.path / name) as stream:
        member = tarfile.TarInfo(f"{cell.name}/{name}")
        member.size = stream.seek(0, 2)
        member.mode = _MODE
        stream.seek(0)
        reader = _Digesting(stream)
        archive.addfile(member, reader)
        return reader.digest.hexdigest()


class _Digesting:
    """Reads a stream and takes the digest of all it reads."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.digest.update(content)
        return content


def digest_of(file: Path) -> str:
    """Return the sha256 of a file."""
    with open_regular(file) as stream:
        return _digest(stream)


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
