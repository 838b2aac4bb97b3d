"""The options of low-rank adapters among the settings of a cell: only where adapters train."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from erc_bench.contracts.adapters import LORA
from erc_bench.planning.settings import Override, Problem, Resolved

SLOT = "adapters"
_START = f"{SLOT}."
TRAINABLE = "encoder.trainable"


def where_adapted(resolved: Resolved, asked: Iterable[Override]) -> tuple[Resolved, list[Problem]]:
    """Leave out the options of adapters where none train, and name those that were asked for there all the same."""
    if resolved.values.get(TRAINABLE) == LORA:
        return resolved, []
    sentence = f"no adapters train: only {TRAINABLE}={LORA} has some"
    problems = [Problem(item.address, sentence) for item in asked if item.address.startswith(_START)]
    values, origins, overrides = (
        {address: of for address, of in facts.items() if not address.startswith(_START)}
        for facts in (resolved.values, resolved.origins, resolved.overrides)
    )
    return replace(resolved, values=values, origins=origins, overrides=overrides), problems
