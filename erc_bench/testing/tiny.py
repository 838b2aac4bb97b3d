"""A small backbone with random weights, with which an encoder is checked where no other is given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.pretrained.loading import load_folder, maximum_length
from erc_bench.testing.random_checkpoint import BERT, write_random_checkpoint

__all__ = ["BERT", "ROBERTA", "tiny_backbone", "write_random_checkpoint"]

ROBERTA = {"model_type": "roberta"}
"""The other kind of special tokens: ``<mask>`` where BERT has ``[MASK]``, and other ids."""


def tiny_backbone(architecture: Mapping[str, Any] = BERT) -> LoadedBackbone:
    """Return a backbone of two layers, 32 wide, that reads 512 tokens; its weights are always the same."""
    return deepcopy(_loaded(json.dumps(architecture)))


@cache
def _loaded(architecture: str) -> LoadedBackbone:
    with TemporaryDirectory(prefix="erc-bench-", ignore_cleanup_errors=True) as name:
        folder = write_random_checkpoint(Path(name), json.loads(architecture))
        tokenizer, model = load_folder(folder, ("sdpa", "eager"))
        # Weights that are mapped from a file would go with it.
        model.load_state_dict({name: tensor.clone() for name, tensor in model.state_dict().items()}, assign=True)
    return LoadedBackbone(tokenizer, model, maximum_length(tokenizer, model))
