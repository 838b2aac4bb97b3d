"""The same seed with and without each optimisation: what changes in the test scores.

One epoch of fine-tuning in float32 on a part of the corpus, from the same weights. Variants that change
which elements dropout drops (the grouping of rows, the exchanged attention) are compared without dropout.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
import torch
from speed_parts.cells import Source, plan_cell, read_data
from torch import nn

from erc_bench.contracts.encoder import Encoder
from erc_bench.planning.plan import Plan
from erc_bench.store.feature_files import CACHE_VARIABLE
from erc_bench.training import assembly
from erc_bench.training.assembly import Assembly
from erc_bench.training.cell import Cell
from erc_bench.training.preparation import CellData
from erc_bench.training.result import CellResult
from erc_bench.training.row_states import ChunkSize, RowEncoder
from erc_bench.training.workspace import Workspace

METHOD = "eacl"


@dataclass(frozen=True)
class EqualResult:
    """Two cells of one seed. ``difference`` is the largest between their test scores (softmax probabilities)."""

    variant: str
    against: str
    dev: float
    dev_against: float
    difference: float
    other_labels: int
    """Test utterances for which another label is predicted."""
    utterances: int


@dataclass(frozen=True)
class _Bench:
    source: Source
    data: CellData
    settings: tuple[str, ...]

    def cell(
        self,
        trainable: str = "all",
        dropout: bool = True,
        micro_batch: int | None = None,
        chunk: ChunkSize | None = None,
    ) -> CellResult:
        workspace = Workspace(self.source.device, micro_batch)
        cell = Cell(self._plan(trainable, dropout), self.data, "equal", workspace)
        cell.assembly = _Changed(cell.plan, self.data, "equal", workspace)
        cell.assembly.change(dropout, chunk)
        return cell.run()

    def _plan(self, trainable: str, dropout: bool) -> Plan:
        settings = [f"encoder.trainable={trainable}", "training.epochs=1", "training.precision=float32"]
        settings += [*self.settings, *([] if dropout else ["training.head_dropout=0"])]
        return plan_cell(self.source, METHOD, settings)


class _Changed(Assembly):
    """Loads an encoder without dropout, or with other chunks."""

    def change(self, dropout: bool, chunk: ChunkSize | None) -> None:
        self._dropout, self._chunk = dropout, chunk

    def load(self) -> tuple[Encoder, RowEncoder]:
        encoder, row_encoder = super().load()
        row_encoder.chunk = self._chunk or row_encoder.chunk
        for module in () if self._dropout else encoder.language_model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        return encoder, row_encoder


def equal_results(source: Source, quick: bool = False) -> list[EqualResult]:
    """Train each variant and what it is held against."""
    # Eight trainings: the quick ones show one turn before each.
    bench = _Bench(source, read_data(source, 3 if quick else 30), ("encoder.window=1",) if quick else ())
    plain, still = bench.cell(), bench.cell(dropout=False)
    whole = ChunkSize(10_000, 10_000_000)
    with _one_core():
        one_core = bench.cell()
    with patch.object(assembly, "quicken", lambda _model, _device: None):
        as_loaded = bench.cell(dropout=False)
    with _empty_cache():
        cold, warm = bench.cell("none"), bench.cell("none")
    return [
        _compared("again", "once", bench.cell(), plain),
        _compared("one core", "all cores, chunks side by side", one_core, plain),
        _compared("micro-batches of 16", "whole batches of 64", bench.cell(micro_batch=16), plain),
        _compared("a batch in one padded chunk", "chunks by length", bench.cell(dropout=False, chunk=whole), still),
        _compared("model as transformers loads it", "exchanged attention, last layer", as_loaded, still),
        _compared("frozen, features from the cache", "frozen, features computed", warm, cold),
    ]


def _compared(variant: str, against: str, one: CellResult, other: CellResult) -> EqualResult:
    scores, expected = (next(iter(result.readings.values())).scores for result in (one, other))
    assert scores is not None
    assert expected is not None
    return EqualResult(
        variant,
        against,
        _dev(one),
        _dev(other),
        float(np.abs(scores - expected).max()),
        int((scores.argmax(-1) != expected.argmax(-1)).sum()),
        len(scores),
    )


def _dev(result: CellResult) -> float:
    return float(result.epochs[-1]["dev"]["weighted_f1"])


@contextmanager
def _one_core() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _empty_cache() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder, patch.dict("os.environ", {CACHE_VARIABLE: folder}):
        yield
