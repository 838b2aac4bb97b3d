"""Both sides of the comparison on one backbone, corpus and seed: the published procedure, and erc-bench."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property

from speed_parts.cells import Source, assembly, plan_cell, read_data
from speed_parts.published import PublishedProcedure
from torch import Tensor

from erc_bench.contracts.encoder import Encoder, TokenRow
from erc_bench.contracts.task import Task
from erc_bench.training.assembly import Assembly
from erc_bench.training.composition import Composition
from erc_bench.training.loop import Loop
from erc_bench.training.preparation import Preparation, Preparer
from erc_bench.training.prepared import ModelRows, PreparedSplit
from erc_bench.training.process_state import seed_generators, stream
from erc_bench.training.row_states import RowEncoder
from erc_bench.training.workspace import Workspace

METHOD = "eacl-official"
"""The same objective on both sides: the formulas of the authors' code."""


@dataclass
class Sides:
    """What both sides start from.

    ``precision`` is that of erc-bench's backbone; the published procedure computes in float32.
    """

    source: Source
    precision: str = "auto"

    @cached_property
    def assembly(self) -> Assembly:
        """The cell of erc-bench, made of real dialogues."""
        settings = ("encoder.trainable=all", "training.epochs=1", f"training.precision={self.precision}")
        return assembly(plan_cell(self.source, METHOD, settings), read_data(self.source), Workspace(self.source.device))

    @cached_property
    def composition(self) -> Composition:
        """What erc-bench trains."""
        encoder, row_encoder = self._loaded
        return self.assembly.compose(encoder, row_encoder, self._task)

    @cached_property
    def ready(self) -> Preparation:
        """The splits with their token rows, which both sides read."""
        return self._prepared[1]

    def order(self) -> list[int]:
        """Return the positions of the training examples in the order of the first epoch."""
        order = list(range(len(self.ready.train)))
        stream(self.assembly.plan.seed, "data order", 0).shuffle(order)
        return order

    def published(self) -> PublishedProcedure:
        """Return the published procedure with the weights from which erc-bench starts."""
        # A backbone that trains is loaded afresh for everyone who asks.
        loaded = self.assembly.workspace.backbone(self.assembly.plan)
        objective, head = self.composition.objective, self.composition.head
        procedure = PublishedProcedure(
            loaded.model,
            loaded.tokenizer.pad_token_id,
            deepcopy(objective.projection),
            deepcopy(head),
            objective.label_states.clone(),  # type: ignore[operator]
            objective.options,
        )
        return procedure.to(self.source.device)

    def loop(self) -> Loop:
        """Return erc-bench's training loop over the composition as it stands."""
        own = self.assembly.classifiers(self._task)[self.assembly.own_classifier]
        seed_generators(self.assembly.plan.seed, "dropout")
        assembly = self.assembly
        return Loop(
            self.composition,
            own,
            self._task,
            assembly.options,
            assembly.scorer,
            self.assembly.plan.seed,
            assembly.hear,
        )

    @cached_property
    def _loaded(self) -> tuple[Encoder, RowEncoder]:
        return self.assembly.load()

    @cached_property
    def _prepared(self) -> tuple[Preparer, Preparation]:
        return self.assembly.prepare(*self._loaded)

    @cached_property
    def _task(self) -> Task:
        return self.assembly.task(self._loaded[0], *self._prepared)


def part(split: PreparedSplit, indices: Sequence[int]) -> PreparedSplit:
    """Return some examples of a split, as a split."""
    labels: Tensor = split.batch_labels(indices)
    return PreparedSplit(
        [split.examples[i] for i in indices],
        labels,
        ModelRows([split.main.row_counts[i] for i in indices], [split.main.rows[i] for i in indices]),
    )


def rows_of(split: PreparedSplit) -> list[TokenRow]:
    """Return the token rows of a split, one for each example."""
    return split.main.of(range(len(split)))
