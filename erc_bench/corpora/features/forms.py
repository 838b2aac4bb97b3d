"""Read the files in which other code keeps vectors of utterances, as pairs of a key and what stands under it.

safetensors and npz: a vector under each key ``SPLIT/DIALOGUE/INDEX``. JSON: ``{split: {dialogue: {index: vector}}}``.
Parquet: the columns ``split``, ``dialogue``, ``utterance`` and ``features``, the last a list of numbers in each row.
Nothing that could hold a pickle is opened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from erc_bench.corpora.reading import without_repeats
from erc_bench.errors import ErcBenchError

Entries = Iterator[tuple[str, Any]]
COLUMNS = ("split", "dialogue", "utterance", "features")
_NUMBERS_OF_NUMPY = frozenset({"F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8"})


def _safetensors(file: Path) -> Entries:
    with safe_open(file, framework="numpy") as tensors:
        for key in tensors.keys():  # noqa: SIM118 (it is no mapping)
            kind = tensors.get_slice(key).get_dtype()
            if kind not in _NUMBERS_OF_NUMPY:
                raise ErcBenchError(f"{file}: {key!r} holds {kind}", "Store it as float32.")
            yield key, tensors.get_tensor(key)


def _npz(file: Path) -> Entries:
    with file.open("rb") as opened:  # numpy leaves a damaged one open
        arrays = np.load(opened, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ErcBenchError(f"{file} holds one array without keys", "Write it with numpy.savez(file, **vectors).")
        for key in arrays.files:
            try:
                yield key, arrays[key]
            except ValueError as error:
                raise ErcBenchError(f"{file}: {key!r} cannot be read: {error}", "Store plain numbers.") from None


def _json(file: Path) -> Entries:
    splits = json.loads(file.read_bytes(), object_pairs_hook=without_repeats)
    for split, dialogues in _members(splits, f"{file}"):
        for dialogue, turns in _members(dialogues, f"{file}: {split!r}"):
            for index, vector in _members(turns, f"{file}: '{split}/{dialogue}'"):
                yield f"{split}/{dialogue}/{index}", vector


def _members(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise ErcBenchError(f"{place} holds no object", "Nest them: {split: {dialogue: {index: [numbers]}}}.")
    yield from value.items()


def _parquet(file: Path) -> Entries:
    try:
        from pyarrow import ArrowException, types
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError:
        raise ErcBenchError(
            f"{file}: reading parquet needs pyarrow, which is not installed",
            "Install it: pip install 'erc-bench[parquet]'",
        ) from None
    try:
        with file.open("rb") as opened, ParquetFile(opened) as table:
            if missing := [name for name in COLUMNS if name not in table.schema_arrow.names]:
                raise ErcBenchError(
                    f"{file} lacks the column {missing[0]!r}", f"Its columns have to be {', '.join(COLUMNS)}."
                )
            kind = table.schema_arrow.field("features").type
            if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
                raise ErcBenchError(f"{file}: the column 'features' holds {kind}", "Store a list of numbers per row.")
            for batch in table.iter_batches(columns=list(COLUMNS)):
                keys = zip(*(batch.column(name).to_pylist() for name in COLUMNS[:3]), strict=True)
                for key, vector in zip(keys, batch.column("features"), strict=True):
                    found = vector.values
                    yield "/".join(map(str, key)), None if found is None else found.to_numpy(zero_copy_only=False)
    except ArrowException as error:
        raise ValueError(str(error)) from None


FORMS: Mapping[str, Callable[[Path], Entries]] = {
    ".safetensors": _safetensors,
    ".npz": _npz,
    ".parquet": _parquet,
    ".json": _json,
}
"""What reads a file, by the ending of its name."""
