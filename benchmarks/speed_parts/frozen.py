"""The path of frozen features: encoding once, the cache, and a step of what trains on them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import torch
from speed_parts.cells import Source, assembly, frozen_plan, read_data
from speed_parts.loading import timed
from torch import Tensor

from erc_bench.contracts.encoder import Encoder, TokenRow
from erc_bench.training.device import one_thread
from erc_bench.training.features import FeatureCache
from erc_bench.training.loop import Loop
from erc_bench.training.preparation import CellData, Preparation, Preparer
from erc_bench.training.prepared import ModelRows, PreparedSplit
from erc_bench.training.process_state import seed_generators
from erc_bench.training.row_states import RowEncoder
from erc_bench.training.workspace import Workspace

METHODS = ("ce", "supcon", "eacl")
BATCH = 64


@dataclass(frozen=True)
class EncodingCost:
    """Encoding rows with a frozen backbone. ``whole`` is the seconds for all rows of the corpus at this rate."""

    rows: int
    tokens: int
    seconds: float
    whole: float
    precision: str

    @property
    def tokens_per_second(self) -> float:
        """How many real tokens are encoded in a second."""
        return self.tokens / self.seconds


@dataclass(frozen=True)
class CacheCost:
    """Keeping the states of as many rows as the corpus has, and reading all of them back; ``key`` is part of both."""

    rows: int
    mib: float
    key_seconds: float
    write_seconds: float
    read_seconds: float


@dataclass(frozen=True)
class StepCost:
    """One optimiser step of a method on frozen states: the fastest epoch, divided by its steps.

    ``dev_ms`` is an evaluation of ``dev_rows`` rows after the epoch.
    """

    method: str
    rows: int
    dim: int
    step_ms: float
    dev_ms: float
    dev_rows: int


@dataclass(frozen=True)
class FrozenCosts:
    """What :func:`frozen_costs` measures."""

    encoding: EncodingCost
    cache: CacheCost
    steps: list[StepCost]


def frozen_costs(quick: bool = False, source: Source | None = None) -> FrozenCosts:
    """Measure encoding, cache and head on a corpus; the features lie in a folder of their own meanwhile."""
    source = source or Source()
    data, workspace = read_data(source), Workspace(source.device)
    parts = assembly(frozen_plan(source, METHODS[0]), data, workspace)
    encoder, row_encoder = parts.load()
    rows = _rows(encoder, data)
    with tempfile.TemporaryDirectory() as folder:
        cache = FeatureCache("benchmark", row_encoder.precision, source.device, Path(folder))
        preparer = Preparer(encoder, row_encoder, cache, parts.plan.dataset.labels)
        # Puts the language model into evaluation mode, and is what the steps below train on.
        ready = preparer.prepare(read_data(source, 3), parts.plan.dataset.words(), standardise=True)
        encoding, states = _encoding(row_encoder, rows, 32 if quick else 1024)
        cost = _cache(cache, rows, states)
    ready = replace(ready, train=_repeated(ready.train, BATCH * (20 if quick else 150)), dev=_repeated(ready.dev, 1024))
    steps = [_step(source, method, workspace, preparer, ready, quick) for method in METHODS]
    return FrozenCosts(encoding, cost, steps)


def _rows(encoder: Encoder, data: CellData) -> list[TokenRow]:
    dialogues = [*data.train, *data.dev, *(data.sealed_test or ())]
    return [row for example in encoder.examples(dialogues, False, Random(0)) for row in encoder.rows(example)]


def _encoding(row_encoder: RowEncoder, rows: Sequence[TokenRow], count: int) -> tuple[EncodingCost, Tensor]:
    """Encode ``count`` rows from all over the corpus."""
    sample = Random(0).sample(rows, min(count, len(rows)))
    with torch.no_grad():
        row_encoder.encode(sample[:8])  # warms up
        seconds, states = timed(lambda: row_encoder.encode(sample).cpu())
    tokens, all_tokens = (sum(len(row.ids) for row in own) for own in (sample, rows))
    precision = str(row_encoder.precision).removeprefix("torch.")
    return EncodingCost(len(sample), tokens, seconds, seconds * all_tokens / tokens, precision), states


def _cache(cache: FeatureCache, rows: Sequence[TokenRow], states: Tensor) -> CacheCost:
    """Keep and read as many states as there are rows."""
    filled = states.repeat(-(-len(rows) // len(states)), 1)[: len(rows)]
    key_seconds, _ = timed(lambda: cache.key(rows))
    before = {path: path.stat().st_size for path in cache.folder.iterdir()}
    write_seconds, _ = timed(lambda: cache.states(rows, lambda _rows: filled))
    # Read to the last number: the file is mapped, and comes into memory when it is looked at.
    read_seconds, _ = timed(lambda: cache.states(rows, lambda _rows: filled).sum())
    size = sum(path.stat().st_size for path in cache.folder.iterdir() if path not in before)
    return CacheCost(len(rows), size / 2**20, key_seconds, write_seconds, read_seconds)


def _step(
    source: Source, method: str, workspace: Workspace, preparer: Preparer, ready: Preparation, quick: bool
) -> StepCost:
    epochs = 2 if quick else 5
    plan = frozen_plan(source, method, (f"training.epochs={epochs}", f"training.batch_size={BATCH}"))
    parts = assembly(plan, read_data(source, 1), workspace)
    encoder, row_encoder = parts.load()
    with one_thread(source.device):
        task = parts.task(encoder, preparer, ready)
        composition = parts.compose(encoder, row_encoder, task)
        own = parts.classifiers(task)[parts.own_classifier]
        seed_generators(1, "dropout")
        loop = Loop(composition, own, task, parts.options, parts.scorer, 1)
        trained = loop.run(lambda _epoch: ready.train, ready.dev, ready.train)
    steps = len(ready.train) / BATCH
    step_ms = 1000 * min(epoch["train_seconds"] for epoch in trained.epochs) / steps
    dev_ms = 1000 * min(epoch["dev_seconds"] for epoch in trained.epochs)
    return StepCost(method, BATCH, encoder.dim, step_ms, dev_ms, len(ready.dev))


def _repeated(split: PreparedSplit, size: int) -> PreparedSplit:
    """Return a split of ``size`` examples that come again and again."""
    assert split.main.states is not None
    times = -(-size // len(split))
    return PreparedSplit(
        (split.examples * times)[:size],
        split.labels.repeat(times)[:size],
        ModelRows((split.main.row_counts * times)[:size], [], split.main.states.repeat(times, 1)[:size]),
    )
