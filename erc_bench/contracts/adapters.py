"""Options of low-rank adapters in a language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from erc_bench.contracts.options import option

LORA = "lora"
"""What ``encoder.trainable`` says where adapters train."""
AdaptedLayers = Literal["all-linear", "attention"]


@dataclass(frozen=True)
class AdapterOptions:
    """Low-rank adapters (LoRA, by peft) in the backbone, which stands still: for ``encoder.trainable=lora``.

    Source: Hu et al. 2022, arXiv:2106.09685; in all linear layers after Dettmers et al. 2023, arXiv:2305.14314.
    """

    rank: int = option(16, "Rank of the adapters.", at_least=1)
    alpha: int = option(32, "Scale of the adapters, over their rank.", at_least=1)
    dropout: float = option(0.05, "Dropout before the adapters.", at_least=0, below=1)
    layers: Literal["all-linear", "attention"] = option(
        "all-linear", "Layers with adapters: all linear ones, or those of queries, keys and values alone."
    )
