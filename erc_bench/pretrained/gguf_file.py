"""Models that are one GGUF file: tokenizer, configuration and (often quantised) weights together."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from erc_bench.errors import ErcBenchError

SUFFIX = ".gguf"
_MAGIC = b"GGUF"
_PACKAGES = ("gguf", "accelerate")
"""What transformers reads such a file with."""


def is_gguf(place: Path) -> bool:
    """Whether a place is a file of this kind, by its name."""
    return place.suffix.lower() == SUFFIX and place.is_file()


def only_gguf_in(folder: Path) -> Path | None:
    """Return the one such file of a folder; ``None`` where there is none, or more than one."""
    found = sorted(path for path in folder.iterdir() if is_gguf(path))
    return found[0] if len(found) == 1 else None


def check_gguf(file: Path) -> None:
    """Raise :class:`ErcBenchError` where a file is none of this kind, or the library that reads it is not there."""
    with file.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise ErcBenchError(f"{file} is no GGUF file", "Fetch it again.")
    if lacking := [package for package in _PACKAGES if find_spec(package) is None]:
        raise ErcBenchError(
            f"reading {file.name} needs {' and '.join(lacking)}, which this installation lacks",
            "pip install 'erc-bench[llm]'",
        )


def source_of(place: Path) -> tuple[Path, dict[str, Any]]:
    """Return folder and further arguments by which transformers reads a place, folder or file."""
    return (place.parent, {"gguf_file": place.name}) if is_gguf(place) else (place, {})


def settle(model: Any) -> None:
    """Let a model that was read from such a file be what it is now: its weights are plain numbers."""
    if getattr(model.config, "quantization_config", None) is not None:
        del model.config.quantization_config
    for name in ("hf_quantizer", "is_quantized", "quantization_method"):
        model.__dict__.pop(name, None)


def stored_as(place: Path) -> str:
    """Return in which numbers the weights of a GGUF file are stored, by llama.cpp's name (``Q4_K_M``); empty elsewhere.

    They are read as plain numbers, and stay what the rounding made of them.
    """
    if not is_gguf(place):
        return ""
    from gguf import GGUFReader, LlamaFileType

    field = GGUFReader(place).get_field("general.file_type")
    try:
        return "" if field is None else LlamaFileType(int(field.contents())).name.removeprefix("MOSTLY_")
    except ValueError:  # a kind that is younger than the library
        return "unknown"


def parameter_count(file: Path) -> int | None:
    """Return how many numbers the file's tensors stand for; ``None`` where it cannot be read."""
    if find_spec("gguf") is None:
        return None
    from gguf import GGUFReader

    try:
        return sum(int(math.prod(map(int, tensor.shape))) for tensor in GGUFReader(file).tensors)
    except (ValueError, OSError, IndexError, KeyError):
        return None
