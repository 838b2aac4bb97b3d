"""Encoders: from dialogues to the token rows that a language model reads, to representations.

The encoder owns its unit (an utterance with its window, a whole dialogue); the core owns the
language model's work: grouping rows by length, precision, freezing and caching.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.component import Component
from erc_bench.contracts.decoders import has_decoder
from erc_bench.contracts.language_models import MAIN, attribute_of, use_of
from erc_bench.contracts.options import option
from erc_bench.contracts.turns import Turns
from erc_bench.contracts.types import Dialogue, UtteranceKey
from erc_bench.errors import ErcBenchError


@dataclass(frozen=True)
class Example:
    """The unit that a batch counts.

    ``targets`` are the positions of the utterances that the example yields a representation for;
    ``context`` are the positions of the turns that it shows.
    """

    dialogue: Dialogue
    targets: tuple[int, ...]
    context: tuple[int, ...] = ()

    def target_keys(self) -> tuple[UtteranceKey, ...]:
        """Name the utterances that the example yields, in order."""
        return tuple((self.dialogue.id, index) for index in self.targets)


@dataclass(frozen=True)
class TokenRow:
    """One input of the language model.

    ``ids`` are token ids with the special tokens, and are read at ``positions``. The state of a token is the mean of
    its states in ``layers``, counted as a list of all hidden states is: -1 the last layer's, 0 the embeddings. The row
    gives their ``mean`` over the positions or the largest value of each dimension (``max``), which is one state, or
    ``each`` of them, in the order of the positions. ``model`` is the role of the language model that reads it.
    """

    ids: Sequence[int]
    positions: Sequence[int]
    layers: tuple[int, ...] = (-1,)
    pool: Literal["mean", "max", "each"] = "mean"
    model: str = MAIN

    @property
    def state_count(self) -> int:
        """How many states the row gives."""
        return len(self.positions) if self.pool == "each" else 1


@dataclass(frozen=True)
class FurtherStates:
    """states: (states of all rows, dim) of a further language model, and how many of them each example has."""

    states: Tensor
    row_counts: Sequence[int]


@dataclass(frozen=True)
class EncoderBatch:
    """The examples of a batch and how many row states each of them has: one for each of its token rows.

    A row that is read at ``each`` of its positions has as many states as positions, one after the other: an example
    with several such rows finds their borders by ``TokenRow.state_count``. ``further`` holds what further language
    models read, by role. ``features`` holds for each feature that the encoder names one (turns, dim) tensor per
    example: the vectors of all turns of the example's dialogue, those after its targets as well, in the precision of
    the row states.
    """

    examples: Sequence[Example]
    row_counts: Sequence[int]
    further: Mapping[str, FurtherStates] = field(default_factory=dict)
    features: Mapping[str, Sequence[Tensor]] = field(default_factory=dict)

    def per_example(self, row_states: Tensor) -> tuple[Tensor, ...]:
        """row_states: (states of all rows, dim) → one (states of the example's rows, dim) tensor for each example."""
        return torch.split(row_states, list(self.row_counts))

    def of_model(self, role: str) -> tuple[Tensor, ...]:
        """Return what a further language model read, of each example a (states of its rows, dim) tensor."""
        own = self.further[role]
        return torch.split(own.states, list(own.row_counts))

    def turns(self, row_states: Tensor) -> Turns:
        """row_states: (rows, dim), one row for each turn → the dialogues of the batch side by side.

        Without a language model there are no rows, and the states of turns have no numbers.
        """
        dialogues = [example.dialogue for example in self.examples]
        if not row_states.shape[-1]:
            row_states = row_states.new_empty(sum(len(dialogue.utterances) for dialogue in dialogues), 0)
        return Turns.of(row_states, dialogues, self.features)

    def at_targets(self, turns: Turns, padded: Tensor) -> Tensor:
        """padded: (B, T, dim), in the order of ``turns`` → (n, dim), what belongs to the examples' targets."""
        return turns.at(padded, [example.targets for example in self.examples])


@dataclass
class Encoded:
    """The output of an encoder for a batch, n targets in the order of the examples' targets.

    z: (n, dim) representations. ``logits`` (n, classes) where the system has its own classifier,
    ``extras`` for anything that an objective of the same package reads, ``terms`` unweighted
    scalar losses of the encoder's own.
    """

    z: Tensor
    logits: Tensor | None = None
    extras: dict[str, Tensor] = field(default_factory=dict)
    terms: dict[str, Tensor] = field(default_factory=dict)


_BEFORE_A_WORD = "For utterance, speaker feels"
"""The prompt of Eq 1 of EACL with nothing filled in, behind which a causal model reads a label word."""


class Encoder(Component, nn.Module):
    """Turns dialogues into representations. Required: ``examples`` and ``rows``.

    Every encoder has the option ``trainable``, which speaks of the backbone only: frozen means
    evaluation mode, no augmentation, and row states that are computed once. A frozen ``language_model``
    may be a stand-in that loads the model as soon as more than its ``config`` is asked for.
    """

    kind: ClassVar[str] = "encoder"
    sees_future: ClassVar[bool | Mapping[str, object]] = False
    """Whether a representation may depend on turns after its own: a bool, or the options with which it does.

    The conformance check verifies it.
    """
    needs_backbone: ClassVar[bool | Mapping[str, object]] = True
    """Whether it reads by a language model: a bool, or the options with which it does, as in ``sees_future``.

    One that does not makes no token rows and has the backbone ``none``: ``tokenizer`` is ``None``, ``state_dim`` is 0.
    """
    language_models: ClassVar[tuple[str, ...]] = ()
    """Roles of further language models beside the backbone, which is ``main``.

    Two options say more of each ROLE: ``ROLE``, a :data:`LanguageModelUse`, and ``ROLE_backbone``, a text that is
    ``same`` by default: the cell's backbone, as an upstream left it, with weights of its own.
    """
    features: ClassVar[tuple[str, ...] | Mapping[str, Mapping[str, object]]] = ()
    """Names of the vectors of utterances, computed by other code, that it reads (``--feature NAME=FILE``).

    Several names, or each name with the options with which it is read: ``{"audio": {"modalities": "text and audio"}}``,
    or a tuple of the values of an option with any of which it is.
    The width of each is in ``self.feature_dims``, the vectors in :attr:`EncoderBatch.features` and
    :attr:`Turns.features`. As they came from the file: nothing standardises them.
    """

    @dataclass(frozen=True)
    class Options:
        """Every encoder's options."""

        trainable: int | Literal["all", "none", "lora"] = option(
            "all",
            "Layers of the backbone that train: all, none, or the number of top layers; lora: low-rank adapters in it.",
            at_least=1,
        )

    def __init__(self, options: Any, backbone: LoadedBackbone) -> None:
        super().__init__(options)
        self.tokenizer = backbone.tokenizer
        self.language_model: nn.Module = backbone.model
        self.maximum_length = backbone.maximum_length
        self.native_reading = backbone.reading
        self.feature_dims = dict(backbone.feature_dims)
        self.further_backbones = {role: backbone.in_role(role) for role in self.language_models}
        for role, further in self.further_backbones.items():
            setattr(self, attribute_of(role), further.model)

    def models(self) -> dict[str, nn.Module]:
        """Return the language models by role, ``main`` first."""
        return {role: getattr(self, attribute_of(role)) for role in (MAIN, *self.language_models)}

    def is_frozen(self, role: str = MAIN) -> bool:
        """Return whether a language model stays as it is."""
        return use_of(self.options, role) == "frozen"

    def start(self, labels: Sequence[str]) -> None:
        """Receive the labels, once, before anything is encoded or moved to a device.

        For an encoder with parameters of each class, as embeddings of the emotions: they are made here, and their
        logits are :attr:`Encoded.logits`.
        """

    @property
    def augments(self) -> bool:
        """Whether training examples differ between epochs; a frozen backbone is never augmented."""
        return False

    @property
    def reads(self) -> Literal["mask", "opening", "any"] | None:
        """The token that every row is read at; the conformance check holds the encoder to its word.

        ``None``: at a mask wherever a row holds one.
        """
        return None

    @property
    def state_dim(self) -> int:
        """Width of the row states: that of the language model."""
        return self.width_of(MAIN)

    @property
    def is_causal(self) -> bool:
        """Whether the backbone reads from left to right alone, so that a token's state knows of no later one."""
        return self.native_reading == "last" and not has_decoder(self.language_model.config)

    def width_of(self, role: str) -> int:
        """Return the width of the states of a language model."""
        config: Any = self.models()[role].config
        return int(config.hidden_size)

    @property
    def dim(self) -> int:
        """Width of the representations."""
        return self.state_dim

    def examples(self, dialogues: Sequence[Dialogue], training: bool, rng: Random) -> list[Example]:
        """Cut dialogues into examples; every scored utterance is a target of exactly one of them.

        Only a training call may add further examples, drawing on ``rng``.
        """
        raise NotImplementedError

    def rows(self, example: Example) -> list[TokenRow]:
        """Return the token rows that the example needs, those of several language models in any order."""
        raise NotImplementedError

    def forward(self, row_states: Tensor, batch: EncoderBatch) -> Encoded:
        """row_states: (states of all rows of ``main``, dim), those that ``rows`` asked for, example by example.

        They are float32, and float64 where the language model is frozen; the encoder's own modules are the same.
        """
        return Encoded(row_states)

    def word_rows(self, words: Sequence[str]) -> list[TokenRow]:
        """Return the token rows for label words, one state each: bare words, the mean over all positions.

        Special tokens count as well. Source: EACL's label embeddings (Yu et al. 2024). A causal model keeps next to
        nothing of a word in its first tokens' states, which are alike for all words: it reads the word behind the words
        of the prompt, and the state is that of the word's last token.
        """
        if self.is_causal:
            return [self._behind_prompt(word) for word in words]
        encoded = self.tokenizer(list(words), add_special_tokens=True)["input_ids"]
        return [TokenRow(ids, range(len(ids))) for ids in encoded]

    def _behind_prompt(self, word: str) -> TokenRow:
        ids = self.tokenizer(f"{_BEFORE_A_WORD} {word}", add_special_tokens=True)["input_ids"]
        special = set(self.tokenizer.all_special_ids)
        return TokenRow(ids, (max(place for place, token in enumerate(ids) if token not in special),))

    def represent_words(self, states: Tensor) -> Tensor:
        """states: (words, state_dim) of ``word_rows`` → (words, dim): words in the space of the representations.

        Words take the way of utterances: an encoder with a network of its own leads them through it. Raises
        :class:`ErcBenchError` for such an encoder that does not say how.
        """
        if type(self).forward is Encoder.forward:
            return states
        raise ErcBenchError(
            f"the encoder {self.name!r} does not say how words go through its network, so that they cannot be compared "
            "with utterances",
            "Give it represent_words, or choose an objective without anchors of words.",
        )

    def parameter_groups(self) -> Mapping[str, list[nn.Parameter]]:
        """Return the parameters of all language models (``encoder``) and all the others (``head``).

        Further groups may name some of these again, for objectives that ask for them.
        """
        groups: dict[str, list[nn.Parameter]] = {"encoder": [], "head": []}
        inner = {attribute_of(role) for role in (MAIN, *self.language_models)}
        for name, parameter in self.named_parameters():
            groups["encoder" if name.partition(".")[0] in inner else "head"].append(parameter)
        return groups
