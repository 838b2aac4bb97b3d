"""Cells without a backbone: for what needs no language model, and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from erc_bench.contracts.component import needs_backbone
from erc_bench.errors import OptionName
from erc_bench.planning.request import NO_BACKBONE, Combination
from erc_bench.planning.settings import Problem, Resolved

if TYPE_CHECKING:
    from erc_bench.contracts.encoder import Encoder
    from erc_bench.contracts.system import System


def backbone_problems(combination: Combination, encoder: type[Encoder], resolved: Resolved) -> list[Problem]:
    """Return a problem where an encoder needs a backbone and has none, or has one and needs none."""
    name, needed = encoder.name, needs_backbone(encoder, encoder.Options(**resolved.slot("encoder")))
    if combination.backbone is not None:
        said = f"the encoder {name!r} needs no language model with these settings, so that its backbone is none"
        return [] if needed else [Problem("", f"{said}: {OptionName('backbones'):{NO_BACKBONE}}")]
    if needed:
        said = f"the encoder {name!r} needs a language model with these settings"
        return [Problem("", f"{said}: {OptionName('backbones'):minilm}")]
    problems = []
    if encoder.language_models:
        said = f"the encoder {name!r} says that it needs no language model, and names some"
        problems.append(Problem("", f"{said}: {', '.join(encoder.language_models)}"))
    if resolved.values.get("encoder.trainable") != "none":
        problems.append(Problem("encoder.trainable", "there is no backbone that could train: leave it out"))
    return problems


def system_backbone_problems(combination: Combination, system: type[System]) -> list[Problem]:
    """Return a problem where a system needs a language model that writes text, and has none."""
    if not system.needs_backbone:
        return []
    remedy = f"name one that does: {OptionName('backbones'):smollm2}, a hub id, a folder or a GGUF file"
    if combination.backbone is None:
        return [Problem("", f"the system {system.name!r} asks a language model that writes text; {remedy}")]
    if combination.backbone.generates is False:
        said = f"the system {system.name!r} asks a language model that writes text, and {combination.backbone.name!r}"
        return [Problem("", f"{said} does not; {remedy}")]
    return []
