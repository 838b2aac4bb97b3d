"""Backbones: pretrained language models and the facts that the core must know of them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from erc_bench.contracts.component import Component

Precision = Literal["float32", "bfloat16", "float64"]
Reading = Literal["opening", "mean", "last"]
"""Where a language model keeps the state of a text: its opening token, the mean of its tokens, its last token."""


@dataclass(frozen=True)
class LoadedBackbone:
    """A tokenizer and its model, in float32 on the CPU, as ``Backbone.load`` returned them.

    ``maximum_length`` counts tokens, special ones included. ``reading`` says where a text's own state lies.
    ``further`` are the language models of an encoder's other roles. ``feature_dims`` is not the backbone's: it is
    filled in for an encoder that names features, with the width of each. ``stored`` names the numbers in which the
    weights were stored, where these are coarser than plain ones.
    """

    tokenizer: Any
    model: Any
    maximum_length: int
    bf16_safe: bool = True
    reading: Reading = "opening"
    further: Mapping[str, LoadedBackbone] = field(default_factory=dict)
    feature_dims: Mapping[str, int] = field(default_factory=dict)
    stored: str = ""

    def facts(self) -> dict[str, str]:
        """Return what decides the last digits of what the model computes: its numbers, and its attention."""
        attention = getattr(self.model.config, "_attn_implementation", None) or "eager"
        stored = {"stored": self.stored} if self.stored else {}
        return {"dtype": str(self.model.dtype).removeprefix("torch."), "attention": str(attention), **stored}

    def with_model(self, model: Any) -> LoadedBackbone:
        """Return the same around another model, such as one with adapters."""
        return replace(self, model=model)

    def in_role(self, role: str) -> LoadedBackbone:
        """Return the language model of a further role; where none was loaded for it, a copy of this one."""
        if role in self.further:
            return self.further[role]
        return replace(self, model=deepcopy(self.model), further={})


class Backbone(Component):
    """A pretrained language model. Required: ``name``, ``source`` and ``load``."""

    kind: ClassVar[str] = "backbone"
    parameters: ClassVar[int | None] = None
    """Number of parameters (decides the training regime); ``None``: not known before loading."""
    bf16_safe: ClassVar[bool] = True
    """Whether the model computes correctly under bf16 autocast."""
    reading: ClassVar[Reading] = "opening"
    """Where the model was pretrained to keep the state of a whole text."""
    attention: ClassVar[tuple[str, ...]] = ("sdpa", "eager")
    """Attention implementations that the model supports, the preferred one first."""

    def load(self) -> LoadedBackbone:
        """Load tokenizer and model.

        Raises :class:`erc_bench.errors.ErcBenchError` naming the missing files, where they belong
        and the alternative.
        """
        raise NotImplementedError

    generates: ClassVar[bool | None] = False
    """Whether the model writes text, a token after the other, by its own output layer; ``None``: its files say."""

    def load_generative(self, precision: Precision = "float32") -> LoadedBackbone:
        """Load tokenizer and model with its output layer, in a precision.

        Raises :class:`erc_bench.errors.ErcBenchError` where the model does not write text.
        """
        raise NotImplementedError

    def load_saved(self, folder: Path) -> LoadedBackbone:
        """Load tokenizer and model from a folder of ``run --save-model``, without network.

        It holds the files that ``save_pretrained`` writes of the tokenizer and of ``model.config``, and the trained
        ``model.state_dict()`` as ``model.safetensors``, which is read again into the model that comes back.
        """
        raise NotImplementedError

    @classmethod
    def can_be_saved(cls) -> bool:
        """Whether a trained model of this backbone can be saved."""
        return cls.load_saved is not Backbone.load_saved

    def identity(self) -> str:
        """Return an identifier of the version of the weights (revision or content)."""
        return self.name

    def size(self) -> int | None:
        """Return the number of parameters where it can be known without loading."""
        return self.parameters
