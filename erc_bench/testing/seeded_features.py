"""Vectors of turns for encoders that read features: drawn from what is said, so that they change with it.

A vector knows the text, the speaker and the place of its turn, and neither a label nor an id: whatever must not change
with these finds the same vectors, and a later turn that is rewritten has others. Within :func:`drawing_from` each is
one of a file's vectors, in their width and of their size; otherwise it is noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from erc_bench.contracts.types import Dialogue, Splits
from erc_bench.corpora.features.feature_file import SUFFIX, Features, read_features, sha256_of
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.features import SLOT
from erc_bench.planning.given_features import given_features
from erc_bench.planning.plan import Plan
from erc_bench.planning.run_requests import FeatureFiles
from erc_bench.planning.upstream import SLOT as UPSTREAM

WIDTH = 60
"""Numbers of an utterance; an encoder that takes its vectors apart may want a multiple of something small."""
T = TypeVar("T")
Draw = Callable[[str, Dialogue], Tensor]
"""From the name of a feature and a dialogue to its (turns, width) vectors."""
_Pool = npt.NDArray[np.float32]
_files: ContextVar[Mapping[str, Path] | None] = ContextVar("files of features, by name", default=None)
_pools: ContextVar[Mapping[str, _Pool] | None] = ContextVar("the different vectors of these files", default=None)


@contextmanager
def drawing_from(features: FeatureFiles) -> Iterator[None]:
    """Draw the vectors of these features, within, from those of files.

    ``features`` are files by name, or texts ``NAME=FILE``. Raises :class:`ErcBenchError` for a file that is none, that
    is for one dataset alone, or whose vectors are all the same: whatever follows them could not be told.
    """
    files = {name: each.file.resolve() for name, each in given_features(features).items()}
    pools = _pools.set({name: _pool(name, file) for name, file in files.items()})
    before = _files.set(files)
    try:
        yield
    finally:
        _files.reset(before)
        _pools.reset(pools)


def drawing_alike(function: Callable[..., T]) -> Callable[..., T]:
    """Return a function of a module such that another process, which it is called in, draws as this one does here."""
    return partial(_drawing, dict(_files.get() or {}), function)


def _drawing(files: Mapping[str, Path], function: Callable[..., T], *arguments: Any) -> T:
    with drawing_from(files):
        return function(*arguments)


def width_of(name: str) -> int:
    """Return how many numbers an utterance has in a feature."""
    pool = _pool_of(name)
    return WIDTH if pool is None else pool.shape[1]


def spoken(name: str, dialogue: Dialogue) -> Tensor:
    """Draw the vectors of a dialogue from what its turns say."""
    return _spoken(name, name, dialogue)


def by_place(name: str, dialogue: Dialogue) -> Tensor:
    """Draw vectors from the places of the turns alone: they stay when a turn says something else."""
    return _stacked(name, ((name, place) for place in range(len(dialogue.utterances))))


def others(name: str, dialogue: Dialogue) -> Tensor:
    """Draw other vectors than :func:`spoken`."""
    return _spoken(name, f"another {name}", dialogue)


def write_features(folder: Path, splits: Splits, names: Iterable[str]) -> dict[str, str]:
    """Write a file for each feature with a vector for every turn of a corpus; return their digests by name."""
    digests = {}
    for name in names:
        vectors = {
            f"{split}/{dialogue.id}/{turn}": vector
            for split, dialogues in splits.items()
            for dialogue in dialogues
            for turn, vector in enumerate(spoken(name, dialogue).numpy())
        }
        folder.mkdir(exist_ok=True)
        file = folder / f"{name}{SUFFIX}"
        file.write_bytes(Features(name, vectors).content())
        digests[name] = sha256_of(file)
    return digests


def written_features(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their digests."""
    return {sha256_of(file): file for file in sorted(folder.glob(f"*{SUFFIX}"))}


def reading(plan: Plan, digests: Mapping[str, str]) -> Plan:
    """Return the plan of a cell that reads these files, and whose upstream does."""
    slots = (f"{SLOT}.", f"{UPSTREAM}.{SLOT}.")
    values = {
        address: digests[address.rpartition(".")[2]] if address.startswith(slots) else value
        for address, value in plan.resolved.values.items()
    }
    upstream = None if plan.upstream is None else reading(plan.upstream, digests)
    return replace(plan, resolved=replace(plan.resolved, values=values), upstream=upstream)


def _spoken(name: str, salt: str, dialogue: Dialogue) -> Tensor:
    return _stacked(name, ((salt, place, turn.speaker, turn.text) for place, turn in enumerate(dialogue.utterances)))


def _stacked(name: str, keys: Iterable[tuple[object, ...]]) -> Tensor:
    pool = _pool_of(name)
    return torch.from_numpy(np.stack([_drawn(key, pool) for key in keys]))


def _drawn(key: tuple[object, ...], pool: _Pool | None) -> _Pool:
    seed = int.from_bytes(hashlib.sha256(repr(key).encode("utf-8", "surrogatepass")).digest()[:8])
    if pool is not None:
        return np.asarray(pool[seed % len(pool)])
    return np.random.default_rng(seed).standard_normal(WIDTH, dtype=np.float32)


def _pool_of(name: str) -> _Pool | None:
    return (_pools.get() or {}).get(name)


def _pool(name: str, file: Path) -> _Pool:
    """Return the different vectors of a file, (vectors, width)."""
    if ":" in name:
        alone = name.rpartition(":")[2]
        raise ErcBenchError(
            "checks invent their dialogues, and know no dataset", f"Say {OptionName('features'):{alone}={file}}."
        )
    vectors = np.unique(np.stack(list(read_features(file).vectors.values())), axis=0)
    if len(vectors) == 1:
        raise ErcBenchError(f"all vectors of {file} are the same", "Check with a file whose turns differ.")
    return vectors
