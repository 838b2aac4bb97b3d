"""One safetensors file per feature: a float32 vector for each utterance, under ``SPLIT/DIALOGUE/INDEX``.

``INDEX`` is the position of the turn in its dialogue, from 0, which with the dialogue makes an
:data:`~erc_bench.contracts.types.UtteranceKey`. The same vectors give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from erc_bench.contracts.types import SPLIT_NAMES, SplitName, Splits
from erc_bench.corpora.features.forms import FORMS
from erc_bench.errors import ErcBenchError, naming

Vectors = Mapping[str, npt.NDArray[np.float32]]
SUFFIX = ".safetensors"
_KEY = re.compile(rf"({'|'.join(SPLIT_NAMES)})/(.+)/(0|[1-9][0-9]*)", re.DOTALL)
_FEATURE = "feature"
_UNREADABLE = (ValueError, EOFError, RecursionError, NotImplementedError, BadZipFile, zlib.error, SafetensorError)


@dataclass(frozen=True)
class SplitCoverage:
    """One split of a corpus: its number of turns, the keys of those without a vector, and keys that it does not have.

    All turns count, not only those that the task scores: the others are context.
    """

    split: SplitName
    turns: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Features:
    """A feature: its name, and a vector (dim,) for each key."""

    name: str
    vectors: Vectors

    @property
    def dim(self) -> int:
        """How many numbers each utterance has."""
        return len(next(iter(self.vectors.values())))

    def content(self) -> bytes:
        """Return the bytes of its file."""
        # One entry of metadata: the order of several is not always the same.
        return save(dict(self.vectors), {_FEATURE: self.name})

    def coverage(self, splits: Splits) -> tuple[SplitCoverage, ...]:
        """Hold the keys against the turns of a corpus, split by split."""
        return tuple(self._coverage_of(split, turn_keys(splits, split)) for split in SPLIT_NAMES)

    def _coverage_of(self, split: SplitName, expected: Mapping[str, None]) -> SplitCoverage:
        found = [key for key in self.vectors if key.startswith(f"{split}/")]
        missing = tuple(key for key in expected if key not in self.vectors)
        return SplitCoverage(split, len(expected), missing, tuple(key for key in found if key not in expected))


def turn_keys(splits: Splits, split: SplitName) -> dict[str, None]:
    """Return the keys of all turns of a split, in order."""
    dialogues = dict(splits.items())[split]
    turns = ((dialogue.id, index) for dialogue in dialogues for index in range(len(dialogue.utterances)))
    return dict.fromkeys(f"{split}/{dialogue}/{index}" for dialogue, index in turns)


def read_vectors(file: Path) -> Vectors:
    """Read vectors in any of the forms, told apart by the ending of the name; all are checked.

    Raises :class:`ErcBenchError` naming file and key: another ending, a damaged file, a key of another form or one
    that occurs twice, anything but one-dimensional finite numbers, vectors of different lengths.
    """
    if file.suffix not in FORMS:
        raise ErcBenchError(
            f"{file} is none of {', '.join(FORMS)}", "Write one of these; pickles are not read, since they run code."
        )
    with naming(f"{file} cannot be read"):
        try:
            return _checked(file)
        except _UNREADABLE as error:
            raise ErcBenchError(f"{file} cannot be read as {file.suffix[1:]}: {error}", "Write it anew.") from error


def read_features(file: Path) -> Features:
    """Read the file of a feature, checked again.

    Raises :class:`ErcBenchError` as :func:`read_vectors` does, and for a file that does not say which feature it holds.
    """
    vectors = read_vectors(file)
    name = ""
    if file.suffix == SUFFIX:
        with safe_open(file, framework="numpy") as tensors:
            name = (tensors.metadata() or {}).get(_FEATURE, "")
    if not name:
        raise ErcBenchError(
            f"{file} does not say which feature it holds",
            f"Import it: erc-bench features import --name NAME --out FILE{SUFFIX} {file}",
        )
    return Features(name, vectors)


def sha256_of(file: Path) -> str:
    """Return the sha256 of a file's content; raise :class:`ErcBenchError` where it cannot be read."""
    with naming(f"{file} cannot be read"), file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _checked(file: Path) -> Vectors:
    vectors: dict[str, npt.NDArray[np.float32]] = {}
    first = ""
    for key, value in FORMS[file.suffix](file):
        place = f"{file}: {key!r}"
        if not _KEY.fullmatch(key):
            raise ErcBenchError(
                f"{place} is no key of an utterance",
                "Keys are SPLIT/DIALOGUE/INDEX, such as train/12/0: train, dev or test; the id of the dialogue; the"
                " position of the turn in it, from 0.",
            )
        if key in vectors:
            raise ErcBenchError(f"{place} occurs twice", "Keep one vector for each utterance.")
        vectors[key] = vector = _vector(value, place)
        first = first or key
        if len(vector) != len(vectors[first]):
            raise ErcBenchError(
                f"{place} has {len(vector)} numbers where {first!r} has {len(vectors[first])}",
                "Give every utterance a vector of the same length.",
            )
    if not vectors:
        raise ErcBenchError(f"{file} holds no vector", "Write one for each turn, under SPLIT/DIALOGUE/INDEX.")
    return vectors


def _vector(value: Any, place: str) -> npt.NDArray[np.float32]:
    try:
        given = np.asarray(value)
    except ValueError:  # lists of different lengths
        given = np.asarray(None)
    if given.dtype.kind not in "fiu" or given.ndim != 1 or not given.size:
        shape = f"{given.dtype} of shape {given.shape}"
        raise ErcBenchError(f"{place} is no vector of numbers, but {shape}", "Store one list of numbers, not empty.")
    with np.errstate(over="ignore"):
        vector = given.astype(np.float32)
    if not np.isfinite(vector).all():
        at = int(np.flatnonzero(~np.isfinite(vector))[0])
        raise ErcBenchError(
            f"{place} is {given[at]} at position {at}, which float32 cannot hold as a finite number",
            "Compute the vector again, or leave the turn out.",
        )
    return vector
