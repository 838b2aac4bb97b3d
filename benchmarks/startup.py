"""How long the commands take that need no torch: whole processes, median of several runs.

Run: ``python benchmarks/startup.py [--runs DIR]``. The last column says whether torch was imported.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

_PROBE = """
import sys
from erc_bench.cli import main
try:
    main()
except SystemExit as stop:
    code = stop.code
else:
    code = 0
print("torch" if "torch" in sys.modules else "no torch", file=sys.stderr)
sys.exit(code)
"""


def measure(arguments: list[str], repeats: int) -> tuple[float, float, str]:
    """Return median and largest wall seconds of a command, and whether it imported torch."""
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", _PROBE, *arguments], capture_output=True, text=True, check=False)
        seconds.append(time.perf_counter() - started)
        if done.returncode:
            raise SystemExit(f"erc-bench {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    # The first run warms the file cache.
    return statistics.median(seconds[1:]), max(seconds[1:]), done.stderr.strip().splitlines()[-1]


def main() -> None:
    """Print one line per command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, help="a folder of runs for `compare`")
    parser.add_argument("--data-dir", type=Path, help="corpora for `data status`")
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    commands = [["--help"], ["list", "datasets"], ["list", "methods"]]
    commands.append(["data", "status", *(["--data-dir", str(asked.data_dir)] if asked.data_dir else [])])
    if asked.runs:
        commands.append(["compare", "--runs", str(asked.runs)])
    print(f"{'command':<24}{'median s':>10}{'max s':>10}  torch")
    for arguments in commands:
        median, largest, torch = measure(arguments, asked.repeats)
        print(f"{' '.join(arguments[:2]):<24}{median:>10.2f}{largest:>10.2f}  {torch}")


if __name__ == "__main__":
    main()
