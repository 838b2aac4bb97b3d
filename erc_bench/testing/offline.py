"""No network for a while: every attempt to reach it is refused and counted."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


@contextmanager
def offline() -> Iterator[list[str]]:
    """Refuse connections and look-ups of names; yield the list of attempts, which grows."""
    tried: list[str] = []

    def refuse(*arguments: Any, **_: Any) -> NoReturn:
        tried.append(" ".join(str(argument) for argument in arguments if isinstance(argument, (str, int, tuple))))
        raise OSError("the network is switched off for this check")

    places = ((socket.socket, "connect"), (socket.socket, "connect_ex"), (socket, "getaddrinfo"))
    kept = [(owner, name, owner.__dict__.get(name)) for owner, name in places]
    for owner, name in places:
        setattr(owner, name, refuse)
    try:
        yield tried
    finally:
        for owner, name, before in kept:
            if before is None:  # inherited from the class in C
                delattr(owner, name)
            else:
                setattr(owner, name, before)
