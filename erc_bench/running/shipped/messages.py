"""What a training elsewhere tells while it runs, one message after the other, the last one its end."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from erc_bench.contracts.observer import ObservedStage
from erc_bench.training import events


class Happened(msgspec.Struct, frozen=True, tag=True):
    """An event by the name of its class, with its fields."""

    name: str
    fields: dict[str, Any]


class Scored(msgspec.Struct, frozen=True, tag=True):
    """Scores on test after an epoch, for the audit: rows of numbers of a type."""

    stage: ObservedStage
    keys: list[tuple[str, int]]
    scores: list[list[float]]
    kind: str


class Trained(msgspec.Struct, frozen=True, tag=True):
    """The end: a packed result, and the machine as a record names it."""

    result: bytes
    machine: dict[str, Any]


class Weights(msgspec.Struct, frozen=True, tag=True):
    """The end of the training of an upstream: entries of the cache by their key."""

    entries: dict[str, bytes]


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The end: why there is none, with Python's trace."""

    reason: str
    trace: str


Message = Happened | Scored | Trained | Weights | Failed
_EVENTS: dict[str, Any] = {
    kind.__name__: kind for kind in (events.PhaseStarted, events.EpochEnded, events.Noted, events.Logged)
}
_decoder = msgspec.msgpack.Decoder(Message)


def pack_event(event: events.Event) -> bytes | None:
    """Return an event as bytes; ``None`` for those that stay where they happen: single steps would be too many."""
    if isinstance(event, events.ScoredOnTest):
        scores = np.asarray(event.scores)
        return pack(Scored(event.stage, list(event.keys), scores.tolist(), scores.dtype.str))
    name = type(event).__name__
    return pack(Happened(name, msgspec.to_builtins(vars(event)))) if name in _EVENTS else None


def pack(message: Message) -> bytes:
    """Return a message as bytes."""
    return msgspec.msgpack.encode(message)


def unpack(data: bytes) -> Message:
    """Return the message of these bytes; raise ``ValueError`` where they are none."""
    found: Message = _decoder.decode(data)
    return found


def event_of(message: Happened | Scored) -> events.Event:
    """Return what happened."""
    if isinstance(message, Scored):
        return events.ScoredOnTest(message.stage, message.keys, np.array(message.scores, dtype=message.kind))
    found: events.Event = msgspec.convert(message.fields, _EVENTS[message.name])
    return found
