"""Digests of files: sha256, and the id that git gives to a file's content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from erc_bench.contracts.dataset import DataFile

_BLOCK = 1 << 20


def digest_on_record(file: DataFile) -> str:
    """Return the digest that the file must have, with its kind, or an empty text where none is known."""
    if file.sha256:
        return f"sha256:{file.sha256}"
    return f"git-blob:{file.git_blob}" if file.git_blob else ""


def digest_found(file: DataFile, path: Path) -> str:
    """Return the digest that the file at ``path`` has, of the kind that is on record for it."""
    return f"git-blob:{git_blob(path)}" if file.git_blob and not file.sha256 else f"sha256:{sha256(path)}"


def digest_of_many(paths: Iterable[Path], folder: Path) -> str:
    """Return the digest of several files below a folder: over their paths and contents, in the given order."""
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n".encode())
    return f"sha256:{total.hexdigest()}"


def sha256(path: Path) -> str:
    """Return the sha256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_blob(path: Path) -> str:
    """Return the id of a file's content in git: the sha1 over a header with its length, and the content."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
