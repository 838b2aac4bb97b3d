"""Everything that a plugin may import, and what a notebook needs: ``import erc_bench.api as erc``.

Names are resolved when they are first used, so that a dataset plugin does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erc_bench.contracts.backbone import Backbone, LoadedBackbone
    from erc_bench.contracts.classifier import Classifier
    from erc_bench.contracts.dataset import DataFile, Dataset, Layout, SplitCounts
    from erc_bench.contracts.encoder import Encoded, Encoder, EncoderBatch, Example, TokenRow
    from erc_bench.contracts.method import Method
    from erc_bench.contracts.objective import EpochView, Objective, Step
    from erc_bench.contracts.outputs import Outputs, View
    from erc_bench.contracts.system import System
    from erc_bench.contracts.task import Task
    from erc_bench.errors import ErcBenchError
    from erc_bench.hookspecs import hookimpl
    from erc_bench.options import option
    from erc_bench.types import Dialogue, Splits, Utterance, UtteranceKey

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
