"""The files of a pretrained model: missing ones, sizes, digests. It lies in a folder, or is one GGUF file.

Nothing here reads more of a weight file than its header or its bytes: torch is not needed.
"""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from erc_bench.contracts.backbone import Reading
from erc_bench.errors import ErcBenchError
from erc_bench.pretrained.gguf_file import check_gguf, is_gguf, only_gguf_in
from erc_bench.pretrained.gguf_file import parameter_count as gguf_parameters

if TYPE_CHECKING:
    from torch import Tensor


CONFIG_FILE = "config.json"
WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""In the order of preference; an index names the shards of a model in several files."""
TOKENIZER_FILES = (
    ("tokenizer.json",),
    ("vocab.json", "merges.txt"),
    ("vocab.txt",),
    ("sentencepiece.bpe.model",),
    ("spiece.model",),
    ("spm.model",),
    ("tokenizer.model",),
)
"""Alternatives, any one of which makes a tokenizer."""
POOLING_FILE = "1_Pooling/config.json"
"""Where sentence encoders say how a text is read."""
_READINGS: Mapping[str, Reading] = {
    "pooling_mode_cls_token": "opening",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_lasttoken": "last",
}
TOKENIZER_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_BYTES_PER_FLOAT32 = 4
_LFS_POINTER = b"version https://git-lfs"


def reading_in(folder: Path, otherwise: Reading) -> Reading:
    """Return where a sentence encoder says that the state of a text lies; ``otherwise`` for a model that does not."""
    try:
        said = json.loads((folder / POOLING_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return otherwise
    wanted = said if isinstance(said, dict) else {}
    return next((reading for mode, reading in _READINGS.items() if wanted.get(mode) is True), otherwise)


def write_reading(folder: Path, reading: Reading) -> None:
    """Say the same in a folder of a model that is saved."""
    (folder / POOLING_FILE).parent.mkdir()
    modes = {mode: each == reading for mode, each in _READINGS.items()}
    (folder / POOLING_FILE).write_text(json.dumps(modes, indent=2), encoding="utf-8")


def tokenizer_file_names() -> list[str]:
    """Return every name that a tokenizer's files may have."""
    return [name for alternative in TOKENIZER_FILES for name in alternative] + list(TOKENIZER_SETTINGS)


def missing_parts(names: Collection[str]) -> list[str]:
    """Name in words the files that a set of names lacks to be a pretrained model: empty when it is complete."""
    parts = (
        (CONFIG_FILE, [(CONFIG_FILE,)]),
        ("a tokenizer (tokenizer.json, or vocab.json with merges.txt, or vocab.txt)", TOKENIZER_FILES),
        ("weights (model.safetensors or pytorch_model.bin)", [(name,) for name in WEIGHT_FILES]),
    )
    return [words for words, alternatives in parts if not any(set(names).issuperset(each) for each in alternatives)]


def model_in(folder: Path) -> Path:
    """Return the place of a model: the folder itself, or the one GGUF file of a folder that is no model otherwise."""
    file = None if (folder / CONFIG_FILE).is_file() else only_gguf_in(folder)
    return folder if file is None else file


def missing_files(folder: Path) -> list[str]:
    """Name the files that a folder lacks to be a pretrained model, shards that an index names included."""
    if is_gguf(folder):
        return []
    missing = missing_parts([path.name for path in folder.iterdir() if path.is_file()])
    return missing + [path.name for path in weight_files(folder) if not path.is_file()]


def weight_files(folder: Path) -> list[Path]:
    """Return the files that hold the weights; several where an index names shards."""
    weights = next((folder / name for name in WEIGHT_FILES if (folder / name).is_file()), None)
    return [] if weights is None else _shards(weights)


def check_content(folder: Path) -> None:
    """Raise :class:`ErcBenchError` for an empty file, or a Git LFS pointer in a weight file's place."""
    if is_gguf(folder):
        check_gguf(folder)
    for path in _identifying_files(folder):
        with path.open("rb") as file:
            start = file.read(len(_LFS_POINTER))
        if not start:
            raise ErcBenchError(f"{path} is empty", "Fetch the file again.")
        if start == _LFS_POINTER:
            raise ErcBenchError(
                f"{path} is a Git LFS pointer, not the file itself",
                "Fetch the content with git lfs pull, or download the file.",
            )


