"""What 10,000 cells cost the process that runs a sweep: milliseconds a cell, and memory, apart from any training.

Run: ``python benchmarks/many_cells.py [--cells N] [--jobs N]``. Every cell is of a system that answers the same
everywhere on a corpus of twenty dialogues: what is left is planning, locking, checking, writing and telling. The sweep
runs twice: all cells, and again, when all are done. Memory is that of the driving process, sampled until its tables
begin.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

METHODS = 10
PLUGIN = f'''
import numpy as np
import erc_bench.api as erc


class OneAnswer(erc.System):
    """The first label everywhere."""

    name = "one-answer"
    source = "a benchmark"
    departures = ()
    is_floor = True

    def fit(self, train, dev, context):
        self.classes = len(context.labels)

    def predict(self, dialogues):
        keys = [(dialogue.id, index) for dialogue in dialogues for index in dialogue.targets()]
        return {{key: np.eye(self.classes)[0] for key in keys}}


@erc.hookimpl
def erc_methods():
    return [
        erc.Method(f"one-answer-{{number}}", source="a benchmark", summary="One.", system=OneAnswer, departures=())
        for number in range({METHODS})
    ]
'''
SUITE = """
methods = [{methods}]
datasets = ["demo"]
seeds = {seeds}

[dataset]
size = 20

[[table]]
title = "All"
baseline = "one-answer-0"
unit = "seed"
"""


def resident(process: int) -> float:
    """Return the memory that a process holds now, in MiB (Linux)."""
    pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def sweep(folder: Path, jobs: int, cells: int) -> tuple[float, float]:
    """Run the sweep → (seconds until the last cell ended, the most memory until then in MiB)."""
    command = [sys.executable, "-m", "erc_bench", "sweep", "many.toml", "--plugin", "many.py", "--jobs", str(jobs)]
    started, peak, ended = time.perf_counter(), 0.0, threading.Event()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def sample() -> None:
        nonlocal peak
        while not ended.wait(0.05):
            peak = max(peak, resident(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"[{cells}/{cells}]".encode()):
            break
    else:
        raise SystemExit("the sweep ended before its last cell")
    seconds = time.perf_counter() - started
    ended.set()
    sampler.join()
    process.stdout.read()
    if process.wait():
        raise SystemExit(f"the sweep ended with {process.returncode}")
    return seconds, peak


def main() -> None:
    """Print a line for each of the two sweeps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    seeds = asked.cells // METHODS
    cells = seeds * METHODS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "many.py").write_text(PLUGIN, encoding="utf-8")
        methods = ", ".join(f'"one-answer-{number}"' for number in range(METHODS))
        (folder / "many.toml").write_text(SUITE.format(methods=methods, seeds=seeds), encoding="utf-8")
        print(f"{cells:,} cells, {asked.jobs} jobs")
        for what in ("all run", "all done"):
            seconds, peak = sweep(folder, asked.jobs, cells)
            print(f"{what:<10}{seconds:8.1f} s {1000 * seconds / cells:8.2f} ms a cell {peak:8.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
