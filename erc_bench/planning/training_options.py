"""The options of training itself (slot ``training``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from erc_bench.contracts.options import option


@dataclass(frozen=True)
class TrainingOptions:
    """How every method is trained.

    Plain defaults are the schedule of EACL's official code for large backbones (Yu et al. 2024):
    two learning rates that halve after every epoch. With a frozen or a small backbone that
    schedule collapses to the majority class, hence the defaults by regime.
    """

    epochs: int = option(8, "Passes over the training examples.", at_least=1, frozen=20)
    batch_size: int = option(64, "Examples in a batch.", at_least=1)
    encoder_lr: float = option(1e-5, "Peak learning rate of the backbone.", above=0, small=5e-5)
    head_lr: float = option(4e-4, "Peak learning rate of everything else.", above=0, frozen=1e-3)
    weight_decay: float = option(0.01, "AdamW's decay; biases and norms are exempt.", at_least=0)
    schedule: Literal["constant", "linear", "cosine", "halving"] = option(
        "halving", "How learning rates fall; halving: by half after each epoch.", frozen="linear", small="linear"
    )
    warmup: float = option(0.0, "Share of the steps in which rates rise to their peak.", at_least=0, below=1, small=0.1)
    clip: float = option(5.0, "Largest norm of the gradient; 0: no clipping.", at_least=0)
    accumulation: int = option(1, "Batches whose gradients are averaged before a step.", at_least=1)
    patience: int | None = option(None, "Epochs without a better dev score before training stops.", at_least=1)
    class_weights: Literal["none", "balanced"] = option(
        "none", "Weights of the classes in cross-entropy; balanced: inverse train frequency, mean 1."
    )
    head_dropout: float = option(0.1, "Dropout before the classifier head.", at_least=0, below=1)
    standardise: bool = option(
        False, "Standardise a frozen backbone's states, fitted on train; label words likewise.", frozen=True
    )
    selection: Literal["dev", "last", "average-last-k"] = option(
        "dev", "Which weights are kept: best dev epoch, last epoch, mean of the last k epochs."
    )
    last_k: int = option(3, "Epochs that average-last-k averages.", at_least=1)
    precision: Literal["auto", "float64", "float32", "bfloat16"] = option(
        "auto",
        "Precision of the backbone; auto: float32 for a frozen one, else bfloat16 where the hardware computes in it. "
        "Losses are float64 on a frozen backbone, else float32.",
    )
