"""Everything that a plugin may import, and what a notebook needs: ``import erc_bench.api as erc``.

Names are resolved when they are first used, so that a dataset plugin does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erc_bench.data.folder import layout_in as layout_in
    from erc_bench.data.folder import matching_files as matching_files
    from erc_bench.data.reading import Row as Row
    from erc_bench.data.reading import clean_text as clean_text
    from erc_bench.data.reading import expect as expect
    from erc_bench.data.reading import known_label as known_label
    from erc_bench.data.reading import member as member
    from erc_bench.data.reading import read_csv as read_csv
    from erc_bench.data.reading import read_json as read_json
    from erc_bench.data.reading import read_lines as read_lines
    from erc_bench.data.reading import read_text as read_text
    from erc_bench.pretrained.autocast import cast_attention_biases as cast_attention_biases
    from erc_bench.pretrained.backbone import PretrainedBackbone as PretrainedBackbone
    from erc_bench.pretrained.tensors import read_tensors as read_tensors

_HOME = {
    "cast_attention_biases": "pretrained.autocast",
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
    "layout_in": "data.folder",
    "matching_files": "data.folder",
    "Row": "data.reading",
    "clean_text": "data.reading",
    "expect": "data.reading",
    "known_label": "data.reading",
    "member": "data.reading",
    "read_csv": "data.reading",
    "read_json": "data.reading",
    "read_lines": "data.reading",
    "read_text": "data.reading",
    "ErcBenchError": "errors",
    "hookimpl": "hookspecs",
    "all_but_self": "losses",
    "class_means": "losses",
    "contrastive_loss": "losses",
    "cosine": "losses",
    "cosine_scale": "losses",
    "log_prior": "losses",
    "masked_log_softmax": "losses",
    "masked_logsumexp": "losses",
    "masked_mean": "losses",
    "positives": "losses",
    "FeatureQueue": "memory",
    "follow": "memory",
    "option": "options",
    "PretrainedBackbone": "pretrained.backbone",
    "read_tensors": "pretrained.tensors",
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
