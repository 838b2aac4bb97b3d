"""The training loop: epochs, steps, dev scores and the choice of an epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.objective import EpochView
from erc_bench.contracts.task import Outputs, Task
from erc_bench.planning.settings import TrainingOptions
from erc_bench.training.composition import Composition, batches
from erc_bench.training.events import EpochEnded, Hear, PhaseStarted, StepDone, unheard
from erc_bench.training.optimiser import Schedule, clip_gradients, make_optimiser
from erc_bench.training.prepared import PreparedSplit
from erc_bench.training.process_state import stream
from erc_bench.training.readout import scores_of
from erc_bench.training.retry import Retry
from erc_bench.training.selection import Scorer, Selector
from erc_bench.training.step import BatchStep, TermLog, untouched

Watch = Callable[[Callable[[Outputs], Tensor]], None]
"""Is called after every epoch with a function from outputs to (n, classes) scores; returns nothing."""


def unwatched(_scores: Callable[[Outputs], Tensor]) -> None:
    """Watch nothing."""


@dataclass
class LoopResult:
    """The result of the loop; the composition holds the chosen weights.

    ``inert_terms`` names loss terms that reach no parameter: with a frozen backbone a contrastive
    term on its representations trains nothing, and the reader of a table must know.
    """

    selector: Selector
    inert_terms: list[str] = field(default_factory=list)
    training_terms: list[str] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Loop:
    """Trains one composition with one seed."""

    composition: Composition
    classifier: Classifier
    task: Task
    options: TrainingOptions
    scorer: Scorer
    seed: int
    hear: Hear = unheard
    watch: Watch = unwatched

    def __post_init__(self) -> None:
        self._head_apart = False
        self._inert: set[str] = set()
        self._training: set[str] = set()
        # Listed once: walking the modules of a language model takes longer than a step on frozen states.
        self._trained = [p for p in self.composition.modules.parameters() if p.requires_grad]
        self._retry = Retry(self.composition, self.hear)

    def run(
        self, training_split: Callable[[int], PreparedSplit], dev: PreparedSplit, read_out: PreparedSplit | None = None
    ) -> LoopResult:
        """Train; ``training_split`` gives the examples of an epoch (the same ones where nothing augments).

        A classifier that is fitted in each epoch reads ``read_out``, train without augmentation;
        where it is missing, the examples of the epoch.
        """
        trained = LoopResult(Selector(self.options.selection, self.options.last_k))
        first = training_split(0)
        steps_per_epoch = -(-len(first) // (self.options.batch_size * self.options.accumulation))
        optimiser = make_optimiser(self.composition.parameter_groups(), self.options)
        schedule = Schedule(optimiser, self.options, steps_per_epoch)
        for epoch in range(self.options.epochs):
            split = first if epoch == 0 else training_split(epoch)
            started = time.perf_counter()
            terms = self._train_epoch(epoch, split, optimiser, schedule)
            trained_at = time.perf_counter()
            metrics = self._dev_metrics(split if read_out is None else read_out, dev)
            score = self.scorer.headline_of(metrics)
            trained.selector.offer(epoch, score, self.composition.trainable_state)
            trained.inert_terms = sorted(self._inert - self._training)
            trained.training_terms = sorted(self._training)
            seconds = {"train_seconds": trained_at - started, "dev_seconds": time.perf_counter() - trained_at}
            trained.epochs.append({"epoch": epoch + 1, "terms": terms, "dev": metrics, **seconds})
            self.watch(self._scores)
            rates = {group["name"]: float(group["lr"]) for group in optimiser.param_groups}
            epochs, took = self.options.epochs, sum(seconds.values())
            self.hear(EpochEnded("training", epoch + 1, epochs, terms, metrics, score, took, rates))
            if self.options.patience and trained.selector.epochs_without_gain() >= self.options.patience:
                break
        if (state := trained.selector.chosen_state()) is not None:
            self.composition.load_state(state)
        return trained

    def _train_epoch(
        self, epoch: int, split: PreparedSplit, optimiser: torch.optim.Optimizer, schedule: Schedule
    ) -> dict[str, float]:
        indices = self._begin_epoch(epoch, split)
        self.composition.set_training(True)
        size, accumulation = self.options.batch_size, self.options.accumulation
        all_batches = list(batches(indices, size))
        groups = list(batches(all_batches, accumulation))
        self.hear(PhaseStarted(f"epoch {epoch + 1}/{self.options.epochs}", len(all_batches)))
        log = TermLog(epoch)
        for number, group in enumerate(groups):
            position = epoch, number * accumulation
            gather = partial(self._gather_gradients, optimiser, split, group, position)
            # States in memory need no language model, whose work alone could be divided.
            steps = gather() if split.is_encoded else self._retry.run(gather, len(group[0]))
            for step in steps:
                log.add(step.terms)
                self._training |= step.training_terms
                self._inert |= step.inert_terms
                self.hear(StepDone(log.latest))
            self._clip()
            schedule.set_rates(epoch, number, len(groups))
            optimiser.step()
            self.composition.after_step()
        log.check_finite()
        return log.means()

    def _gather_gradients(
        self,
        optimiser: torch.optim.Optimizer,
        split: PreparedSplit,
        group: Sequence[Sequence[int]],
        position: tuple[int, int],
    ) -> list[BatchStep]:
        """Add up the gradients of the batches of one optimiser step; position: epoch, first batch."""
        optimiser.zero_grad(set_to_none=True)
        epoch, first = position
        examples = sum(map(len, group))
        steps = []
        for number, batch in enumerate(group, start=first):
            make_rng = partial(stream, self.seed, "sampling", epoch, number)
            step = BatchStep(self.composition, split, batch, make_rng, len(batch) / examples)
            step.run()
            steps.append(step)
        # Known only after the last batch: a term may reach the head in one batch and not in another.
        self._head_apart = untouched(self.composition.own_head)
        if self._head_apart:
            for step in steps:
                step.train_head_apart()
        return steps

    def _begin_epoch(self, epoch: int, split: PreparedSplit) -> list[int]:
        order = list(range(len(split)))
        stream(self.seed, "data order", epoch).shuffle(order)
        kept: list[Outputs] = []

        def representations() -> Outputs:
            if not kept:
                kept.append(self.composition.represent(split))
            return kept[0]

        view = EpochView(
            epoch=epoch,
            epochs=self.options.epochs,
            rng=stream(self.seed, "sampling", epoch),
            examples=split.examples,
            labels=split.first_labels(),
            representations=representations,
        )
        objective = self.composition.objective
        objective.begin_epoch(view)
        selected = objective.select(view)
        if selected is None:
            return order
        wanted = set(selected)
        return [index for index in order if index in wanted]

    def _clip(self) -> None:
        if not self.options.clip:
            return
        apart = {id(parameter) for parameter in self.composition.own_head} if self._head_apart else set()
        every = [p for p in self._trained if p.grad is not None]
        # A head that trains apart must not change the step of everything else through a common norm.
        for group in ([p for p in every if id(p) not in apart], [p for p in every if id(p) in apart]):
            if group:
                clip_gradients(group, self.options.clip)

    def _dev_metrics(self, train: PreparedSplit, dev: PreparedSplit) -> dict[str, Any]:
        self.hear(PhaseStarted("dev", 1))
        outputs = self.composition.represent(dev)
        if self.classifier.refit == "each-epoch":
            for _ in self.classifier.fit(self.composition.represent(train), outputs, self.task):
                pass
        return self.scorer.metrics(dev.labels, self._scores(outputs))

    def _scores(self, outputs: Outputs) -> Tensor:
        unfitted = self.classifier.refit == "end" and not self.classifier.scores_unfitted
        return outputs.logits if unfitted else scores_of(self.classifier, outputs, self.task.classes)
