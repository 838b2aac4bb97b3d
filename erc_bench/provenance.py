"""Where a result comes from: code, versions, machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import erc_bench

_OTHERS = frozenset({*sys.stdlib_module_names, "torch"})
"""Packages whose classes have a version of their own in the record."""
_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "pluggy", "safetensors")


def code_digests(components: Mapping[str, type]) -> dict[str, str]:
    """Return a digest of the source of every component's class, by slot and name."""
    return {slot: _source_digest(component) for slot, component in components.items()}


@cache
def _source_digest(component: type) -> str:
    # The classes that a component is built from are part of what it computes.
    digest = hashlib.sha256()
    for base in component.__mro__:
        if base.__module__.split(".")[0] not in _OTHERS:
            for source in _source_files(base):
                digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _source_files(component: type) -> list[Path]:
    """Return the file of a class; all files of the package where the class stands in its ``__init__``."""
    try:
        source = inspect.getsourcefile(component)
    except (TypeError, OSError):  # typed into an interpreter, or built by a program
        source = None
    if source is None or not Path(source).is_file():
        return []
    file = Path(source)
    return sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python, erc-bench and the libraries that decide a result."""
    found = {"python": platform.python_version(), "erc-bench": erc_bench.__version__}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found[library] = "unknown"
    return found


@cache
def git_state() -> dict[str, Any]:
    """Return revision and cleanliness of the checkout that erc-bench runs from; empty for an installed one."""
    folder = Path(erc_bench.__file__).parent
    # An environment may lie inside a repository that knows nothing of what is installed in it.
    tracked = _git(folder, "ls-files", "--error-unmatch", "__init__.py")
    revision = _git(folder, "rev-parse", "HEAD")
    if not (tracked and revision):
        return {}
    return {"revision": revision, "dirty": bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))}


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 (fixed arguments)
            ["git", "-C", str(folder), *arguments],  # noqa: S607 (the user's own git)
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
