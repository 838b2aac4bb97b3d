"""One epoch of fine-tuning with its evaluations: the published procedure against erc-bench.

Both sides start from the same weights and read the same batches. Some batches are timed, side by side and in
turn; an epoch is their median times its number of batches. Both train with the dropout of the model.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

import torch
from speed_parts.peak import matrix_peak, wait_for
from speed_parts.published import WIDTH, PublishedProcedure
from speed_parts.sides import Sides, part, rows_of
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from erc_bench.contracts.encoder import TokenRow
from erc_bench.training.device import peak_memory_mib
from erc_bench.training.prepared import PreparedSplit
from erc_bench.training.row_states import grouped_by_length
from erc_bench.training.step import BatchStep

BATCH = 64
_COUNTED = 8
TRAIN, EVALUATE = "train", "evaluate"


@dataclass
class Side:
    """What one side took and computed. ``seconds`` are those of a batch, one for each turn, by phase."""

    name: str
    peak: float
    """FLOP/s of matrix products in the precision of this side, measured in the same run."""
    epoch_batches: dict[str, int]
    after_batches: dict[str, int]
    """Batches after the last epoch: the representations for stage two, and test."""
    seconds: dict[str, list[float]] = field(default_factory=lambda: {TRAIN: [], EVALUATE: []})
    tokens: list[int] = field(default_factory=list)
    """Real tokens of a timed training batch, one for each turn."""
    padding: float = 0.0
    flops_per_token: float = 0.0
    """FLOPs of the matrix products in a training step, padding counted, by real token."""

    def per_batch(self, phase: str) -> float:
        """Return the median seconds of a batch."""
        return statistics.median(self.seconds[phase])

    def epoch(self) -> float:
        """Return the seconds of one epoch with its evaluations."""
        return sum(count * self.per_batch(phase) for phase, count in self.epoch_batches.items())

    def run(self, epochs: int) -> float:
        """Return the seconds of a run: its epochs, and what is encoded after them."""
        return epochs * self.epoch() + sum(n * self.per_batch(phase) for phase, n in self.after_batches.items())

    def tokens_per_second(self) -> float:
        """Return the real tokens that are trained on in a second."""
        return statistics.median(n / s for n, s in zip(self.tokens, self.seconds[TRAIN], strict=True))

    def share_of_peak(self) -> float:
        """Return the share of the peak at which the matrix products of training are made, all steps included."""
        return self.tokens_per_second() * self.flops_per_token / self.peak


@dataclass(frozen=True)
class Epoch:
    """Both sides, and the losses of one batch: published, erc-bench in float32, erc-bench in its precision."""

    published: Side
    ours: Side
    losses: tuple[float, float, float]
    memory: dict[str, float]

    @property
    def sides(self) -> tuple[Side, Side]:
        """The published procedure first."""
        return self.published, self.ours

    def ratio(self) -> float:
        """Return how many times as long the published epoch takes."""
        return self.published.epoch() / self.ours.epoch()

    def run_ratio(self, epochs: int) -> float:
        """Return the same for a whole run."""
        return self.published.run(epochs) / self.ours.run(epochs)


def compare_epochs(sides: Sides, turns: int, batches: int, evaluated: int, tell: Callable[[str], None]) -> Epoch:
    """Time both sides in ``turns``, each over ``batches`` training batches and ``evaluated`` batches of dev."""
    procedure = sides.published()
    order = sides.order()
    losses = _losses(sides, procedure, order[:BATCH])
    published, ours = _begin(sides)
    _count(sides, procedure, published, ours, order[:BATCH])
    dev = part(sides.ready.dev, _spread(len(sides.ready.dev), evaluated * BATCH))
    optimiser = procedure.optimiser(sides.assembly.options.encoder_lr, sides.assembly.options.head_lr)
    size = batches * BATCH
    for turn in range(turns):
        train = part(sides.ready.train, order[turn * size : (turn + 1) * size])
        tell(f"turn {turn + 1} of {turns}: {ours.name}")
        _time_ours(sides, ours, train, dev)
        tell(f"turn {turn + 1} of {turns}: {published.name}")
        _time_published(procedure, optimiser, published, train, dev)
    return Epoch(published, ours, losses, peak_memory_mib(sides.source.device))


def _begin(sides: Sides) -> tuple[Side, Side]:
    ready = sides.ready
    assert ready.test is not None  # neither side is of use without it
    train, dev, test = (math.ceil(len(split) / BATCH) for split in (ready.train, ready.dev, ready.test))
    precision = sides.composition.row_encoder.precision
    full, own = (matrix_peak(sides.source.device, dtype) for dtype in (torch.float32, precision))
    after = {EVALUATE: train + dev + test}
    return (
        Side("published procedure", full, {TRAIN: train, EVALUATE: dev + test}, after),
        Side("erc-bench", own, {TRAIN: train, EVALUATE: dev}, after),
    )


def _time_ours(sides: Sides, side: Side, train: PreparedSplit, dev: PreparedSplit) -> None:
    """Let erc-bench's own loop train an epoch of these examples and score dev."""
    wait_for(sides.source.device)
    epoch = sides.loop().run(lambda _epoch: train, dev).epochs[0]
    wait_for(sides.source.device)
    side.seconds[TRAIN].append(epoch["train_seconds"] / math.ceil(len(train) / BATCH))
    side.seconds[EVALUATE].append(epoch["dev_seconds"] / math.ceil(len(dev) / BATCH))
    side.tokens.append(_tokens(train))


