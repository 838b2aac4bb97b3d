"""How long `erc-bench compare` and `rm` take over 1,000 stored cells, and how much memory: whole processes, in turn.

Run: ``python benchmarks/compare_cells.py [--quick] [--packed] [--cells N] [--seeds N] [--against DIR]``. The cells
are of MELD's size (2,610 utterances in 280 dialogues) with invented answers: five datasets, ten methods, twenty seeds
(fewer seeds: more methods). Each record is a committed one with other names and scores; the files of further
readouts are there, but empty. Seconds are those on the clock and, for a machine that does other things as well,
those of the processor.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from erc_bench.statistics.metrics import label_indices, score
from erc_bench.store.file_contents import content_of
from erc_bench.store.layout import INDEX_FOLDER, PACKED, PREDICTIONS_FILE, RECORD_FILE, STATUS_FILE, CellAddress

BENCHMARKS = Path(__file__).parent
COMMANDS = {
    "compare --unit seed": ["compare", "--unit", "seed"],
    "compare": ["compare"],
    "compare, no index yet": ["compare"],
    "compare --per-class": ["compare", "--per-class"],
    "rm --state failed": ["rm", "--state", "failed"],
}
NO_INDEX = "no index yet"
"""What stands behind a command before which the index of the cells is removed."""
UTTERANCES, DIALOGUES = 2610, 280
# Test utterances of MELD, in the order of its labels.
SUPPORT = {"anger": 345, "disgust": 68, "fear": 50, "joy": 402, "sadness": 208, "surprise": 281, "neutral": 1256}
LABELS = tuple(SUPPORT)


@dataclass(frozen=True)
class Size:
    """How many cells are written: datasets times methods times seeds."""

    datasets: int = 5
    methods: int = 10
    seeds: int = 20

    @property
    def cells(self) -> int:
        """Their number."""
        return self.datasets * self.methods * self.seeds

    def addresses(self) -> Iterator[tuple[int, int, CellAddress]]:
        """Return dataset and method by number, with the address, of each cell; the first method is ``ce``."""
        for dataset in range(self.datasets):
            for method in range(self.methods):
                name = f"method-{method}" if method else "ce"
                for seed in range(1, self.seeds + 1):
                    yield dataset, method, CellAddress(f"corpus-{dataset}", name, "minilm", "0123456789ab", seed)


QUICK = Size(2, 3, 4)


@dataclass(frozen=True)
class Split:
    """An invented test split of MELD's size."""

    number: int
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rng", np.random.default_rng(self.number))

    @cached_property
    def gold(self) -> list[str]:
        """The labels, as often as MELD has them."""
        labels = [label for label, count in SUPPORT.items() for _ in range(count)]
        return [str(label) for label in self.rng.permutation(labels)]

    @cached_property
    def keys(self) -> list[str]:
        """Dialogue and utterance of each row, as they are written."""
        lengths = 1 + self.rng.multinomial(UTTERANCES - DIALOGUES, np.full(DIALOGUES, 1 / DIALOGUES))
        return [f"{dialogue},{turn}" for dialogue, length in enumerate(lengths) for turn in range(length)]

    def answers(self, method: int, seed: int) -> list[str]:
        """Answer right more often with a later method, else with any label."""
        rng = np.random.default_rng([self.number, method, seed])
        right = rng.random(UTTERANCES) < 0.4 + 0.02 * (method % 20) + rng.normal(0, 0.01)
        guesses = rng.integers(0, len(LABELS), UTTERANCES)
        return [LABELS[place] for place in np.where(right, label_indices(self.gold, LABELS), guesses)]

    @cached_property
    def scores(self) -> list[str]:
        """One score for each label and row, as they are written; no command that is timed reads them."""
        rows = self.rng.dirichlet(np.ones(len(LABELS)), UTTERANCES).tolist()
        return [",".join(f"{value:.4f}" for value in row) for row in rows]


def template() -> dict[str, Any]:
    """Return a committed record, so that a record is as large as they are."""
    committed = sorted((BENCHMARKS / "results").glob(f"*/meld/eacl/*/*/seed-*/{RECORD_FILE}"))
    record: dict[str, Any] = json.loads(committed[0].read_text(encoding="utf-8"))
    return record


