"""Ctrl-C ends the program within a second, whatever it is doing at that moment.

Python raises ``KeyboardInterrupt`` in the main thread, between two of its own instructions. That comes late where a
library computes for long in one call, and is not all where threads compute: the interpreter waits for them at its
end. So a thread hears the signal as well, and ends the process where the main thread has not done it by then. Nothing
is lost by that: what is written appears under its name when it is whole, and what was not finished runs again.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

INTERRUPTED = 130
_UNHEARD = 0.7
"""Seconds until the process ends where the main thread has not heard of the signal."""
_CLOSING = 5.0
"""Seconds that it has, once it has heard, to say of its cells and processes that they were stopped."""
_SHOW_CURSOR = "\x1b[?25h"
_remedies: list[str] = []


def going_on(how: str) -> None:
    """Say how to go on after an interruption, where the program is stopped from here on."""
    _remedies[:] = [how] if how else []


def interrupted() -> str:
    """Return what is said of an interruption."""
    return " ".join(["Interrupted.", *_remedies])


def leave(code: int) -> NoReturn:
    """End the process without waiting for its threads."""
    for stream in (sys.stdout, sys.stderr):
        # Standard output may be a pipe that nobody reads any more.
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def leave_interrupted() -> NoReturn:
    """Say that the program was interrupted, and end it."""
    with suppress(OSError, ValueError):
        # Bars hide the cursor, and may not have been closed.
        shown = _SHOW_CURSOR if sys.stderr.isatty() and os.name != "nt" else ""
        sys.stderr.write(f"{shown}{interrupted()}\n")
    leave(INTERRUPTED)


def end_promptly(number: signal.Signals, end: Callable[[], NoReturn]) -> None:
    """Let a signal raise ``KeyboardInterrupt`` in the main thread, and ``end`` the process where that does not.

    A second signal ends it at once. Only the main thread may call this.
    """
    heard = threading.Event()

    def hear(_number: int, _frame: Any) -> None:
        if heard.is_set():
            end()
        heard.set()
        raise KeyboardInterrupt

    def watch() -> None:
        while number not in ours.recv(1):
            continue
        if heard.wait(_UNHEARD):
            # A component may have caught what was raised.
            threading.Event().wait(_CLOSING)
        end()

    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    signal.signal(number, hear)
    signal.set_wakeup_fd(theirs.detach(), warn_on_full_buffer=False)
    if hasattr(os, "register_at_fork"):
        # A fork has no such thread, and its signals are none of this process.
        os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))
    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def ignored_by_children() -> Iterator[None]:
    """Let processes that are started meanwhile hear no Ctrl-C: this one hears it, and ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
