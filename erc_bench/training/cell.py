"""Compute one cell from plan to scores: the entry point of the runner. Test labels never come here."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor

from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.component import sees_future
from erc_bench.contracts.encoder import Encoder
from erc_bench.contracts.language_models import MAIN, use_of
from erc_bench.contracts.task import Outputs, Task
from erc_bench.planning.plan import Plan
from erc_bench.training.assembly import Assembly
from erc_bench.training.composition import Composition
from erc_bench.training.deferred_model import parameter_count
from erc_bench.training.device import one_thread, peak_memory_mib
from erc_bench.training.events import Hear, PhaseStarted, ScoredOnTest, unheard
from erc_bench.training.loop import Loop, Watch, unwatched
from erc_bench.training.preparation import CellData, Preparation, Preparer, WordStates
from erc_bench.training.prepared import PreparedSplit
from erc_bench.training.process_state import seed_generators
from erc_bench.training.readout import anchor_arrays, read, representation_arrays
from erc_bench.training.result import CellResult, Readout, TrainedParts
from erc_bench.training.row_states import RowEncoder
from erc_bench.training.unknown_tokens import sample, unknown_share
from erc_bench.training.upstream_weights import UpstreamWeights
from erc_bench.training.workspace import Workspace

T = TypeVar("T")

_SAMPLE = 16


@dataclass
class Cell:
    """Trains one composition and reads it with every classifier of the plan."""

    plan: Plan
    data: CellData
    fingerprint: str
    workspace: Workspace
    hear: Hear = unheard
    upstream: UpstreamWeights | None = None

    def __post_init__(self) -> None:
        self.assembly = Assembly(self.plan, self.data, self.fingerprint, self.workspace, self.hear, self.upstream)
        self.device = self.workspace.device
        self.options = self.assembly.options
        self.scorer = self.assembly.scorer
        self.timings: dict[str, float] = {}

    def run(self) -> CellResult:
        """Train, read out, and gather the facts of the record."""
        encoder, row_encoder = self._timed("load", self.assembly.load)
        preparer, ready = self._timed("prepare", lambda: self.assembly.prepare(encoder, row_encoder))
        with one_thread(self.device) if preparer.frozen else nullcontext():
            return self._train_and_read(encoder, row_encoder, preparer, ready)

    def _train_and_read(
        self, encoder: Encoder, row_encoder: RowEncoder, preparer: Preparer, ready: Preparation
    ) -> CellResult:
        task = self.assembly.task(encoder, preparer, ready)
        composition = self.assembly.compose(encoder, row_encoder, task)
        classifiers = self.assembly.classifiers(task)
        watch = self._watch_training(composition, ready.test)
        own = classifiers[self.assembly.own_classifier]
        loop = Loop(composition, own, task, self.options, self.scorer, self.plan.seed, self.hear, watch)
        seed_generators(self.plan.seed, "dropout")
        trained = self._timed("train", lambda: loop.run(self._epochs(preparer, ready), ready.dev, ready.train))
        outputs = self._timed("represent", lambda: self._represent(composition, classifiers, ready))
        readings = self._timed("read out", lambda: self._read(classifiers, outputs, task))
        arrays = anchor_arrays(ready.raw_words, outputs[1], classifiers)
        keys = list(ready.test.keys(range(len(ready.test)))) if ready.test is not None else []
        facts = self._facts(encoder, row_encoder) | {
            "inert_terms": trained.inert_terms,
            "training_terms": trained.training_terms,
            "micro_batch": None if preparer.frozen else composition.micro_batches.size,
        }
        if self.upstream is not None:
            facts["upstream"] = self.upstream.record()
        selection = dict(trained.selector.record())
        kept = outputs[2] if self.plan.save_representations else None
        representations = {} if kept is None else representation_arrays(kept)
        model = self._model(composition, classifiers, task, ready) if self.plan.save_model else None
        return CellResult(
            keys, readings, trained.epochs, selection, arrays, representations, facts, self.timings, model
        )

    def _model(
        self, composition: Composition, classifiers: dict[str, Classifier], task: Task, ready: Preparation
    ) -> TrainedParts:
        assert isinstance(task.encode_words, WordStates)
        counts = tuple(task.train_counts.tolist())
        sample = ready.dev.first(_SAMPLE)
        return TrainedParts(
            self.assembly, composition, classifiers, ready.standardiser, task.encode_words, counts, sample
        )

    def _epochs(self, preparer: Preparer, ready: Preparation) -> Callable[[int], PreparedSplit]:
        if not preparer.augments:
            return lambda _epoch: ready.train
        return lambda epoch: preparer.training_split(self.data.train, self.plan.seed, epoch)

    def _represent(
        self, composition: Composition, classifiers: dict[str, Classifier], ready: Preparation
    ) -> tuple[Outputs | None, Outputs, Outputs | None]:
        fitted = any(classifier.refit is not None for classifier in classifiers.values())
        self.hear(PhaseStarted("representations of the chosen epoch", 1))
        return (
            composition.represent(ready.train) if fitted else None,
            composition.represent(ready.dev),
            composition.represent(ready.test) if ready.test is not None else None,
        )

    def _read(
        self, classifiers: dict[str, Classifier], outputs: tuple[Outputs | None, Outputs, Outputs | None], task: Task
    ) -> dict[str, Readout]:
        rule, last_k = self.options.selection, self.options.last_k
        watches = {self.assembly.own_classifier: self._watch_readout(outputs[2])}
        return {
            name: read(classifier, outputs, task, self.scorer, rule, last_k, watches.get(name), self.hear)
            for name, classifier in classifiers.items()
        }

    def _watch_training(self, composition: Composition, test: PreparedSplit | None) -> Watch:
        if not self.plan.audit or test is None:
            return unwatched
        keys = test.keys(range(len(test)))

        def watch(scores: Callable[[Outputs], Tensor]) -> None:
            self.hear(ScoredOnTest("training", keys, scores(composition.represent(test)).cpu().numpy()))

        return watch

    def _watch_readout(self, test: Outputs | None) -> Callable[[Tensor], None] | None:
        if not self.plan.audit or test is None:
            return None
        return lambda scores: self.hear(ScoredOnTest("readout", test.keys, scores.cpu().numpy()))

    def _facts(self, encoder: Encoder, row_encoder: RowEncoder) -> dict[str, Any]:
        return {
            "sees_future": sees_future(type(encoder), encoder.options),
            "precision": str(row_encoder.precision).removeprefix("torch."),
            "unknown_tokens": round(unknown_share(encoder.tokenizer, sample(self.data.train)), 4),
            "backbone_parameters": parameter_count(encoder.language_model),
            "peak_memory_mib": peak_memory_mib(self.device),
            **({"language_models": self._further_facts(encoder, row_encoder)} if encoder.language_models else {}),
        }

    def _further_facts(self, encoder: Encoder, row_encoder: RowEncoder) -> dict[str, Any]:
        """Return the facts of the language models beside the backbone, by role."""
        return {
            role: {
                "backbone": self.plan.backbone_of(role).name,
                "identity": self.workspace.identity(self.plan, role),
                "use": use_of(encoder.options, role),
                "parameters": parameter_count(model),
                "precision": str(row_encoder.of(role).precision).removeprefix("torch."),
            }
            for role, model in encoder.models().items()
            if role != MAIN
        }

    def _timed(self, name: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        result = work()
        self.timings[name] = round(time.perf_counter() - started, 3)
        return result
