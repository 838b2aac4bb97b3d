"""What `compare` says when gold labels were edited: sixty of them, in every seed of one method, and its records.

Run: ``python benchmarks/edited_gold.py [--method eacl] [--beside ce supcon] [--labels 60] [--data-dir DIR]``. Committed
cells on MELD are copied; in each copy of the method, wrong answers become right by changing the gold label, and the
record is scored anew, so that it fits its predictions. Printed is the table of ``erc-bench compare``, with its notes:
the copies before the edit, after it, and after it with the corpus, where ``--data-dir`` names one.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from erc_bench.statistics.metrics import constant_floor, degenerate, score
from erc_bench.store.layout import RECORD_FILE
from erc_bench.store.predictions import predictions_file, read_file
from erc_bench.store.reading import read_cell

RESULTS = Path(__file__).parent / "results" / "laptop"
DATASET = "meld"


def copy_cells(runs: Path, methods: Sequence[str]) -> None:
    """Copy the committed cells of these methods into a folder of runs."""
    for method in methods:
        shutil.copytree(RESULTS / DATASET / method, runs / DATASET / method)


def edit_cells(runs: Path, method: str, labels: int) -> list[Path]:
    """Make wrong answers of each cell right, the same utterances first, and score its record anew; return its folders.

    ``labels`` is how many gold labels are changed.
    """
    folders = sorted((runs / DATASET / method).glob("*/*/seed-*"))
    for folder in folders:
        edit_cell(folder, labels)
    return folders


def edit_cell(folder: Path, labels: int) -> None:
    """Change so many gold labels of one cell, and its record to fit."""
    cell = read_cell(folder)
    file = predictions_file(cell)
    header, *rows = csv.reader(io.StringIO(read_file(file).decode(), newline=""))
    for row in [row for row in rows if row[2] != row[3]][:labels]:
        row[2] = row[3]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    content = text.getvalue().encode()
    file.write_bytes(gzip.compress(content, mtime=0) if file.suffix == ".gz" else content)
    gold, predicted, record = [row[2] for row in rows], [row[3] for row in rows], dict(cell.record)
    asked, headline = (record["labels"], record["scored_labels"]), record["headline_metric"]
    floor, scored = constant_floor(gold, *asked, headline), score(gold, predicted, *asked)
    record["metrics"] = {**record["metrics"], "test": scored}
    record |= {"floor": floor, "degenerate": degenerate(scored, predicted, floor, headline)}
    (folder / RECORD_FILE).write_text(json.dumps(record, indent=1), encoding="utf-8")


def compared(runs: Path, data_dir: Path, *arguments: str) -> str:
    """Return what ``erc-bench compare`` prints of a folder of runs, with its notes."""
    command = [sys.executable, "-m", "erc_bench", "compare", "--runs", str(runs), *arguments]
    environment = os.environ | {"ERC_BENCH_DATA": str(data_dir)}
    # The code is that of the interpreter (or of PYTHONPATH), not of the folder that this was started in.
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=runs)
    return done.stdout + done.stderr


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="eacl", help="the method whose cells are edited")
    parser.add_argument("--beside", nargs="+", default=["ce", "supcon"], help="the methods beside it")
    parser.add_argument("--labels", type=int, default=60)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--unit", default="both", choices=["seed", "dialogue", "both"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs, nowhere = Path(folder, "runs"), Path(folder, "nowhere")
        copy_cells(runs, [*asked.beside, asked.method])
        tables = {"as committed": compared(runs, nowhere, "--unit", asked.unit)}
        edited = len(edit_cells(runs, asked.method, asked.labels))
        edits = f"{asked.labels} gold labels edited in each of {edited} cells of {asked.method}"
        tables[f"{edits}, no corpus at hand"] = compared(runs, nowhere, "--unit", asked.unit)
        if asked.data_dir is not None:
            tables[f"{edits}, corpus at hand"] = compared(runs, asked.data_dir.resolve(), "--unit", asked.unit)
    for title, text in tables.items():
        sys.stdout.write(f"== {title} ==\n\n{text.strip()}\n\n")


if __name__ == "__main__":
    main()
