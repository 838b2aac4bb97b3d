"""How long commands take that train nothing: whole processes, from start to end."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from compare_cells import QUICK, Size, write_cells
from compare_cells import measure as measure_process
from startup import measure as measure_command


@dataclass(frozen=True)
class StartingCost:
    """A command: median and largest wall seconds. ``torch``: whether it imported torch, where that was looked at.

    ``cells`` counts what ``compare`` read, ``peak_mib`` is the most memory that it held.
    """

    command: str
    seconds: float
    largest: float
    torch: bool | None = None
    cells: int | None = None
    peak_mib: float | None = None


_COMMANDS = (["--help"], ["list", "datasets"], ["data", "status"], ["run", "--help"])
_COMPARISONS = {"compare": ["compare"], "compare --unit seed": ["compare", "--unit", "seed"]}


def starting_costs(quick: bool = False) -> list[StartingCost]:
    """Measure the start of some commands, and `compare` over a thousand cells (a few, if quick)."""
    repeats = 1 if quick else 5
    commands = _COMMANDS[:1] if quick else _COMMANDS
    return [*(_command(arguments, repeats) for arguments in commands), *_comparisons(quick, 1 if quick else 3)]


def _command(arguments: list[str], repeats: int) -> StartingCost:
    seconds, largest, told = measure_command(arguments, repeats)
    return StartingCost(" ".join(arguments), seconds, largest, torch=told == "torch")


def _comparisons(quick: bool, repeats: int) -> list[StartingCost]:
    size = QUICK if quick else Size()
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        write_cells(runs, size)
        for name, arguments in _COMPARISONS.items():
            # The first process warms the file cache.
            found = [measure_process(arguments, runs, None) for _ in range(repeats + 1)][1:]
            seconds = [process.seconds for process in found]
            peak = max(process.peak for process in found)
            costs.append(StartingCost(name, statistics.median(seconds), max(seconds), cells=size.cells, peak_mib=peak))
    return costs
