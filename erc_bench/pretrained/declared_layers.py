"""How many layers a config.json asks for, held against the weights beside it before anything is built of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from erc_bench.errors import ErcBenchError

_LAYERS = re.compile(r"(^|_)(n_layers?|num_layers|num_hidden_layers|layers|depth)$")
_BOUNDS = ("max_window_layers",)
"""What says of layers that there are which it is about, and not that there are so many."""
_NUMBERED = re.compile(r"(?:^|[._])(?:layers?|h|blocks?|groups?)\.(\d+)\.")
_MOST = 1000
"""Layers of a model whose weights number none; the deepest that is published has about a hundred."""
_MOST_TIMES = 10
"""Layers may share weights, ten of them at most; whether all have theirs is known once the model is built."""


def refuse_deep(folder: Path, config: Any) -> None:
    """Raise :class:`ErcBenchError` where a configuration asks for many more layers than the weights have.

    Building them would fill the memory before anything could be compared.
    """
    found = max((_layer_of(name) for name in _names(folder)), default=-1) + 1
    most = _MOST_TIMES * found if found else _MOST
    for name, count in _declared(config):
        if count > most:
            have = f"have {found}" if found else "number none"
            raise ErcBenchError(
                f"the config.json in {folder} asks for {count:,} layers ({name}), and its weights {have}",
                "Check that config.json and the weights belong to one model.",
            )


def _declared(config: Any) -> Iterator[tuple[str, int]]:
    """Yield what a configuration, and those within it, say of numbers of layers."""
    for name, value in config.to_dict().items():
        for key, each in ((name, value), *(value.items() if isinstance(value, dict) else ())):
            if isinstance(each, int) and not isinstance(each, bool) and _LAYERS.search(str(key)) and key not in _BOUNDS:
                yield str(key), each


def _names(folder: Path) -> Iterable[str]:
    from safetensors import SafetensorError, safe_open

    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, "np") as tensors:
                yield from tensors.keys()
        except SafetensorError:
            return  # told when it is read


def _layer_of(name: str) -> int:
    return max((int(number) for number in _NUMBERED.findall(name)), default=-1)
