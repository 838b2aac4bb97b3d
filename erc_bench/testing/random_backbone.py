"""The small random backbones as components, which a method can be planned with."""

from __future__ import annotations

from pathlib import Path

import torch

from erc_bench.contracts.backbone import Backbone, LoadedBackbone, Precision
from erc_bench.pretrained.loading import load_folder, maximum_length
from erc_bench.testing.tiny import tiny_backbone, tiny_generative


class TinyBackbone(Backbone):
    """Two layers of random weights: enough to tell whether a method keeps to the protocol."""

    name = "tiny"
    source = "random weights, drawn for the checks of erc-bench"
    parameters = 100_000

    def load(self) -> LoadedBackbone:
        """Return a copy, so that no training leaves a trace in the next."""
        return tiny_backbone()

    def load_saved(self, folder: Path) -> LoadedBackbone:
        """Load tokenizer and model from a folder of a saved model."""
        tokenizer, model = load_folder(folder, self.attention)
        return LoadedBackbone(tokenizer, model, maximum_length(tokenizer, model))


class TinyGenerative(Backbone):
    """The same of a model that writes text, for systems that ask one."""

    name = "tiny-generative"
    source = "random weights, drawn for the checks of erc-bench"
    parameters = 100_000
    generates = True

    def load_generative(self, precision: Precision = "float32") -> LoadedBackbone:
        """Return a copy with its output layer."""
        loaded = tiny_generative()
        loaded.model.to(getattr(torch, precision))
        return loaded
