"""Prepare everything that does not depend on the seed: token rows, frozen states, label words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from erc_bench.contracts.encoder import Encoder, Example, TokenRow
from erc_bench.contracts.language_models import MAIN
from erc_bench.contracts.no_language_model import NoLanguageModel
from erc_bench.contracts.types import Dialogue, SplitName, Splits, seal
from erc_bench.corpora.shown_dialogues import DialogueOptions, part_of_train, shown
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.training.device import all_threads
from erc_bench.training.events import Hear, PhaseStarted, StepDone, unheard
from erc_bench.training.features import FeatureCache, Uncached
from erc_bench.training.file_features import NO_FEATURES, FileFeatures
from erc_bench.training.prepared import PreparedSplit, prepare
from erc_bench.training.process_state import stream
from erc_bench.training.row_states import RowEncoder, set_training
from erc_bench.training.upstream_weights import UpstreamWeights

Words = tuple[str, ...]


class WordStates:
    """Gives (words, dim) states of words; ``known`` holds all that were asked for, or came with it.

    ``check`` raises for states that are no anchors, before they are given.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[str]], Tensor],
        known: Mapping[Words, Tensor],
        check: Callable[[Words, Tensor], None] = lambda _words, _states: None,
    ) -> None:
        self.known = dict(known)
        self._encode = encode
        self._check = check

    def __call__(self, words: Sequence[str]) -> Tensor:
        """Return the states of words, in the order of the words."""
        asked = tuple(words)
        if asked not in self.known:
            self.known[asked] = self._encode(asked)
        self._check(asked, self.known[asked])
        return self.known[asked]


def no_states_of_words(words: Sequence[str]) -> Tensor:
    """Raise :class:`ErcBenchError`: without a language model words have no states."""
    raise ErcBenchError(
        f"a component asks for the states of {', '.join(words)}, and no language model reads them (the backbone is "
        "none)",
        "Choose an objective and a classifier without anchors of words, or let the encoder read text.",
    )


_SMALLEST_DEVIATION = 1e-6
"""Of a dimension that varies over train; one that does not is centred and left at its scale."""


@dataclass(frozen=True)
class Standardiser:
    """mean and deviation: (dim,); ``further`` are those of the encoder's other language models by role."""

    mean: Tensor
    deviation: Tensor
    further: Mapping[str, Standardiser] = field(default_factory=dict)

    def of(self, role: str) -> Standardiser:
        """Return the one for the states of a language model."""
        return self if role == MAIN else self.further[role]

    @classmethod
    def fit(cls, states: Tensor) -> Standardiser:
        """states: (rows, dim) of the train split."""
        exact = _exact(states)
        deviation = exact.std(0, correction=0)
        return cls(exact.mean(0), torch.where(deviation < _SMALLEST_DEVIATION, 1.0, deviation))

    @classmethod
    def identity(cls, dim: int) -> Standardiser:
        """Return the one that changes nothing."""
        return cls(torch.zeros(dim), torch.ones(dim))

    def __call__(self, states: Tensor) -> Tensor:
        """states: (rows, dim) → (rows, dim)."""
        exact = (_exact(states) - self.mean.cpu()) / self.deviation.cpu()
        return exact.float().to(states.device)


def _exact(states: Tensor) -> Tensor:
    # Not every device computes in float64, and the order of a long float32 sum would show.
    return states.to("cpu", torch.float64)


@dataclass(frozen=True)
class CellData:
    """The splits that a method may see: train and dev with labels, test sealed (``None``: not even read).

    ``features`` are vectors of their turns that other code computed.
    """

    train: Sequence[Dialogue]
    dev: Sequence[Dialogue]
    sealed_test: Sequence[Dialogue] | None
    features: FileFeatures = NO_FEATURES

    @classmethod
    def of(cls, plan: Plan, splits: Splits, features: FileFeatures = NO_FEATURES) -> CellData:
        """Return the splits of a corpus as the cell of a plan may see them."""
        options = DialogueOptions(**plan.resolved.slot("dialogues"))
        train, dev, test = (shown(dialogues, plan.dataset.name, options) for _, dialogues in splits.items())
        part = part_of_train(train, plan.dataset.name, options)
        return cls(part, dev, None if plan.dev_only else seal(test), features)


