"""The splits that a training may see, as bytes: train and dev with labels, test sealed."""

from __future__ import annotations

import msgspec
import safetensors.torch
from torch import Tensor

from erc_bench.contracts.types import SPLIT_NAMES, Dialogue, SplitName
from erc_bench.training.file_features import FileFeatures
from erc_bench.training.preparation import CellData


class _Shipped(msgspec.Struct, frozen=True):
    train: list[Dialogue]
    dev: list[Dialogue]
    sealed_test: list[Dialogue] | None
    dims: dict[str, int]
    vectors: bytes


def pack_data(data: CellData) -> bytes:
    """Return the splits of a cell with their features as bytes."""
    test = None if data.sealed_test is None else list(data.sealed_test)
    vectors = {
        f"{number}/{split}/{dialogue}": tensor.contiguous()
        for number, own in enumerate(data.features.vectors.values())
        for split, dialogues in own.items()
        for dialogue, tensor in dialogues.items()
    }
    packed = safetensors.torch.save(vectors)
    return msgspec.msgpack.encode(_Shipped(list(data.train), list(data.dev), test, dict(data.features.dims), packed))


def unpack_data(data: bytes) -> CellData:
    """Return the splits that :func:`pack_data` wrote."""
    found = msgspec.msgpack.decode(data, type=_Shipped)
    vectors = safetensors.torch.load(found.vectors)
    names = list(found.dims)
    features: dict[str, dict[SplitName, dict[str, Tensor]]] = {name: {s: {} for s in SPLIT_NAMES} for name in names}
    splits: dict[str, SplitName] = {name: name for name in SPLIT_NAMES}
    for key, tensor in vectors.items():
        number, split, dialogue = key.split("/", 2)
        features[names[int(number)]][splits[split]][dialogue] = tensor
    return CellData(found.train, found.dev, found.sealed_test, FileFeatures(found.dims, features))
