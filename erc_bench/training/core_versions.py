"""Versions of the parts of the core that decide a cell's numbers.

A part's version is raised, with a line in CHANGELOG.md, when the part computes something else; golden numbers
(``benchmarks/golden_numbers``) fail the tests until that is done. A stored cell is stale where a part that it used has
another version now. Comments, names, moved modules and a mere gain in speed raise nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Part = Literal["features", "fine-tuning", "losses", "loop", "readout", "metrics"]

CORE_VERSIONS: Mapping[Part, int] = {
    "features": 2,
    "fine-tuning": 1,
    "losses": 1,
    "loop": 1,
    "readout": 1,
    "metrics": 1,
}
"""By part:

- ``features``: the states of a frozen language model, their precision and their standardising;
- ``fine-tuning``: how a language model runs that trains: its kernels, dropout, micro-batches;
- ``losses``: similarities, masks and means that objectives and classifiers share;
- ``loop``: order of the data, steps, optimiser, schedule, choice of the epoch;
- ``readout``: how classifiers are fitted and asked after training;
- ``metrics``: from answers to scores.
"""


def versions_used(settings: Mapping[str, Any]) -> dict[str, int]:
    """Return the versions of the parts that a cell uses, by its settings (``slot.option`` → value).

    A system may use the shared losses, or a language model that writes, and does the rest by itself; of a composition
    the language model trains or is frozen, and that of an upstream trains.
    """
    trainable = settings.get("encoder.trainable")
    parts: set[Part] = {"losses", "metrics"}
    if trainable is not None:
        parts |= {"loop", "readout", "features" if trainable == "none" else "fine-tuning"}
    if "upstream.encoder.trainable" in settings:
        parts.add("fine-tuning")
    # A further language model that trains or is frozen, which an option named after its role says.
    parts |= {
        "features" if settings.get(address.removesuffix("_backbone")) == "frozen" else "fine-tuning"
        for address in settings
        if address.startswith("encoder.") and address.endswith("_backbone")
    }
    return {part: version for part, version in CORE_VERSIONS.items() if part in parts}
