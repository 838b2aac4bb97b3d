"""Row states of a frozen backbone: computed once, kept on disk by content.

The key covers everything that decides a state: the backbone, precision, libraries, device class and
the token rows themselves; so methods, seeds and readouts share them, and nothing stale is ever read.
"""

from __future__ import annotations

import hashlib
import json
import logging
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from erc_bench.contracts.encoder import TokenRow
from erc_bench.contracts.language_models import MAIN
from erc_bench.plugin_host.provenance import versions
from erc_bench.store.feature_files import SUFFIX, cache_folder, describe, lock_of, mark_used, write_entry
from erc_bench.training.core_versions import CORE_VERSIONS

_log = logging.getLogger("erc_bench")
_USUAL = ((-1,), "mean", MAIN)
"""How rows are read where they say nothing else: ``TokenRow``'s ``layers``, ``pool`` and ``model``."""


class FeatureCache:
    """Reads and writes the row states of one backbone in one precision.

    ``backbone`` covers all that decides the backbone's output: weights, options, code.
    ``described`` is an entry's description for readers; it decides nothing.
    """

    def __init__(
        self,
        backbone: str,
        precision: torch.dtype,
        device: torch.device,
        folder: Path | None = None,
        described: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = (folder or cache_folder()) / "features"
        libraries = {name: versions()[name] for name in ("torch", "transformers")}
        self._prefix = json.dumps([backbone, str(precision), device.type, libraries, CORE_VERSIONS["features"]])
        computed = {"precision": str(precision).removeprefix("torch."), "device": device.type}
        self._described = {**computed, **(described or {})}

    def states(self, rows: Sequence[TokenRow], compute: Callable[[Sequence[TokenRow]], Tensor]) -> Tensor:
        """Return (states of all rows, dim), from disk or computed and then kept."""
        path = self.folder / f"{self.key(rows)}{SUFFIX}"
        count = sum(row.state_count for row in rows)
        stored = _read(path, count)
        if stored is not None:
            return stored
        with computing_alone(path):
            # Another process may have computed them while this one waited.
            stored = _read(path, count)
            if stored is not None:
                return stored
            states = compute(rows).cpu()
            try:
                description = describe(len(states), states.shape[1], self._described)
                write_entry(path, lambda file: save_file({"states": states.contiguous()}, file, description))
            except (OSError, SafetensorError) as error:
                # A cache only saves time: a full or read-only disk must not cost the cell.
                _log.warning("the row states cannot be kept in %s: %s", self.folder, error)
        return states

    def key(self, rows: Sequence[TokenRow]) -> str:
        """Return the name of the entry that holds the states of rows."""
        digest = hashlib.sha256(self._prefix.encode())
        for row in rows:
            lengths = (len(row.ids), len(row.positions))
            if (row.layers, row.pool, row.model) != _USUAL:
                # No length is negative: where the usual reading is meant, nothing is said of it.
                words = f"{row.pool} {row.model}".encode()
                digest.update(array("q", [-1, len(row.layers), *row.layers, len(words)]).tobytes() + words)
            digest.update(array("q", [*lengths, *row.ids, *row.positions]).tobytes())
        return digest.hexdigest()[:40]


class Uncached:
    """Computes row states and keeps none: of text that nobody gave away to be stored."""

    def states(self, rows: Sequence[TokenRow], compute: Callable[[Sequence[TokenRow]], Tensor]) -> Tensor:
        """Return (states of all rows, dim)."""
        return compute(rows).cpu()


@contextmanager
def computing_alone(path: Path) -> Iterator[None]:
    """Keep other processes from computing the same states; where no lock can be had, they may."""
    lock = FileLock(lock_of(path))
    try:
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _read(path: Path, count: int) -> Tensor | None:
    if not path.is_file():
        return None
    try:
        states = load_file(path)["states"]
    except (SafetensorError, KeyError, OSError):
        return None
    if len(states) != count:
        return None
    mark_used(path)
    return states