def _time_published(
    procedure: PublishedProcedure,
    optimiser: torch.optim.Optimizer,
    side: Side,
    train: PreparedSplit,
    dev: PreparedSplit,
) -> None:
    def train_batch(rows: Sequence[TokenRow], labels: Tensor) -> None:
        procedure.train_batch(rows, labels, optimiser)

    def evaluate_batch(rows: Sequence[TokenRow], _labels: Tensor) -> None:
        procedure.evaluate_batch(rows)

    for phase, split, work in ((TRAIN, train, train_batch), (EVALUATE, dev, evaluate_batch)):
        wait_for(procedure.label_states.device)
        started = time.perf_counter()
        for batch in _cut(split):
            work(*batch)
        wait_for(procedure.label_states.device)
        side.seconds[phase].append((time.perf_counter() - started) / math.ceil(len(split) / BATCH))
    side.tokens.append(_tokens(train))


def _losses(sides: Sides, procedure: PublishedProcedure, batch: Sequence[int]) -> tuple[float, float, float]:
    """Return the losses of the same batch without dropout, before anything is trained."""
    composition = sides.composition
    encoder, own = composition.row_encoder, composition.row_encoder.precision
    rows, labels = next(_cut(part(sides.ready.train, batch)))
    procedure.eval()
    composition.set_training(False)
    found = []
    with torch.no_grad():
        published = procedure.loss(rows, labels).item()
        for encoder.precision in (torch.float32, own):
            terms = composition.objective.loss(composition.outputs(sides.ready.train, batch))
            found.append(sum(term.item() for term in terms.values()))
    return published, found[0], found[1]


def _count(sides: Sides, procedure: PublishedProcedure, published: Side, ours: Side, batch: Sequence[int]) -> None:
    """Count what a training step computes, and how much of what it reads is padding."""
    rows, labels = next(_cut(part(sides.ready.train, batch)))
    tokens = sum(len(row.ids) for row in rows)
    chunks = grouped_by_length(rows, sides.composition.row_encoder.chunk)
    read = sum(len(chunk) * max(len(rows[i].ids) for i in chunk) for chunk in chunks)
    published.padding, ours.padding = 1 - tokens / (len(rows) * WIDTH), 1 - tokens / read
    procedure.train()
    cores = torch.get_num_threads()
    torch.set_num_threads(1)  # it counts what its own thread does
    with FlopCounterMode(display=False) as counter:
        # All rows are equally wide: some stand for all of them.
        procedure.loss(rows[:_COUNTED], labels[:_COUNTED]).backward()  # type: ignore[no-untyped-call]
    published.flops_per_token = counter.get_total_flops() * len(rows) / min(_COUNTED, len(rows)) / tokens
    sides.composition.set_training(True)
    step = BatchStep(sides.composition, sides.ready.train, batch, partial(Random, 0), 1.0)
    with FlopCounterMode(display=False) as counter:
        sides.composition.objective.step(step)
    ours.flops_per_token = counter.get_total_flops() / tokens
    torch.set_num_threads(cores)
    for module in (procedure, sides.composition.modules):
        module.zero_grad(set_to_none=True)


def _cut(split: PreparedSplit) -> Iterator[tuple[list[TokenRow], Tensor]]:
    rows = rows_of(split)
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH], split.labels[start : start + BATCH]


def _tokens(split: PreparedSplit) -> int:
    """Return the tokens of a batch of the split, on average."""
    return round(sum(len(row.ids) for row in rows_of(split)) / math.ceil(len(split) / BATCH))


def _spread(available: int, wanted: int) -> list[int]:
    """Return positions all over a split: its dialogues differ in length."""
    return list(range(0, available, max(1, available // wanted)))[:wanted]