def content_digest(folder: Path) -> str:
    """Return a sha256 over the names and contents of configuration, tokenizer and weight files."""
    total = hashlib.sha256()
    for path in _identifying_files(folder):
        status = path.stat()
        total.update(f"{path.name} {_file_digest(path, status.st_size, status.st_mtime_ns)}\n".encode())
    return total.hexdigest()


def parameter_count(folder: Path) -> int | None:
    """Return how many numbers the weight files hold: exact for safetensors.

    A pickled file is never opened here: its length stands for float32 numbers. ``None`` without
    weights, or where a header cannot be read (loading will say why).
    """
    if is_gguf(folder):
        return gguf_parameters(folder)
    files = weight_files(folder)
    if not files or not all(path.is_file() for path in files):
        return None
    counts = [
        _safetensors_count(path) if path.suffix == ".safetensors" else path.stat().st_size // _BYTES_PER_FLOAT32
        for path in files
    ]
    return sum(count for count in counts if count is not None) if None not in counts else None


def _shards(weights: Path) -> list[Path]:
    if not weights.name.endswith(".index.json"):
        return [weights]
    try:
        names = sorted(set(json.loads(weights.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ErcBenchError(f"{weights} is not an index of weight files", "Fetch the file again.") from error
    if any(not isinstance(name, str) or Path(name).name != name for name in names):
        raise ErcBenchError(f"{weights} names weight files outside its folder", "Do not use this checkpoint.")
    return [weights.parent / name for name in names]


def _identifying_files(folder: Path) -> list[Path]:
    if is_gguf(folder):
        return [folder]
    present = [folder / name for name in (CONFIG_FILE, *tokenizer_file_names()) if (folder / name).is_file()]
    return sorted([*present, *weight_files(folder)], key=lambda path: path.name)


@lru_cache(maxsize=256)
def _file_digest(path: Path, size: int, modified: int) -> str:
    """``size`` and ``modified`` are the key: a changed file is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _safetensors_count(path: Path) -> int | None:
    try:
        with safe_open(path, framework="numpy") as file:
            return sum(int(math.prod(file.get_slice(name).get_shape())) for name in file.keys())  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError):
        return None


def read_tensors(folder: Path, start: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with ``start``, in float32, by the rest of their names.

    Raises :class:`ErcBenchError` for weights that cannot be read. Runs no code of the checkpoint.
    """
    found: dict[str, Tensor] = {}
    for path in weight_files(folder):
        try:
            found.update(_safetensors(path, start) if path.suffix == ".safetensors" else _pickled(path, start))
        except Exception as error:  # foreign files: whatever they cause is the user's to know
            refuse_objects(path, error)
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


def refuse_objects(place: Path, error: BaseException | None) -> None:
    """Raise :class:`ErcBenchError` where a file is a pickle of more than weights, or a damaged one.

    What torch says of it is how to run the code in it.
    """
    while error is not None:
        if isinstance(error, UnpicklingError):
            if "GLOBAL" not in str(error).upper():
                damaged = f"{place} cannot be read: its pickle of weights is damaged"
                raise ErcBenchError(damaged, "Fetch it again.") from None
            raise ErcBenchError(
                f"{place} holds a pickled object, not weights: reading it would run code that it brings",
                "Where it was made, save its state_dict as safetensors: model.save_pretrained(folder).",
            ) from None
        error = error.__cause__ or error.__context__


def _pickled(path: Path, start: str) -> Iterator[tuple[str, Tensor]]:
    import torch

    # Mapped, so that the rest of the weights is not read a second time; the older format cannot be.
    weights = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    for name, tensor in weights.items():
        if name.startswith(start):
            yield name.removeprefix(start), tensor.float().clone()
