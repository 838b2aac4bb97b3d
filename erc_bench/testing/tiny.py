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
from erc_bench.pretrained.loading import load_folder, load_generative, maximum_length
from erc_bench.testing.random_checkpoint import BERT, LLAMA, write_random_checkpoint

__all__ = ["BERT", "LLAMA", "ROBERTA", "tiny_backbone", "tiny_generative", "write_random_checkpoint"]

ROBERTA = {"model_type": "roberta"}
"""The other kind of special tokens: ``<mask>`` where BERT has ``[MASK]``, and other ids."""


def tiny_backbone(architecture: Mapping[str, Any] = BERT) -> LoadedBackbone:
    """Return a backbone of two layers, 32 wide, that reads 512 tokens; its weights are always the same."""
    return deepcopy(_loaded(json.dumps(architecture)))


def tiny_generative(architecture: Mapping[str, Any] = LLAMA) -> LoadedBackbone:
    """Return the same with an output layer, of an architecture that writes text."""
    return deepcopy(_loaded(json.dumps(architecture), with_output=True))


@cache
def _loaded(architecture: str, with_output: bool = False) -> LoadedBackbone:
    attention = ("sdpa", "eager")
    with TemporaryDirectory(prefix="erc-bench-", ignore_cleanup_errors=True) as name:
        folder = write_random_checkpoint(Path(name), json.loads(architecture))
        tokenizer, model = (
            load_generative(folder, attention, "float32") if with_output else load_folder(folder, attention)
        )
        # Weights that are mapped from a file would go with it.
        own = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for name, parameter in model.named_parameters():
        parameter.data = own[name]
    return LoadedBackbone(tokenizer, model, maximum_length(tokenizer, model))
