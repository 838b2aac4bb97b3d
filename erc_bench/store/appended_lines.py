"""Files that only ever grow: one JSON object on each line, written by any number of processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from msgspec import convert

from erc_bench.errors import ErcBenchError
from erc_bench.validation import json_object

_LOCK_SECONDS = 30
T = TypeVar("T")
Tell = Callable[[str], None]


def read_lines(
    file: Path, kind: type[T], tell: Tell, described: Callable[[Mapping[str, object]], object] = lambda found: found
) -> list[T]:
    """Read the lines of a file, in their order; empty where there is none.

    ``described`` makes of a line's object what is converted to ``kind``. ``tell`` takes a sentence for each line that
    cannot be read, as a writer that was killed leaves one.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        tell(f"{file} cannot be read: {error.strerror or error}")
        return []
    entries = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                entries.append(convert(described(json_object(line, file.name)), kind))
            except (ErcBenchError, ValueError):
                tell(f"{file}, line {number} is cut off or is not an entry: what it named is not counted")
    return entries


def append_lines(file: Path, lines: Iterable[str]) -> None:
    """Write lines at the end of a file, whole ones. Raises :class:`OSError` where they cannot be written."""
    text = "".join(f"{line}\n" for line in lines)
    if not text:
        return
    with file.open("ab+") as stream:
        if stream.seek(0, os.SEEK_END):
            stream.seek(-1, os.SEEK_END)
            # A writer that was killed left half a line; it stays, for nobody knows what it named.
            text = text if stream.read(1) == b"\n" else f"\n{text}"
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def locked(lock_file: Path) -> Iterator[None]:
    """Hold a lock; where none can be had, go on without: an entry must not be lost."""
    lock = FileLock(lock_file)
    with suppress(OSError, Timeout, NotImplementedError):
        lock.acquire(timeout=_LOCK_SECONDS)
    try:
        yield
    finally:
        lock.release()
