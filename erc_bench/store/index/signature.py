"""What a cell's folder looks like from outside: if any of its files changed, the signature is another."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from erc_bench.store.layout import LOCK_FILE


def signature_of(folder: Path) -> tuple[bytes, int]:
    """Return a digest of names, kinds, sizes, places and times of all below a folder, and its newest time.

    The time is in nanoseconds since 1970. The place on the disk and the time of the last change to it (neither of which
    a copy keeps, nor can be set) are in the digest, so that an index that came with a copy fits nothing.
    Raises ``OSError`` where the folder cannot be listed.
    """
    facts = sorted(_facts(str(folder), ""))
    newest = max((max(fact[3:5]) for fact in facts), default=0)
    return hashlib.blake2b(repr(facts).encode(errors="surrogatepass"), digest_size=16).digest(), newest


_Fact = tuple[str, int, int, int, int, int, int]


def _facts(folder: str, within: str) -> Iterator[_Fact]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == LOCK_FILE:
                continue
            name, seen = within + entry.name, entry.stat(follow_symlinks=False)
            yield name, seen.st_mode, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino, seen.st_dev
            if entry.is_dir(follow_symlinks=False):
                yield from _facts(entry.path, f"{name}/")
