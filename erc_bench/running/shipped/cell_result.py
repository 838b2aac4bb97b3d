"""What a training gives, as bytes: scores and arrays as safetensors, the rest as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import safetensors.numpy

from erc_bench.errors import ErcBenchError
from erc_bench.training.result import CellResult, Readout

MOST_BYTES = 2 * 2**30
"""More is refused: the scores and representations of the largest corpus are a tenth of it."""
_SCORES, _ARRAYS, _REPRESENTATIONS = "scores", "arrays", "representations"


class _Shipped(msgspec.Struct, frozen=True):
    facts: bytes
    arrays: bytes


def pack_result(result: CellResult) -> bytes:
    """Return a result as bytes; trained parts do not travel.

    Raises :class:`ErcBenchError` for one that is too large, or has a fact that JSON does not hold.
    """
    plain = {
        "keys": result.keys,
        "readings": {
            name: {"dev": own.dev, "epochs": own.epochs, "selection": own.selection, "scored": own.scores is not None}
            for name, own in result.readings.items()
        },
        **{name: getattr(result, name) for name in ("epochs", "selection", "facts", "timings")},
    }
    arrays = {f"{_SCORES}/{name}": own.scores for name, own in result.readings.items() if own.scores is not None}
    for kind in (_ARRAYS, _REPRESENTATIONS):
        arrays |= {f"{kind}/{name}": array for name, array in getattr(result, kind).items()}
    try:
        facts = json.dumps(plain, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ErcBenchError(f"what the training tells of itself is no JSON: {error}") from None
    packed = msgspec.msgpack.encode(
        _Shipped(facts, safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))
    )
    if len(packed) > MOST_BYTES:
        raise ErcBenchError(
            f"the result of the cell has {len(packed) / 2**30:.1f} GiB, and {MOST_BYTES / 2**30:g} may travel",
            "Run it where its folder is, or without --save-representations.",
        )
    return packed


def unpack_result(data: bytes) -> CellResult:
    """Return the result that :func:`pack_result` wrote; raise :class:`ErcBenchError` where it is none."""
    try:
        shipped = msgspec.msgpack.decode(data, type=_Shipped)
        plain: Mapping[str, Any] = json.loads(shipped.facts)
        arrays = safetensors.numpy.load(shipped.arrays)
        readings = {name: _readout(name, told, arrays) for name, told in plain["readings"].items()}
        return CellResult(
            [(str(dialogue), int(turn)) for dialogue, turn in plain["keys"]],
            readings,
            plain["epochs"],
            plain["selection"],
            _of_kind(_ARRAYS, arrays),
            _of_kind(_REPRESENTATIONS, arrays),
            plain["facts"],
            plain["timings"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, safetensors.SafetensorError) as error:
        raise ErcBenchError(f"what came back is no result of a cell: {error}") from None


def _readout(name: str, told: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Readout:
    scores = arrays[f"{_SCORES}/{name}"] if told["scored"] else None
    return Readout(told["dev"], scores, told["epochs"], told["selection"])


def _of_kind(kind: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(f"{kind}/"): array for name, array in arrays.items() if name.startswith(f"{kind}/")}
