"""The cache of frozen states as files: its folder, its entries, and those that may go.

Nothing here reads a state, so that the cache is shown and pruned without torch.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open

from erc_bench.store.regular_files import changed

CACHE_VARIABLE = "ERC_BENCH_CACHE"
SUFFIX, PART, LOCK = ".safetensors", ".part", ".lock"
DAY = 86_400.0
"""Seconds of a day: a file half-written or locked for longer belongs to a process that has ended."""


def cache_folder() -> Path:
    """Return the cache directory: ``$ERC_BENCH_CACHE``, else the user's."""
    import platformdirs

    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("erc-bench"))


@dataclass(frozen=True)
class FeatureFile:
    """One entry: the states of the rows of one split, by one backbone.

    ``size`` in bytes, ``last_used`` in seconds since 1970. ``description`` is the text written into it:
    backbone, identity, dataset, precision, device, rows, dim and made (a date); empty where nothing was.
    """

    path: Path
    size: int
    last_used: float
    description: Mapping[str, str] = field(default_factory=dict)


def feature_files(features: Path) -> list[FeatureFile]:
    """Return the entries of a folder, the least recently used first; one that vanishes meanwhile is left out."""
    found = []
    for path in features.glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):
            facts = path.stat()
            found.append(FeatureFile(path, facts.st_size, facts.st_mtime, _description(path)))
    return sorted(found, key=lambda file: (file.last_used, file.path))


def describe(rows: int, dim: int, further: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of an entry of (rows, dim)."""
    return dated({**further, "rows": str(rows), "dim": str(dim)})


def dated(facts: Mapping[str, str]) -> dict[str, str]:
    """Return metadata with the moment at which they were made."""
    return {**facts, "made": datetime.now(UTC).isoformat(timespec="seconds")}


def write_entry(path: Path, write: Callable[[str], None]) -> None:
    """Let ``write`` fill a file beside the entry, which takes its place when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=PART)
    os.close(handle)
    try:
        write(temporary)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def mark_used(path: Path) -> None:
    """Remember that an entry was used now; its time of change says so, since that of access is often not kept."""
    with suppress(OSError):  # another user's cache can be read all the same
        os.utime(path)


def unused_since(files: Iterable[FeatureFile], moment: float) -> list[FeatureFile]:
    """Return the entries that were last used before a moment."""
    return [file for file in files if file.last_used < moment]


def beyond(files: Sequence[FeatureFile], room: float) -> list[FeatureFile]:
    """Return the entries to remove so that the rest takes at most ``room`` bytes: the least recently used, in order."""
    excess = sum(file.size for file in files) - room
    going = []
    for file in files:
        if excess <= 0:
            break
        going.append(file)
        excess -= file.size
    return going


def leftovers(features: Path, moment: float) -> list[Path]:
    """Return half-written files, and locks that nobody holds, from before a moment: their processes have ended."""
    parts, locks = features.glob(f"*{PART}"), lock_of(features / "any").parent.glob(f"*{LOCK}")
    return sorted(path for path in (*parts, *locks) if changed(path) < moment)


def lock_of(path: Path) -> Path:
    """Return the lock file of an entry."""
    return path.parent.with_name("locks") / f"{path.stem}{LOCK}"


def remove(file: FeatureFile) -> str:
    """Delete an entry; return why it stays, or nothing where it is gone.

    It stays while another process holds its lock, and where it was used since it was listed.
    """
    with _held(lock_of(file.path)) as held:
        if not held:
            return "another process holds its lock"
        if changed(file.path) > file.last_used:
            return "it was used in the meantime"
        return _unlinked(file.path)


def remove_leftover(path: Path) -> str:
    """Delete a half-written file or a lock; return why it stays, or nothing where it is gone."""
    if path.suffix != LOCK:
        return _unlinked(path)
    with _held(path) as held:
        return "" if held else "another process holds it"


@contextmanager
def _held(lock_file: Path) -> Iterator[bool]:
    """Hold a lock and delete it in the end; yield whether it could be had. Where there are no locks, nobody has one."""
    lock = FileLock(lock_file)
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except (OSError, NotImplementedError):
        yield True
        return
    try:
        yield True
    finally:
        # While it is held: afterwards it may be another's.
        _unlinked(lock_file)
        lock.release()


def _unlinked(path: Path) -> str:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        return str(error.strerror or error)
    return ""


def _description(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError):
        return {}
