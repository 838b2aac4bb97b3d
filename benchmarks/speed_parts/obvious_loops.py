"""The obvious loop of an encoder, that of its tests (``by_loop``), called alike for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from erc_bench.contracts.types import Dialogue

_TESTS = Path(__file__).parents[2] / "tests" / "plugins" / "encoders"
Features = Mapping[str, Tensor]
Loop = Callable[[Any, Dialogue, Tensor, Features], Tensor]
"""From an encoder, a dialogue, its (turns, dim) states and by name its (turns, width) features to (turns, …)."""


def obvious_loop(encoder: str) -> Loop:
    """Return the loop over the turns of one dialogue that the tests of an encoder hold it to."""
    name = encoder.replace("-", "_")
    path = _TESTS / f"test_{name}.py"
    specification = spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    by_loop = module.by_loop
    called = _CALLED.get(encoder, _of_states)
    return lambda *given: called(by_loop, *given)


def _of_states(by_loop: Any, encoder: Any, dialogue: Dialogue, states: Tensor, _: Features) -> Tensor:
    return by_loop(encoder, dialogue, states)  # type: ignore[no-any-return]


def _of_no_speakers(by_loop: Any, encoder: Any, _: Dialogue, states: Tensor, __: Features) -> Tensor:
    return by_loop(encoder, states)  # type: ignore[no-any-return]


def _of_knowledge(by_loop: Any, encoder: Any, dialogue: Dialogue, states: Tensor, features: Features) -> Tensor:
    known = features.get("commonsense", states.new_zeros(len(states), 0))
    return by_loop(encoder, dialogue, states, known)  # type: ignore[no-any-return]


def _of_features(by_loop: Any, encoder: Any, dialogue: Dialogue, states: Tensor, features: Features) -> Tensor:
    return by_loop(encoder, dialogue, states, features)  # type: ignore[no-any-return]


def _of_all_modalities(by_loop: Any, encoder: Any, dialogue: Dialogue, states: Tensor, features: Features) -> Tensor:
    read = torch.cat([states, *(features[name] for name in sorted(features))], -1)
    return by_loop(encoder, [dialogue], [read], encoder.training)  # type: ignore[no-any-return]


_CALLED: Mapping[str, Callable[..., Tensor]] = {
    "emocaps": _of_no_speakers,
    "cosmic": _of_knowledge,
    "mmgcn": _of_features,
    "cogmen": _of_all_modalities,
}
