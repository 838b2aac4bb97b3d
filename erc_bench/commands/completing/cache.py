"""The names in a file of the user's cache, looked up again when what is installed has changed.

Methods stand beside their objectives, which import torch: looking them up takes seconds, reading them
milliseconds.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from erc_bench import __version__
from erc_bench.commands.completing.names import Names, look_up_names
from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.catalogue import BLOCK_VARIABLE, GROUP, Catalogue
from erc_bench.store.feature_files import cache_folder

FILE = "completion.json"
TORCHLESS = ("dataset", "backbone", "observer")
"""Kinds that are quick to look up."""


def installed_names() -> Names:
    """Return the names of everything that is installed: from the cache, or looked up and kept there."""
    points = list(entry_points(group=GROUP))
    key = state_of(points)
    names = _read(key)
    if names is None:
        # What a plugin says while it is imported would be taken for names.
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            names = look_up_names(Catalogue(points))
        _write(key, names)
    return names


def installed_of(kind: str) -> list[str]:
    """Return the names of one kind; one that is quick to look up is not waited for with the others."""
    points = list(entry_points(group=GROUP))
    kept = _read(state_of(points))
    if kept is None and kind in TORCHLESS:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), suppress(ErcBenchError):
            return list(Catalogue(points).entries(kind))
    return (kept or installed_names()).kinds.get(kind, [])


def state_of(points: Iterable[EntryPoint]) -> str:
    """Return a digest of the packages that bring components, and of when their files changed last.

    An editable installation changes without changing its version.
    """
    described = sorted(
        [
            point.name,
            point.value,
            point.dist.name if point.dist is not None else "",
            point.dist.version if point.dist is not None else "",
            list(_stamps(point.value)),
        ]
        for point in points
    )
    text = json.dumps([__version__, sys.version, os.environ.get(BLOCK_VARIABLE, ""), described])
    return hashlib.sha256(text.encode()).hexdigest()


def _stamps(module: str) -> Iterator[list[int]]:
    """Yield size and last change of the files of a module, which is not imported for it."""
    for file in _files(module.partition(":")[0].split(".")):
        with suppress(OSError):
            facts = file.stat()
            yield [facts.st_size, facts.st_mtime_ns]


def _files(parts: list[str]) -> list[Path]:
    try:
        # That of a package's parent is found without running it; that of a module inside would run it.
        specification = find_spec(parts[0])
    except (ImportError, ValueError):
        return []
    if specification is None:
        return []
    if len(parts) == 1 and specification.origin and not specification.submodule_search_locations:
        return [Path(specification.origin)]
    for place in specification.submodule_search_locations or ():
        path = Path(place, *parts[1:])
        if path.is_dir():
            return sorted(path.rglob("*.py"))
        if path.with_suffix(".py").is_file():
            return [path.with_suffix(".py")]
    return []


def _read(key: str) -> Names | None:
    try:
        kept = json.loads((cache_folder() / FILE).read_text(encoding="utf-8"))
        return Names.from_plain(kept["names"]) if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _write(key: str, names: Names) -> None:
    # Without a cache it takes longer, and no more.
    with suppress(OSError):
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{FILE}.{secrets.token_hex(4)}.part"
        temporary.write_text(json.dumps({"key": key, "names": names.plain()}), encoding="utf-8")
        temporary.replace(folder / FILE)
