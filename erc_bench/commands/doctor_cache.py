"""``erc-bench doctor --cache``: features of frozen backbones and trained upstreams on disk, and deleting old ones."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from erc_bench.commands.cell_options import ask
from erc_bench.running.terminal_progress import open_console
from erc_bench.store.feature_files import (
    DAY,
    FeatureFile,
    beyond,
    cache_folder,
    feature_files,
    leftovers,
    remove,
    remove_leftover,
    unused_since,
)

_UNKNOWN = "unknown"


def show_cache(prune: float | None, keep: float | None, yes: bool) -> None:
    """Print what the cache holds; once confirmed, delete what ``prune`` (days unused) and ``keep`` (GiB) ask for."""
    now = time.time()
    folders = [cache_folder() / name for name in ("features", "upstream")]
    console = open_console()
    files: list[FeatureFile] = []
    for folder in folders:
        found = feature_files(folder)
        if found or folder is folders[0]:
            console.print(f"{folder}: {_amount(found)}", soft_wrap=True, markup=False, highlight=False)
        if found:
            console.print(_table(found, now))
        files += found
    files.sort(key=lambda file: (file.last_used, file.path))
    left_behind = [path for folder in folders for path in leftovers(folder, now - DAY)]
    if left_behind:
        console.print(f"Left behind by processes that have ended: {_number(left_behind, 'file')}", highlight=False)
    if prune is not None or keep is not None:
        going = _going(files, prune, keep, now)
        if going:
            console.print(f"To delete: {_amount(going)}", highlight=False)
            console.print(_table(going, now))
        _delete(going, left_behind, console, yes)


def _table(files: Sequence[FeatureFile], now: float) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("backbone", "precision", "dataset"):
        table.add_column(name, overflow="fold")
    for name in ("entries", "MiB", "made", "last used"):
        table.add_column(name, justify="right", no_wrap=True)
    for group, members in groupby(sorted(files, key=_group), key=_group):
        own = list(members)
        made = min(map(_made, own))
        used = max(file.last_used for file in own)
        table.add_row(*group, str(len(own)), f"{_mebibytes(own):.1f}", _ago(now - made), _ago(now - used))
    return table


def _group(file: FeatureFile) -> tuple[str, str, str]:
    facts = file.description
    version = facts.get("identity", "").removeprefix("sha256:").rpartition("@")[2][:8]
    backbone = facts.get("backbone", _UNKNOWN)
    named = f"{backbone} ({version})" if version else backbone
    return named, facts.get("precision", _UNKNOWN), facts.get("dataset", _UNKNOWN)


def _made(file: FeatureFile) -> float:
    """Return when an entry was made; where it does not say so, it was when it was last used or before."""
    try:
        return datetime.fromisoformat(file.description["made"]).timestamp()
    except (KeyError, ValueError):
        return file.last_used


def _going(files: Sequence[FeatureFile], prune: float | None, keep: float | None, now: float) -> list[FeatureFile]:
    old = [] if prune is None else unused_since(files, now - prune * DAY)
    gone = {file.path for file in old}
    rest = [file for file in files if file.path not in gone]
    return old if keep is None else [*old, *beyond(rest, keep * 2**30)]


def _delete(going: Sequence[FeatureFile], left_behind: Sequence[Path], console: Console, yes: bool) -> None:
    if not going and not left_behind:
        console.print("Nothing to delete.")
        return
    question = f"Delete {_amount(going)}? They are computed again when they are needed."
    ask(question, f"nothing was deleted: {_amount(going)} would go", yes or not going)
    kept = {file.path: remove(file) for file in going} | {path: remove_leftover(path) for path in left_behind}
    reasons = {path: reason for path, reason in kept.items() if reason}
    gone = [file for file in going if file.path not in reasons]
    console.print(f"Deleted: {_amount(gone)}", highlight=False)
    for path, reason in reasons.items():
        console.print(f"Left: {path.name}, {reason}", soft_wrap=True, markup=False, highlight=False)


def _amount(files: Sequence[FeatureFile]) -> str:
    return f"{_number(files, 'entry', 'entries')}, {_mebibytes(files):.1f} MiB"


def _number(things: Sequence[object], one: str, many: str | None = None) -> str:
    return f"{len(things):,} {one if len(things) == 1 else many or f'{one}s'}"


def _mebibytes(files: Iterable[FeatureFile]) -> float:
    return sum(file.size for file in files) / 2**20


def _ago(seconds: float) -> str:
    """Say how long ago something was, in the largest unit of which it is more than one."""
    for unit, length in (("days", DAY), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
