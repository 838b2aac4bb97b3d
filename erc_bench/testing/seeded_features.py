"""Vectors of turns for encoders that read features: drawn from what is said, so that they change with it.

A vector knows the text, the speaker and the place of its turn, and neither a label nor an id: whatever must not change
with these finds the same vectors, and a later turn that is rewritten has others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from erc_bench.contracts.types import Dialogue, Splits
from erc_bench.corpora.features.feature_file import SUFFIX, Features, sha256_of
from erc_bench.planning.features import SLOT
from erc_bench.planning.plan import Plan
from erc_bench.planning.upstream import SLOT as UPSTREAM

WIDTH = 60
"""Numbers of an utterance; an encoder that takes its vectors apart may want a multiple of something small."""
Draw = Callable[[str, Dialogue], Tensor]
"""From the name of a feature and a dialogue to its (turns, ``WIDTH``) vectors."""


def spoken(name: str, dialogue: Dialogue) -> Tensor:
    """Draw the vectors of a dialogue from what its turns say."""
    return _stacked((name, place, turn.speaker, turn.text) for place, turn in enumerate(dialogue.utterances))


def by_place(name: str, dialogue: Dialogue) -> Tensor:
    """Draw vectors from the places of the turns alone: they stay when a turn says something else."""
    return _stacked((name, place) for place in range(len(dialogue.utterances)))


def others(name: str, dialogue: Dialogue) -> Tensor:
    """Draw other vectors than :func:`spoken`."""
    return spoken(f"another {name}", dialogue)


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


def _stacked(keys: Iterable[tuple[object, ...]]) -> Tensor:
    return torch.from_numpy(np.stack([_drawn(key) for key in keys]))


def _drawn(key: tuple[object, ...]) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(repr(key).encode("utf-8", "surrogatepass")).digest()[:8])
    return np.random.default_rng(seed).standard_normal(WIDTH, dtype=np.float32)
