"""Requests at an even pace, whichever thread makes them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """Lets at most so many requests through in a minute, evenly; 0 lets all through."""

    def __init__(
        self,
        per_minute: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._seconds = 60 / per_minute if per_minute else 0.0
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next = clock()

    def wait(self) -> None:
        """Wait until the next request may go."""
        with self._lock:
            now = self._clock()
            mine = max(now, self._next)
            self._next = mine + self._seconds
        if mine > now:
            self._sleep(mine - now)
