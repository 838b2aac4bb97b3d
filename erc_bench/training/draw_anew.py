"""Random weights in the place of pretrained ones."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from torch import nn

from erc_bench.errors import ErcBenchError


def draw_anew(model: nn.Module) -> None:
    """Give a language model the weights that its architecture starts with, in place, from torch's generator.

    Raises :class:`ErcBenchError` for an architecture that cannot be built from its configuration alone.
    """
    build: Any = type(model)
    config: Any = model.config
    try:
        drawn = build(deepcopy(config)).state_dict()
        # A pooler that was left out on loading is left out here.
        model.load_state_dict({name: drawn[name] for name in model.state_dict()})
    except (TypeError, KeyError, RuntimeError) as error:
        raise ErcBenchError(
            f"a language model of the class {build.__name__} cannot be drawn from scratch: {error}",
            "Use pretrained weights, or another backbone.",
        ) from error
