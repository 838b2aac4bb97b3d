"""The names of installed components, from a file of the user's cache for one state of the installed packages.

Options stand on classes that import torch: looking them up takes seconds, reading them milliseconds.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from erc_bench import __version__
from erc_bench.commands.completing.names import Names, look_up_names
from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.catalogue import BLOCK_VARIABLE, GROUP, Catalogue
from erc_bench.store.feature_files import cache_folder

TORCHLESS = ("dataset", "backbone", "method", "observer")
"""Kinds that are quick to look up."""


def installed_names() -> Names:
    """Return the names of everything that is installed: from the cache, or looked up and kept there."""
    points = list(entry_points(group=GROUP))
    kept = kept_in(file_of(points))
    if kept is None:
        with _silence():
            kept = look_up_names(Catalogue(points))
        _keep(kept, file_of(points))
    return kept


def installed_of(kind: str) -> list[str]:
    """Return the names of one kind; one that is quick to look up is not waited for with the others."""
    points = list(entry_points(group=GROUP))
    kept = kept_in(file_of(points))
    if kept is None and kind in TORCHLESS:
        with _silence(), suppress(ErcBenchError):
            return list(Catalogue(points).entries(kind))
    return (kept or installed_names()).kinds.get(kind, [])


@contextmanager
def _silence() -> Iterator[None]:
    # Output of a plugin at its import would be taken for names.
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


def file_of(points: Iterable[EntryPoint]) -> Path:
    """Return the file for these entry points, and for their code as it is: an editable one changes unannounced."""
    described = sorted([point.name, point.value, str(point.dist and point.dist.version)] for point in points)
    packages = sorted({value.partition(":")[0].partition(".")[0] for _, value, _ in described})
    stamps = [stamp for package in packages for stamp in _stamps(package)]
    state = [__version__, sys.version, os.environ.get(BLOCK_VARIABLE, ""), described, stamps]
    return cache_folder() / f"completion-{hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]}.json"


def _stamps(package: str) -> Iterator[list[int]]:
    """Yield size and last change of the files of a package, or of a single module, which is not imported for it."""
    try:
        specification = find_spec(package)
    except (ImportError, ValueError):
        return
    if specification is None:
        return
    for place in specification.submodule_search_locations or [str(specification.origin)]:
        for file in sorted(Path(place).rglob("*.py")) or [Path(place)]:
            with suppress(OSError):
                facts = file.stat()
                yield [facts.st_size, facts.st_mtime_ns]


def kept_in(file: Path) -> Names | None:
    """Return the names in a file; ``None`` where there is none, or a damaged one."""
    try:
        return Names(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _keep(names: Names, file: Path) -> None:
    # Without a cache it takes longer, and no more.
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        for earlier in file.parent.glob("completion-*.json"):
            earlier.unlink()
        temporary = file.with_suffix(f".{os.getpid()}.part")
        temporary.write_text(json.dumps(asdict(names)), encoding="utf-8")
        temporary.replace(file)
