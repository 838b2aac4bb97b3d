"""Reads single tensors of a checkpoint, for what a model class of the library has no place for."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.files import weight_files

if TYPE_CHECKING:
    from torch import Tensor


def read_tensors(folder: Path, start: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with ``start``, in float32, by the rest of their names.

    Raises :class:`ErcBenchError` for weights that cannot be read. Runs no code of the checkpoint.
    """
    found: dict[str, Tensor] = {}
    for path in weight_files(folder):
        try:
            found.update(_safetensors(path, start) if path.suffix == ".safetensors" else _pickled(path, start))
        except Exception as error:  # the files are a stranger's: whatever they cause is the user's to know
            raise ErcBenchError(
                f"{path} cannot be read: {str(error).strip().partition(chr(10))[0][:300]}", "Fetch the file again."
            ) from error
    return found


def _safetensors(path: Path, start: str) -> Iterator[tuple[str, Tensor]]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as tensors:
        for name in tensors.keys():  # noqa: SIM118 (no mapping)
            if name.startswith(start):
                yield name.removeprefix(start), tensors.get_tensor(name).float()


def _pickled(path: Path, start: str) -> Iterator[tuple[str, Tensor]]:
    import torch

    # Mapped, so that the rest of the weights is not read a second time; the older format cannot be.
    weights = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    for name, tensor in weights.items():
        if name.startswith(start):
            yield name.removeprefix(start), tensor.float().clone()
