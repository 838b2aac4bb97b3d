"""What a process needs to know to run cells, whichever cells they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from erc_bench.planning.observers import ChosenObserver
from erc_bench.plugin_host.plugin_files import PluginFile
from erc_bench.running.state import Overwrite


@dataclass(frozen=True)
class GridTask:
    """Where cells and corpora lie, the device that is the process's own, and what that may hold.

    ``plugins`` are files that a process loads before it is given a cell, whose classes may be theirs.
    ``observers`` hear of the cells that it runs.
    """

    runs: Path
    data_dir: Path | None
    device: str
    overwrite: Overwrite = "missing"
    micro_batch: int | None = None
    plugins: tuple[PluginFile, ...] = ()
    observers: tuple[ChosenObserver, ...] = ()
