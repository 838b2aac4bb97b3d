"""Versions of the parts of the core that decide a cell's numbers.

A part's version is raised, with a line in CHANGELOG.md, when the part computes something else; golden numbers
(``benchmarks/golden_numbers``) fail the tests until that is done. A stored cell is stale where a part that it used has
another version now. Comments, names, moved modules and what is merely quicker raise nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

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


def parts_used(composed: bool, frozen: bool) -> tuple[Part, ...]:
    """Name the parts that a cell uses: a composition, whose language model is frozen or trains, or a system."""
    if not composed:
        return ("metrics",)
    return ("features" if frozen else "fine-tuning", "losses", "loop", "readout", "metrics")
