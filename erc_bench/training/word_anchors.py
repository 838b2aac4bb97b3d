"""Whether a language model tells words apart that are to be anchors."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from erc_bench.contracts.losses import all_but_self, cosine
from erc_bench.errors import ErcBenchError

MOST_ALIKE = 0.95
"""Cosine of two words' states above which they are one anchor but for rounding and a first few steps."""


def refuse_alike(words: Sequence[str], states: Tensor) -> None:
    """states: (words, dim); raise :class:`ErcBenchError` where two words nearly coincide.

    States of a causal model share one direction that is longer than all that tells words apart; masked language models
    are far from it, and are not asked.
    """
    if len(words) < 2:
        return
    cosines = cosine(states, states)
    alike = cosines.masked_fill(~all_but_self(cosines), -1.0)
    largest = float(alike.max())
    if largest > MOST_ALIKE:
        one, other = divmod(int(alike.argmax()), len(words))
        raise ErcBenchError(
            f"the language model hardly tells the anchors {words[one]!r} and {words[other]!r} apart: the cosine of "
            f"their states is {largest:.3f}, and at most {MOST_ALIKE} makes anchors",
            "Choose an objective without anchors of words, such as cross-entropy or supcon, or another backbone.",
        )
