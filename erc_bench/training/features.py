"""Row states of a frozen backbone: computed once, kept on disk by content.

The key covers everything that decides a state: weights, precision, library, device class and the
token rows themselves; so methods, seeds and readouts share them, and nothing stale is ever read.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from erc_bench.contracts.encoder import TokenRow

CACHE_VARIABLE = "ERC_BENCH_CACHE"


def cache_folder() -> Path:
    """Return the cache directory: ``$ERC_BENCH_CACHE``, else the user's."""
    import platformdirs

    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("erc-bench"))


class FeatureCache:
    """Reads and writes the row states of one backbone in one precision."""

    def __init__(self, identity: str, precision: torch.dtype, device: torch.device, folder: Path | None = None) -> None:
        self.folder = (folder or cache_folder()) / "features"
        self._prefix = f"{identity}|{precision}|{device.type}|torch {torch.__version__}"

    def states(self, rows: Sequence[TokenRow], compute: Callable[[Sequence[TokenRow]], Tensor]) -> Tensor:
        """Return (rows, dim) states, from disk or computed and then kept."""
        path = self.folder / f"{self._key(rows)}.safetensors"
        stored = _read(path, len(rows))
        if stored is not None:
            return stored
        states = compute(rows).cpu()
        _write(path, states)
        return states

    def _key(self, rows: Sequence[TokenRow]) -> str:
        digest = hashlib.sha256(self._prefix.encode())
        for row in rows:
            digest.update(array("q", [len(row.ids), *row.ids, *row.positions]).tobytes())
        return digest.hexdigest()[:40]


def _read(path: Path, rows: int) -> Tensor | None:
    if not path.is_file():
        return None
    try:
        states = load_file(path)["states"]
    except (SafetensorError, KeyError, OSError):
        return None
    return states if len(states) == rows else None


def _write(path: Path, states: Tensor) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        save_file({"states": states.contiguous()}, temporary)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
