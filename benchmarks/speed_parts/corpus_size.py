"""What a corpus of growing size costs before its first step: seconds and memory, each size in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_MEASURE = """
import json, sys, time, torch
from speed_parts.cells import Source, assembly, plan_cell
from speed_parts.corpus_size import resident_mib
from erc_bench.corpora.corpus import load_corpus
from erc_bench.contracts.types import seal
from erc_bench.training.preparation import CellData
from erc_bench.training.prepared import prepare
from erc_bench.training.process_state import stream
from erc_bench.training.workspace import Workspace

backbone, dialogues = sys.argv[1], int(sys.argv[2])
source = Source(backbone=backbone)
plan = plan_cell(source, "ce", [f"dataset.size={dialogues}", "encoder.trainable=all"])
warm = plan_cell(source, "ce", ["dataset.size=6", "encoder.trainable=all"])

def load(plan):
    return load_corpus(plan.dataset(plan.build("dataset", plan.dataset)), None).splits

def ready(plan, splits, encoder):
    return [prepare(encoder, encoder.examples(split, False, stream(0, "sampling")), plan.dataset.labels)
            for split in (splits.train, splits.dev, seal(splits.test))]

small = load(warm)
encoder, _ = assembly(warm, CellData(small.train, small.dev, None), Workspace(torch.device("cpu"))).load()
ready(warm, small, encoder)
before, started = resident_mib(), time.perf_counter()
splits = load(plan)
prepared = ready(plan, splits, encoder)
seconds, mib = time.perf_counter() - started, resident_mib() - before
print(json.dumps([sum(len(dialogue.utterances) for _, split in splits.items() for dialogue in split), seconds, mib]))
"""
_SIZES = (1_000, 4_000, 16_000)
_QUICK_SIZES = (60, 240)


@dataclass(frozen=True)
class CorpusCost:
    """A corpus read, tokenised and assembled into inputs; resident memory that this added to the process."""

    dialogues: int
    utterances: int
    seconds: float
    mib: float
    microseconds_per_utterance: float
    bytes_per_utterance: float


def corpus_costs(quick: bool, backbone: str) -> list[CorpusCost]:
    """Measure corpora of the dataset ``demo``, from small to large."""
    return [_measure(backbone, dialogues) for dialogues in (_QUICK_SIZES if quick else _SIZES)]


def resident_mib() -> float:
    """Return the memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def _measure(backbone: str, dialogues: int) -> CorpusCost:
    command = [sys.executable, "-c", _MEASURE, backbone, str(dialogues)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    utterances, seconds, mib = json.loads(told.stdout.splitlines()[-1])
    return CorpusCost(dialogues, int(utterances), seconds, mib, seconds / utterances * 1e6, mib * 2**20 / utterances)
