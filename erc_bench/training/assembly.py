"""From a plan to the parts of a cell: encoder, prepared splits, task, composition, classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.adapters import LORA
from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.encoder import Encoder
from erc_bench.contracts.language_models import MAIN, use_of
from erc_bench.contracts.no_language_model import NoLanguageModel
from erc_bench.contracts.objective import Objective
from erc_bench.contracts.options import specs
from erc_bench.contracts.task import Outputs, Task
from erc_bench.planning.adapters import SLOT as ADAPTERS
from erc_bench.planning.plan import Plan
from erc_bench.planning.settings import TrainingOptions
from erc_bench.pretrained.adapters import add_adapters
from erc_bench.pretrained.kernels.attention import quicken_attention
from erc_bench.pretrained.kernels.dropout import quicken_dropout
from erc_bench.pretrained.kernels.last_layer import quicken_last_layer
from erc_bench.training.composition import Composition
from erc_bench.training.deferred_model import DeferredModel
from erc_bench.training.device import choose_precision, head_precision
from erc_bench.training.draw_anew import draw_anew
from erc_bench.training.events import Hear, unheard
from erc_bench.training.features import FeatureCache, Uncached
from erc_bench.training.file_features import FileFeatures
from erc_bench.training.micro_batches import MicroBatches
from erc_bench.training.preparation import CellData, Preparation, Preparer, WordStates, no_states_of_words
from erc_bench.training.process_state import seed_generators, stream_seed
from erc_bench.training.row_states import RowEncoder, freeze
from erc_bench.training.selection import Scorer
from erc_bench.training.upstream_weights import UpstreamWeights
from erc_bench.training.word_anchors import refuse_alike
from erc_bench.training.workspace import Workspace


def quicken(model: nn.Module, device: torch.device) -> None:
    """Change a model in place, so that it computes nothing that is not read and draws quickly.

    Its states in evaluation stay the same but for rounding; in training on a CPU other
    elements are dropped, as with another seed.
    """
    if device.type == "cpu":
        quicken_attention(model)
    quicken_draws(model, device)
    quicken_last_layer(model)


def quicken_draws(module: nn.Module, device: torch.device) -> None:
    """Change a module in place, so that its dropout draws quickly on a CPU."""
    if device.type == "cpu":
        quicken_dropout(module)


@dataclass
class Assembly:
    """Builds the parts of one cell, in the order in which they stand here: each step seeds its own draws."""

    plan: Plan
    data: CellData
    fingerprint: str
    workspace: Workspace
    hear: Hear = unheard
    upstream: UpstreamWeights | None = None

    @property
    def own_classifier(self) -> str:
        """The name of the classifier that chooses the epoch."""
        return str(self.plan.choices()["classifier"])

    @cached_property
    def options(self) -> TrainingOptions:
        """How the cell trains."""
        return TrainingOptions(**self.plan.resolved.slot("training"))

    @property
    def frozen(self) -> bool:
        """Whether the language model stays as it is."""
        return bool(self.plan.resolved.values.get("encoder.trainable") == "none")

    @property
    def precision(self) -> torch.dtype:
        """The precision of all modules but the language model."""
        return head_precision(self.workspace.device, self.frozen)

    @cached_property
    def features(self) -> FileFeatures:
        """The features that the encoder reads; its upstream's may be others."""
        return self.data.features.chosen(self.plan.features)

    @cached_property
    def scorer(self) -> Scorer:
        """The scorer of the cell, by the metrics of its dataset."""
        dataset = self.plan.dataset
        return Scorer(dataset.labels, dataset.scored_labels, dataset.headline_metric)

    def load(self) -> tuple[Encoder, RowEncoder]:
        """Return the encoder around its language model, and the module that runs that over token rows."""
        return self.around(self.workspace.backbone(self.plan, self.upstream))

    def around(self, backbone: LoadedBackbone) -> tuple[Encoder, RowEncoder]:
        """Return the same for a language model that is loaded already, with those of further roles."""
        device, components = self.workspace.device, self.plan.components
        from_scratch = [role for role in backbone.further if use_of(self.plan.build("encoder"), role) == "scratch"]
        for number, role in enumerate(from_scratch):
            seed_generators(self.plan.seed, "initialisation", 2 + number)
            draw_anew(backbone.further[role].model)
        # Seeded after loading, which draws on the same generator and does not happen in every cell.
        seed_generators(self.plan.seed, "initialisation", 0)
        backbone = replace(backbone, feature_dims=self.features.dims)
        encoder: Encoder = components["encoder"](self.plan.build("encoder"), backbone)
        encoder.start(self.plan.dataset.labels)
        further = {role: self._settled(encoder, role, each, {}) for role, each in encoder.further_backbones.items()}
        row_encoder = self._settled(encoder, MAIN, backbone, further)
        encoder.to(device)
        if self.precision == torch.float64:
            widen(encoder, besides=list(encoder.models().values()))
        return encoder, row_encoder

    def _settled(
        self, encoder: Encoder, role: str, backbone: LoadedBackbone, further: Mapping[str, RowEncoder]
    ) -> RowEncoder:
        """Prepare the language model of a role to train or to stay; return the module that runs it."""
        device, model = self.workspace.device, encoder.models()[role]
        if isinstance(model, NoLanguageModel):
            return RowEncoder(model, 0, device, self.precision)
        precision = choose_precision(self.options.precision, device, backbone.bf16_safe, encoder.is_frozen(role))
        trainable = encoder.options.trainable if role == MAIN else "none" if encoder.is_frozen(role) else "all"

        def settle(model: nn.Module) -> None:
            if trainable == LORA:
                add_adapters(model, **self.plan.resolved.slot(ADAPTERS))
            else:
                freeze(model, trainable)
            model.to(device)
            quicken(model, device)
            # Cells that want different precisions share a frozen model; there and back its weights lose nothing.
            if precision == torch.float64 or next(model.parameters()).dtype == torch.float64:
                model.to(torch.float64 if precision == torch.float64 else torch.float32)

        if isinstance(model, DeferredModel):
            model.settle(settle)
        else:
            settle(model)
        return RowEncoder(model, backbone.tokenizer.pad_token_id, device, precision, further)

    def prepare(self, encoder: Encoder, row_encoder: RowEncoder) -> tuple[Preparer, Preparation]:
        """Return the splits made ready, those that the workspace keeps where it has them."""
        address, workspace = self.plan.address, self.workspace
        identity = workspace.identity(self.plan)
        described = {"backbone": address.backbone, "identity": identity, "dataset": address.dataset}

        def cache(weights: UpstreamWeights | None, role: str = MAIN) -> FeatureCache | Uncached:
            if self.plan.backbone is None:
                return Uncached()
            key = workspace.backbone_key(self.plan, weights, role)
            return FeatureCache(key, row_encoder.of(role).precision, workspace.device, described=described)

        alone = None if self.upstream is None else replace(self.upstream, folds=())
        folds = [] if self.upstream is None else [(fold, cache(fold)) for fold in self.upstream.folds]
        labels = self.plan.dataset.labels
        further = {role: cache(alone, role) for role in encoder.language_models if encoder.is_frozen(role)}
        preparer = Preparer(encoder, row_encoder, cache(alone), labels, self.hear, folds, alone, further, self.features)
        key = self.workspace.preparation_key(self.plan, self.fingerprint, self.upstream)
        ready = self.workspace.preparation(key)
        if ready is None:
            ready = preparer.prepare(self.data, self.plan.dataset.words(), self.options.standardise)
            self.workspace.keep(key, ready)
        return preparer, ready

    def task(self, encoder: Encoder, preparer: Preparer, ready: Preparation) -> Task:
        """Return the task as objective and classifiers may know it."""
        counts = torch.bincount(ready.train.labels.cpu(), minlength=len(self.plan.dataset.labels))
        return self.task_of(encoder, counts, self.word_states(preparer, ready))

    def word_states(self, preparer: Preparer, ready: Preparation) -> WordStates:
        """Return a function that encodes bare words, the label words already known."""
        if self.plan.backbone is None:
            return WordStates(no_states_of_words, {})

        def encode(asked: Sequence[str]) -> Tensor:
            return ready.standardiser(preparer.encode_words(asked)).to(self.precision)

        known = {self.plan.dataset.words(): ready.words.to(self.precision)}
        return WordStates(encode, known, refuse_alike) if preparer.encoder.is_causal else WordStates(encode, known)

    def task_of(self, encoder: Encoder, train_counts: Tensor, words: WordStates) -> Task:
        """Return the task from its parts: encoder, (classes,) label counts of train, states of words."""
        return Task(
            labels=self.plan.dataset.labels,
            label_words=self.plan.dataset.words(),
            dim=encoder.dim,
            train_counts=train_counts,
            encode_words=words,
            represent_words=encoder.represent_words,
            seed=stream_seed(self.plan.seed, "sampling"),
            device=self.workspace.device,
            objective_options=self.plan.build("objective"),
            training=self.plan.resolved.slot("training"),
            headline=self.scorer.headline_score,
        )

    def compose(self, encoder: Encoder, row_encoder: RowEncoder, task: Task) -> Composition:
        """Return the trainable composition: the encoder with objective and head."""
        objective, head = self.objective_and_head(task)
        weights = _class_weights(task.train_counts, self.options.class_weights)
        weights = weights if weights is None else weights.to(self.workspace.device, self.precision)
        micro_batches = MicroBatches(self.workspace.micro_batch)
        outputs_of = partial(Outputs, class_weights=weights)
        return Composition(encoder, objective, head, row_encoder, outputs_of, micro_batches, self.precision)

    def objective_and_head(self, task: Task) -> tuple[Objective, nn.Module]:
        """Return the modules that train beside the encoder, as they are before the first step."""
        device = self.workspace.device
        seed_generators(self.plan.seed, "initialisation", 1)
        objective: Objective = self.plan.components["objective"](self.plan.build("objective"))
        objective.start(task)
        self.place(objective)
        head = self.place(objective.make_head(task.dim, task.classes, self.options.head_dropout))
        quicken_draws(head, device)
        return objective, head

    def classifiers(self, task: Task) -> dict[str, Classifier]:
        """Return the classifier of the cell and its further readouts, by name."""
        own = self.plan.components["classifier"](self.plan.build("classifier"))
        # A further readout takes its defaults in the regime of the cell.
        others = {name: component(_defaults(component, self.plan)) for name, component in self.plan.readouts.items()}
        classifiers: dict[str, Classifier] = {self.own_classifier: own, **others}
        for classifier in classifiers.values():
            classifier.start(task)
            self.place(classifier)
        return classifiers

    def place(self, module: nn.Module) -> nn.Module:
        """Move a module to the device and, on frozen states, to float64; its initial draw stays the same."""
        # The precision first: not every device can hold the other one.
        return (module.to(self.precision) if self.frozen else module).to(self.workspace.device)


def widen(module: nn.Module, besides: Sequence[nn.Module | DeferredModel]) -> None:
    """Make the parameters and buffers of a module float64, in place, but for those of modules within it."""
    within = [each for each in besides if isinstance(each, nn.Module)]
    kept = {id(tensor) for each in within for tensor in (*each.parameters(), *each.buffers())}
    for owner in module.modules():
        for parameter in owner._parameters.values():
            if parameter is not None and id(parameter) not in kept and parameter.is_floating_point():
                parameter.data = parameter.data.double()
        for name, buffer in owner._buffers.items():
            if buffer is not None and id(buffer) not in kept and buffer.is_floating_point():
                owner._buffers[name] = buffer.double()


def _class_weights(counts: Tensor, rule: str | tuple[float, ...]) -> Tensor | None:
    if rule == "none":
        return None
    if isinstance(rule, tuple):
        return torch.tensor(rule, dtype=torch.float64)
    inverse = torch.where(counts > 0, 1 / counts.clamp(min=1), 0.0)
    return inverse * (counts > 0).sum() / inverse.sum()


def _defaults(component: Any, plan: Plan) -> Any:
    regime = plan.resolved.regime
    return component.Options(**{name: spec.default_in(regime) for name, spec in specs(component.Options).items()})