@dataclass(frozen=True)
class Preparation:
    """The splits of a cell made ready, shared by all seeds and methods that read them alike.

    ``train`` is without augmentation, as classifiers read it. ``raw_words`` (classes, dim) are the
    untuned language model's states of the label words, ``words`` the same after standardising.
    """

    train: PreparedSplit
    dev: PreparedSplit
    test: PreparedSplit | None
    standardiser: Standardiser
    raw_words: Tensor
    words: Tensor


@dataclass
class Preparer:
    """Prepares the splits for one encoder and one (untuned) language model.

    With ``folds`` each training dialogue is read by the weights that did not see it; ``weights`` read all others.
    ``further_caches`` keep the states of the encoder's other language models.
    """

    encoder: Encoder
    row_encoder: RowEncoder
    cache: FeatureCache | Uncached
    labels: Sequence[str]
    hear: Hear = unheard
    folds: Sequence[tuple[UpstreamWeights, FeatureCache | Uncached]] = ()
    weights: UpstreamWeights | None = None
    further_caches: Mapping[str, FeatureCache | Uncached] = field(default_factory=dict)
    features: FileFeatures = NO_FEATURES

    @property
    def frozen(self) -> bool:
        """Whether all language models stay as they are."""
        return all(map(self.encoder.is_frozen, self.encoder.models()))

    @property
    def augments(self) -> bool:
        """Whether training examples are others in each epoch: not where states of them are computed once."""
        return self.encoder.augments and not any(map(self.encoder.is_frozen, self.encoder.models()))

    def prepare(self, data: CellData, label_words: Sequence[str], standardise: bool) -> Preparation:
        """Prepare all splits; states are computed only where a language model is frozen."""
        for model in self.encoder.models().values():
            set_training(model, False)
        # Without augmentation the training examples are the same in every epoch and for every seed.
        train = self._split(data.train, "train") if self.encoder.augments else self.training_split(data.train, 0, 0)
        self._freeze_training_states(train)
        standardiser = self._standardiser(train, standardise)
        self._standardise(train, standardiser)
        dev = self.evaluation_split(data.dev, standardiser, "dev")
        test = self.evaluation_split(data.sealed_test, standardiser) if data.sealed_test is not None else None
        raw = self._label_words(label_words)
        return Preparation(train, dev, test, standardiser, raw, standardiser(raw))

    def training_split(self, dialogues: Sequence[Dialogue], seed: int, epoch: int) -> PreparedSplit:
        """Return the training examples of an epoch; with a frozen language model nothing is added to them."""
        fixed = any(map(self.encoder.is_frozen, self.encoder.models()))
        examples = self.encoder.examples(dialogues, not fixed, stream(seed, "augmentation", epoch))
        _check_targets(self.encoder, dialogues, examples, may_repeat=self.augments)
        return self._made_ready(examples, "train")

    def evaluation_split(
        self, dialogues: Sequence[Dialogue], standardiser: Standardiser, name: SplitName = "test"
    ) -> PreparedSplit:
        """Return the examples that dialogues are judged by, the language model in evaluation mode."""
        split = self._split(dialogues, name)
        self._freeze_states(split)
        self._standardise(split, standardiser)
        return split

    def encode_words(self, words: Sequence[str]) -> Tensor:
        """Return (words, dim), the states of bare words in evaluation mode."""
        return self._encode(self.encoder.word_rows(words))

    def _label_words(self, words: Sequence[str]) -> Tensor:
        if isinstance(self.encoder.language_model, NoLanguageModel):
            return torch.empty(len(words), 0, device=self.row_encoder.device)
        if not self.encoder.is_frozen():
            return self.encode_words(words)
        return self.cache.states(self.encoder.word_rows(words), self._encode).to(self.row_encoder.device)

    def _encode(self, rows: Sequence[TokenRow]) -> Tensor:
        model = self.encoder.language_model
        was_training = model.training
        set_training(model, False)
        with torch.no_grad():
            states = self.row_encoder.encode(rows)
        set_training(model, was_training)
        return states

    def _split(self, dialogues: Sequence[Dialogue], name: SplitName) -> PreparedSplit:
        examples = self.encoder.examples(dialogues, False, stream(0, "sampling"))
        _check_targets(self.encoder, dialogues, examples, may_repeat=False)
        return self._made_ready(examples, name)

    def _made_ready(self, examples: list[Example], name: SplitName) -> PreparedSplit:
        """Return examples of a split with their rows, and on the device their labels and features."""
        split, device = prepare(self.encoder, examples, self.labels), self.row_encoder.device
        split.labels = split.labels.to(device)
        split.features = self.features.of_examples(name, split.examples, device)
        return split

    def _freeze_states(self, split: PreparedSplit) -> None:
        for role, rows in split.by_model.items():
            if isinstance(self.encoder.models()[role], NoLanguageModel):
                rows.states = torch.empty(0, 0)
            elif self.encoder.is_frozen(role):
                cache = self.cache if role == MAIN else self.further_caches[role]
                every = rows.of(range(len(split)))
                rows.states = cache.states(every, partial(self._compute, role=role))
                rows.rows.clear()

    def _freeze_training_states(self, split: PreparedSplit) -> None:
        """Compute the states of train; with folds, each dialogue's by the weights that were trained without it."""
        if not self.folds or not self.encoder.is_frozen():
            self._freeze_states(split)
            return
        assert self.weights is not None
        rows = split.main
        owners = [example.dialogue.id for example in split.examples]
        states = torch.empty(sum(rows.row_counts), self.encoder.state_dim)
        for weights, cache in self.folds:
            chosen = [place for place, owner in enumerate(owners) if owner in weights.read_for]
            weights.load_into(self.encoder.language_model)
            states[rows.positions(chosen)] = cache.states(rows.of(chosen), self._compute).to(states)
        self.weights.load_into(self.encoder.language_model)
        rows.states = states
        rows.rows.clear()

    def _standardiser(self, train: PreparedSplit, standardise: bool) -> Standardiser:
        """Return how states are standardised, those of each frozen language model by its own of train."""
        fitted = {
            role: Standardiser.fit(rows.states)
            if standardise and rows.states is not None and len(rows.states)
            else Standardiser.identity(self.encoder.width_of(role))
            for role, rows in train.by_model.items()
        }
        return replace(fitted.pop(MAIN), further=fitted)

    def _standardise(self, split: PreparedSplit, standardiser: Standardiser) -> None:
        for role, rows in split.by_model.items():
            if rows.states is not None:
                rows.states = standardiser.of(role)(rows.states).to(self.row_encoder.device)

    def _compute(self, rows: Sequence[TokenRow], role: str = MAIN) -> Tensor:
        row_encoder, what = self.row_encoder.of(role), "backbone" if role == MAIN else f"language model {role!r}"
        with torch.no_grad(), all_threads(row_encoder.device):
            self.hear(PhaseStarted(f"encoding with the frozen {what}", row_encoder.chunk_count(rows)))
            return row_encoder.encode(rows, lambda: self.hear(StepDone()))


def _check_targets(
    encoder: Encoder, dialogues: Sequence[Dialogue], examples: Sequence[Example], may_repeat: bool
) -> None:
    """Raise :class:`ErcBenchError` where the examples leave out, add or repeat a scored utterance."""
    asked = {(dialogue.id, index) for dialogue in dialogues for index in dialogue.targets()}
    given = [key for example in examples for key in example.target_keys()]
    if asked != set(given) or (len(given) != len(asked) and not may_repeat):
        raise ErcBenchError(
            f"the encoder {encoder.name!r} makes {len(given)} targets ({len(set(given))} different ones) "
            f"of {len(asked)} scored utterances",
            "Encoder.examples must make each of them, and no other utterance, the target of exactly one example.",
        )