def write_cells(runs: Path, size: Size, packed: bool = False) -> None:
    """Write cells as ``run`` leaves them, or, packed, as they are published."""
    base, splits = template(), [Split(number) for number in range(size.datasets)]
    for dataset, method, address in size.addresses():
        folder, split = address.folder(runs), splits[dataset]
        folder.mkdir(parents=True)
        predicted = split.answers(method, address.seed)
        _write_answers(folder, split, predicted, packed)
        metrics = score(split.gold, predicted, LABELS)
        record = base | vars(address) | {"labels": LABELS, "metrics": {"dev": metrics, "test": metrics}}
        record["data"] = base["data"] | {"fingerprint": f"{dataset:064x}"}
        (folder / RECORD_FILE).write_text(json.dumps(record, indent=1), encoding="utf-8")
        further = [f"predictions.{name}.csv" for name in base["readouts"]]
        for name in further:
            (folder / (name + PACKED if packed else name)).touch()
        answers = [name + PACKED if packed else name for name in (PREDICTIONS_FILE, *further)]
        files = [*answers, RECORD_FILE]
        contents = {name: content_of((folder / name).read_bytes()) for name in files}
        status = {"status": "done", "files": files, "contents": contents}
        (folder / STATUS_FILE).write_text(json.dumps(status, indent=1), encoding="utf-8")


def _write_answers(folder: Path, split: Split, predicted: Sequence[str], packed: bool) -> None:
    header = ",".join(("dialogue_id", "utterance", "gold", "predicted", *LABELS))
    rows = map(",".join, zip(split.keys, split.gold, predicted, split.scores, strict=True))
    text = "\n".join((header, *rows, "")).encode()
    if packed:
        (folder / (PREDICTIONS_FILE + PACKED)).write_bytes(gzip.compress(text, mtime=0))
    else:
        (folder / PREDICTIONS_FILE).write_bytes(text)


@dataclass(frozen=True)
class Measured:
    """One process: seconds on the clock and of the processor, and the most memory that it held, in MiB."""

    seconds: float
    processor: float
    peak: float


def measure(arguments: Sequence[str], runs: Path, code: Path | None) -> Measured:
    """Run one command in a process of its own, with the code of another folder where one is named."""
    command = [sys.executable, "-m", "erc_bench", *arguments, "--runs", str(runs)]
    environment = os.environ | ({"PYTHONPATH": str(code.resolve())} if code else {})
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment, cwd=runs)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            told = errors.read().decode(errors="replace")
            raise SystemExit(f"erc-bench {' '.join(command[3:])} ended with {process.returncode}:\n{told}")
    # Linux counts in KiB, macOS in bytes.
    peak = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    return Measured(seconds, used.ru_utime + used.ru_stime, peak)


def main() -> None:
    """Print one line per command (and code)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.cells} cells, one repetition")
    parser.add_argument("--packed", action="store_true", help="predictions packed, as they are published")
    parser.add_argument("--cells", type=int, default=1000, help="of five datasets")
    parser.add_argument("--seeds", type=int, choices=[5, 10, 20, 40], default=20, help="of each method")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--against", type=Path, help="a folder with other code of erc-bench, timed in turn with this")
    asked = parser.parse_args()
    full = Size(methods=asked.cells // 5 // asked.seeds, seeds=asked.seeds)
    size, repeats = (QUICK, 1) if asked.quick else (full, asked.repeats)
    codes = {"this": None} | ({"other": asked.against} if asked.against else {})
    found: dict[tuple[str, str], list[Measured]] = {(name, code): [] for name in COMMANDS for code in codes}
    with tempfile.TemporaryDirectory() as folder:
        write_cells(Path(folder), size, asked.packed)
        # The first round warms the file cache.
        for turn in range(0 if asked.quick else -1, repeats):
            for name, code in found:
                if name.endswith(NO_INDEX):
                    shutil.rmtree(Path(folder, INDEX_FOLDER), ignore_errors=True)
                measured = measure(COMMANDS[name], Path(folder), codes[code])
                found[name, code] += [measured] if turn >= 0 else []
    shape = f"{size.datasets} datasets x {size.methods} methods x {size.seeds} seeds"
    kind = "packed" if asked.packed else "plain"
    print(f"{size.cells:,} cells ({shape}), {repeats} repetitions in turn, {kind} predictions")
    print(f"{'command':<28}{'code':<8}{'median s':>10}{'max s':>10}{'CPU s':>10}{'peak MiB':>10}")
    for (name, code), times in found.items():
        seconds = [measured.seconds for measured in times]
        processor = statistics.median(measured.processor for measured in times)
        peak = max(measured.peak for measured in times)
        figures = statistics.median(seconds), max(seconds), processor
        print(f"{name:<28}{code:<8}{''.join(f'{figure:>10.2f}' for figure in figures)}{peak:>10.0f}")


if __name__ == "__main__":
    main()
