"""Folders and files that a program names."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from erc_bench.errors import ErcBenchError, OptionName


def path_of(thing: Any, argument: str, hint: str = "") -> Path:
    """Return what was given for an argument as a path; raise :class:`ErcBenchError` where it is none."""
    if isinstance(thing, (str, PathLike)):
        return Path(thing)
    raise ErcBenchError(f"{argument} must be a path, and is {thing!r}", hint)


def folder_of(thing: str | Path | None) -> Path | None:
    """Return the path of a folder that may be left out."""
    return Path(thing) if thing is not None and thing != "" else None


def check_folder(runs: Path) -> None:
    """Raise :class:`ErcBenchError` where no folder of this name can be there, because a file is in its way."""
    there = next((path for path in (runs, *runs.parents) if path.exists()), None)
    if there is not None and not there.is_dir():
        below = "" if there == runs else f", so that {str(runs)!r} cannot be made below it"
        raise ErcBenchError(
            f"{str(there)!r} is a file{below}", f"{OptionName('runs')} takes a folder: name another one."
        )
