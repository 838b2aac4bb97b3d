"""Numbers of a component in this process and in another one, where strings have other hashes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from erc_bench.contracts.encoder import Encoder
from erc_bench.testing.calls_as_bytes import NotHandedOverError
from erc_bench.testing.fresh_process import HashSeed, NotReturnedError, call_afresh

Numbers = dict[str, list[float]]

_TOLERANCE = 1e-4
"""Of the larger of 1 and the number: two processes may add up in another order."""


def same_elsewhere(
    probe: Callable[[type, Any], Numbers], component: type, options: Any, here: Mapping[str, Sequence[float]]
) -> str:
    """Return where else the numbers are the same; raise ``AssertionError`` where another process gives others.

    ``here`` is the result of the probe, a function of a module, in this process.
    """
    seed: HashSeed = 1 if os.environ.get("PYTHONHASHSEED") == "2" else 2
    encodes = issubclass(component, Encoder)
    try:
        there = call_afresh(probe, component, options, hash_seed=seed, encodes=encodes)
    except NotHandedOverError:
        return "in this process, its class is known to no other one"
    except NotReturnedError as reason:
        raise AssertionError(f"another process, of another hash seed, does not answer: {reason}") from reason
    others = [name for name in {**here, **there} if not _same(here.get(name), there.get(name))]
    assert not others, (
        f"another process, of another hash seed, gives something else ({others[0]}): no seed brings back what hangs on "
        "hash(), on the order of a set of words, or on what a class remembers"
    )
    return "and in a process of another hash seed"


def _same(one: Sequence[float] | None, other: Sequence[float] | None) -> bool:
    if one is None or other is None or len(one) != len(other):
        return False
    return all(_close(a, b) for a, b in zip(one, other, strict=True))


def _close(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other)) or abs(one - other) <= _TOLERANCE * max(1, abs(one))
