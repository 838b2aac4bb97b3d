"""What an encoder that needs no language model is built around, in the place of a backbone."""

from __future__ import annotations

from types import SimpleNamespace

from torch import nn

from erc_bench.contracts.backbone import LoadedBackbone


class NoLanguageModel(nn.Module):
    """Stands where a language model would: without parameters, with states of no numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(hidden_size=0)


def no_backbone() -> LoadedBackbone:
    """Return the backbone of an encoder that needs none: without a tokenizer, and reading no token."""
    return LoadedBackbone(None, NoLanguageModel(), 0)
