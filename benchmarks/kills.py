"""Kill `rm` and `archive --remove` at moments of chance, and say what they leave behind.

Run: ``python benchmarks/kills.py [--times N]``. Each time, cells of MELD's size are written and a command is killed
somewhere between its start and the moment at which it once ended undisturbed. Then every cell must be whole or gone,
and an archive must be there whole or not at all; the same command, run again, must finish what was begun. Where the
kill falls hangs on the machine: the tests kill at chosen places instead.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path

from compare_cells import Size, write_cells

from erc_bench.store.index.all_cells import read_cells

CELLS = Size(1, 2, 3)
COMMANDS = {"rm": ("rm",), "archive --remove": ("archive", "--remove", "--output", "cells.tar.gz")}


def start(command: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start a command on all cells below ``runs`` of a folder."""
    asked = (*COMMANDS[command], "--runs", "runs", "--dataset", "corpus-0", "--yes")
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-m", "erc_bench", *asked], cwd=folder, **quiet)


def undisturbed(command: str) -> float:
    """Return the seconds that a command takes."""
    with tempfile.TemporaryDirectory() as name:
        write_cells(Path(name, "runs"), CELLS, False)
        before = time.perf_counter()
        start(command, Path(name)).wait()
        return time.perf_counter() - before


def killed(command: str, after: float) -> str:
    """Kill a command after so many seconds; return what it left, or raise ``AssertionError``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cells(folder / "runs", CELLS, False)
        process = start(command, folder)
        time.sleep(after)
        process.kill()
        process.wait()
        left = read_cells(folder / "runs")
        assert all(cell.status == "done" for cell in left), "a cell is neither whole nor gone"
        archive = folder / "cells.tar.gz"
        assert command == "rm" or archive.exists() or len(left) == CELLS.cells, "cells went without an archive"
        if archive.exists():
            with tarfile.open(archive) as opened:
                assert opened.getnames(), "the archive is empty"
            archive.rename(folder / "first.tar.gz")
        assert start(command, folder).wait() == 0 or not left, "it does not go on"
        assert not read_cells(folder / "runs"), "it does not finish what was begun"
        return "ended before" if process.returncode == 0 else f"{len(left)} of {CELLS.cells} cells left"


def main() -> None:
    """Print how often each outcome came."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=20, help="How often each command is killed.")
    times: int = parser.parse_args().times
    chance = random.Random(0)
    for command in COMMANDS:
        longest = undisturbed(command)
        outcomes = Counter(killed(command, chance.uniform(0, longest)) for _ in range(times))
        told = ", ".join(f"{outcome}: {number}" for outcome, number in sorted(outcomes.items()))
        print(f"{command}: killed {times} times within {longest:.2f} s; {told}")


if __name__ == "__main__":
    main()
