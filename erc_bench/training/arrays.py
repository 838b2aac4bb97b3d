"""What a cell stores beside its answers: label anchors, and representations where they were asked for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from erc_bench.contracts.classifier import Classifier
from erc_bench.contracts.outputs import Outputs
from erc_bench.store.arrays import PROJECTED, REPRESENTATIONS


def anchor_arrays(raw_words: Tensor, dev: Outputs, classifiers: Mapping[str, Classifier]) -> dict[str, np.ndarray]:
    """Return the anchors, (classes, dim) each: raw, after training, and as each classifier adapted them.

    The method's own classifier is the first one.
    """
    arrays = {"anchors.raw": raw_words, "anchors.stage_one": dev.anchors}
    own, *others = classifiers
    arrays["anchors.stage_two"] = classifiers[own].fitted_anchors()
    arrays |= {f"anchors.stage_two.{name}": classifiers[name].fitted_anchors() for name in others}
    return {name: value.detach().float().cpu().numpy() for name, value in arrays.items() if value is not None}


def representation_arrays(test: Outputs) -> dict[str, np.ndarray]:
    """Return z, and where the objective compares in a space of its own, the projections there."""
    arrays = {REPRESENTATIONS: test.z}
    if test.projected.shape != test.z.shape or not torch.equal(test.projected, test.z):
        arrays[PROJECTED] = test.projected
    return {name: _halved(value.detach().float().cpu()) for name, value in arrays.items()}


def _halved(values: Tensor) -> np.ndarray:
    # Half precision is plenty for pictures and probes, but ends at 65504.
    half = values.half()
    return (half if half.isfinite().all() else values).numpy()
