"""Holding a cell while its folder is read, moved or replaced: a cell that runs is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from erc_bench.errors import ErcBenchError
from erc_bench.store.layout import LOCK_FILE
from erc_bench.store.regular_files import remove_irregular

RUNNING = "another process is running it"


class HeldError(Exception):
    """Why a cell cannot be touched, in one line."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of a cell's folder; raise :class:`HeldError` where another process does, or nobody may."""
    # Taking the lock of a folder that is gone would make it again.
    if not folder.is_dir():
        raise HeldError("it is gone already")
    file = folder / LOCK_FILE
    try:
        # A lock would be taken of what a link leads to.
        remove_irregular(file)
    except ErcBenchError as error:
        raise HeldError(error.message) from None
    except OSError as error:
        raise HeldError(f"it cannot be locked: {error.strerror or error}") from None
    # Locking makes the file, and a cell that was packed or published has none.
    existed = file.exists()
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise HeldError(RUNNING) from None
    except OSError as error:
        raise HeldError(f"it cannot be locked: {error.strerror or error}") from None
    made = _number(file)
    try:
        yield
    finally:
        # While it is held, and only this one: where the folder went, there may be a new run by now.
        if not existed and made is not None and _number(file) == made:
            with suppress(OSError):
                file.unlink()
        lock.release()


def _number(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except OSError:
        return None
