"""Saved models whose backbone was tuned by adapters: they hold the adapters, and the backbone is found by its name.

A backbone that an upstream trained has no name, and is saved as it was before it got adapters.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from erc_bench.contracts.adapters import LORA
from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.language_models import MAIN
from erc_bench.planning.adapters import TRAINABLE
from erc_bench.planning.plan import Plan
from erc_bench.pretrained.adapters import adapter_state
from erc_bench.training.generative import check_same
from erc_bench.training.saved_models.files import BACKBONE_WEIGHTS, backbone_folder

PART = "adapters"
"""The part of a saved model's tensors that are the adapters'."""


def is_adapted(plan: Plan, role: str = MAIN) -> bool:
    """Return whether adapters train in the language model of a role."""
    return role == MAIN and plan.resolved.values.get(TRAINABLE) == LORA


def has_a_name(plan: Plan, role: str) -> bool:
    """Return whether a language model is to be found by its name alone, its own weights being as they were."""
    return is_adapted(plan, role) and plan.upstream is None


def adapters_of(model: Any) -> dict[str, Tensor]:
    """Return the weights of the adapters of a language model, by the names of a saved model's tensors."""
    return {f"{PART}.{name}": weight for name, weight in adapter_state(model).items()}


def is_saved(folder: Path, role: str) -> bool:
    """Return whether the folder of a saved model holds the language model of a role."""
    return (backbone_folder(folder, role) / BACKBONE_WEIGHTS).is_file()


def load_named(plan: Plan, role: str, identity: str) -> LoadedBackbone:
    """Load the language model that adapters were trained in; raises ``ErcBenchError`` where it is another one here."""
    check_same(plan, identity)
    return plan.backbone_of(role).load()
