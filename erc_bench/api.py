"""Everything that a plugin may import, and what a notebook needs: ``import erc_bench.api as erc``.

Names are resolved when they are first used, so that a dataset plugin does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

_HOME = {
    "Backbone": "contracts.backbone",
    "LoadedBackbone": "contracts.backbone",
    "Classifier": "contracts.classifier",
    "DataFile": "contracts.dataset",
    "Dataset": "contracts.dataset",
    "Layout": "contracts.dataset",
    "SplitCounts": "contracts.dataset",
    "Encoded": "contracts.encoder",
    "Encoder": "contracts.encoder",
    "EncoderBatch": "contracts.encoder",
    "Example": "contracts.encoder",
    "TokenRow": "contracts.encoder",
    "Method": "contracts.method",
    "EpochView": "contracts.objective",
    "Objective": "contracts.objective",
    "Step": "contracts.objective",
    "Outputs": "contracts.outputs",
    "View": "contracts.outputs",
    "System": "contracts.system",
    "Task": "contracts.task",
    "ErcBenchError": "errors",
    "hookimpl": "hookspecs",
    "option": "options",
    "Dialogue": "types",
    "Splits": "types",
    "Utterance": "types",
    "UtteranceKey": "types",
}

__all__ = sorted(_HOME)  # noqa: PLE0605 (the names are the keys above)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'erc_bench.api' has no attribute {name!r}")
    value = getattr(import_module(f"erc_bench.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
