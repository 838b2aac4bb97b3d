"""How far a number moves from one machine to the next: the same cells, computed as other processors would.

    python benchmarks/machines.py run FOLDER --dataset demo [--data-dir DATA] [--variant NAME ...]
    python benchmarks/machines.py table FOLDER --dataset demo

Each variant is a process with other instruction sets, another number of threads or another precision, and a cache of
its own, so that nothing computed by one is read by the next. The table compares each with the first: labels that
changed, and points by which weighted F1 moved, seed by seed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.predictions import read_answers
from erc_bench.store.reading import StoredCell

METHODS = ("ce", "supcon", "eacl")
_AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}


@dataclass(frozen=True)
class Variant:
    """A way of computing the same cells: precision of the features, environment of the process."""

    name: str
    precision: str = "float32"
    environment: Mapping[str, str] = field(default_factory=dict)


VARIANTS = (
    Variant("float32"),
    Variant("float32, 1 thread", environment={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}),
    Variant("float32, avx2", environment=_AVX2),
    Variant("float32, default", environment={"ATEN_CPU_CAPABILITY": "default"}),
    Variant("bfloat16", "bfloat16"),
    Variant("bfloat16, 1 thread", "bfloat16", {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}),
    Variant("float64", "float64"),
    Variant("float64, avx2", "float64", _AVX2),
    Variant("float64, default", "float64", {"ATEN_CPU_CAPABILITY": "default"}),
    Variant("float64, 1 thread", "float64", {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}),
)


def run(variant: Variant, folder: Path, dataset: str, data_dir: Path | None, program: str) -> None:
    """Run the cells of a variant that are not there yet."""
    command = [program, "run", "--dataset", dataset, "--backbone", "minilm", "--seeds", "5", "--jobs", "2"]
    command += [word for method in METHODS for word in ("--method", method)]
    command += ["--set", "encoder.trainable=none", "--set", f"training.precision={variant.precision}"]
    command += ["--runs", str(_runs(folder, variant))]
    command += ["--data-dir", str(data_dir)] if data_dir else []
    environment = {**os.environ, **variant.environment, "ERC_BENCH_CACHE": str(folder / "cache" / variant.name)}
    subprocess.run(command, env=environment, check=True)


def table(folder: Path, dataset: str, variants: Sequence[Variant]) -> list[str]:
    """Return a line for each variant and method, compared with the first variant that has cells."""
    present = [variant for variant in variants if _runs(folder, variant).is_dir()]
    cells = {variant.name: _cells(_runs(folder, variant), dataset) for variant in present}
    reference, *others = present
    lines = [f"{'against ' + reference.name:22} {'method':8} labels changed, by seed   F1 moved, by seed"]
    for variant in others:
        for method in METHODS:
            pairs = [
                (cells[reference.name][method, seed], cell)
                for (name, seed), cell in sorted(cells[variant.name].items())
                if name == method and (method, seed) in cells[reference.name]
            ]
            changed = [_changed(first, second) for first, second in pairs]
            moved = [_f1(second) - _f1(first) for first, second in pairs]
            mean = sum(moved) / len(moved) if moved else 0.0
            points = " ".join(f"{points:+.2f}" for points in moved)
            lines.append(f"{variant.name:22} {method:8} {' '.join(map(str, changed)):25} {points} (mean {mean:+.2f})")
    return lines


def _runs(folder: Path, variant: Variant) -> Path:
    return folder / "runs" / variant.name.replace(", ", "-").replace(" ", "-")


def _cells(runs: Path, dataset: str) -> dict[tuple[str, int], StoredCell]:
    done = [cell for cell in read_cells(runs) if cell.status == "done" and cell.dataset == dataset]
    return {(cell.method, int(cell.record["seed"])): cell for cell in done}


def _changed(first: StoredCell, second: StoredCell) -> int:
    return sum(a != b for a, b in zip(read_answers(first).predicted, read_answers(second).predicted, strict=True))


def _f1(cell: StoredCell) -> float:
    return float(cell.record["metrics"]["test"]["weighted_f1"])


def main() -> None:
    """Read the arguments, and run or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("folder", type=Path, help="Where runs and caches lie.")
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--variant", action="append", help="Names of variants; all without it.")
    parser.add_argument("--program", default="erc-bench", help="The erc-bench that runs, for another version of it.")
    asked = parser.parse_args()
    variants = [variant for variant in VARIANTS if not asked.variant or variant.name in asked.variant]
    if asked.what == "table":
        sys.stdout.write("\n".join(table(asked.folder, asked.dataset, variants)) + "\n")
        return
    for variant in variants:
        run(variant, asked.folder, asked.dataset, asked.data_dir, asked.program)


if __name__ == "__main__":
    main()
