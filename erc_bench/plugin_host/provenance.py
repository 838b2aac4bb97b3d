"""Where a result comes from: versions of libraries and the state of the checkout."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import erc_bench

_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "pluggy", "safetensors")


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
    # An environment may lie inside a repository that does not track the packages installed in it.
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
