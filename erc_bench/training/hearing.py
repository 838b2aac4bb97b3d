"""What observers hear of epochs: values of their own, read-only, with nothing of the model in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch

from erc_bench.contracts.observer import ObservedEpoch

Hear = Callable[[ObservedEpoch], None]
"""Is handed every epoch that ended, and gives nothing back: no choice can hang on it."""


def unheard(_epoch: ObservedEpoch) -> None:
    """Hear nothing."""


def training_epoch(record: Mapping[str, Any], epochs: int, optimiser: torch.optim.Optimizer) -> ObservedEpoch:
    """Return what is heard of an epoch of training; ``record`` is what the run's record keeps of it."""
    return ObservedEpoch(
        "training",
        record["epoch"],
        epochs,
        read_only(record["terms"]),
        read_only(record["dev"]),
        record["train_seconds"] + record["dev_seconds"],
        read_only({group["name"]: float(group["lr"]) for group in optimiser.param_groups}),
    )


def readout_epoch(classifier: str, record: Mapping[str, Any], seconds: float) -> ObservedEpoch:
    """Return what is heard of an epoch of a classifier's fit, which does not say how many there will be."""
    epoch, dev = record["epoch"], read_only(record["dev"])
    return ObservedEpoch("readout", epoch, None, read_only({}), dev, seconds, read_only({}), classifier)


def read_only(value: Any) -> Any:
    """Return a copy that cannot be changed, of mappings and lists of plain values."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: read_only(each) for key, each in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(map(read_only, value))
    return value
