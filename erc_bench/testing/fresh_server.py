"""The other side of :mod:`erc_bench.testing.fresh_process`: a process that stays as it was when it started.

It imports slow libraries and nothing of the component that is checked, and runs each request in a
fork of itself. Where there are no forks (Windows) it runs one request and ends.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import select
import signal
import struct
import sys
import threading
import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import IO, Any

_PRELOADED = (
    "erc_bench.contracts.losses",
    "erc_bench.testing.cell_runs",
    "erc_bench.testing.calls_as_bytes",
    "erc_bench.testing.random_backbone",
)
_LENGTH = struct.Struct("<Q")
FORKS = hasattr(os, "fork")
_forks: list[int] = []
"""The fork that is running."""


@dataclass(frozen=True)
class CallAnswer:
    """The result of a call; else its error, the end of its process, or why it could not be handed over."""

    value: Any = None
    raised: str = ""
    died: str = ""
    not_handed_over: str = ""


def write(stream: IO[bytes], message: bytes) -> None:
    """Write a message behind its length."""
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def read(stream: IO[bytes]) -> bytes | None:
    """Return the next message; ``None`` where the other side has ended."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    message = stream.read(_LENGTH.unpack(head)[0])
    return message if len(message) == _LENGTH.unpack(head)[0] else None


def serve() -> None:
    """Answer requests on standard input until it ends."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    # Text that a component prints must not mix with the answer.
    os.dup2(2, 1)
    if FORKS:
        signal.signal(signal.SIGTERM, _end_with_fork)
        _import_what_takes_long(encodes=False)
    while (message := read(requests)) is not None:
        if not FORKS:
            threading.Thread(target=_end_with, args=(requests,), daemon=True).start()
            write(answers, _answer(message))
            os._exit(0)
        write(answers, _in_a_fork(message, requests))


@cache
def _import_what_takes_long(encodes: bool) -> None:
    """Import the libraries of every call, with one thread: a fork has none of the others, and might wait for them."""
    for name in _PRELOADED:
        import_module(name)
    import torch

    from erc_bench.testing.tiny import tiny_backbone

    torch.set_num_threads(1)
    # The libraries import most when they are used; what tokenizes in parallel keeps its threads.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    if encodes:
        tiny_backbone()
    gc.freeze()


def _in_a_fork(message: bytes, requests: IO[bytes]) -> bytes:
    _import_what_takes_long(pickle.loads(message).encodes)  # noqa: S301 (the parent process wrote it)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # A group of its own, so that whatever a component starts ends with the cell.
        os.setpgid(0, 0)
        with os.fdopen(theirs, "wb") as stream:
            write(stream, _answer(message))
        os._exit(0)
    _forks.append(child)
    os.close(theirs)
    with os.fdopen(ours, "rb") as stream:
        ready, _, _ = select.select([stream, requests], [], [])
        if requests in ready:
            # Nobody waits for the answer any more.
            _end(child)
            os._exit(1)
        answer = read(stream)
    _forks.remove(child)
    status = _end(child) if answer else os.waitpid(child, 0)[1]
    return answer or pickle.dumps(CallAnswer(died=_ending(os.waitstatus_to_exitcode(status))))


def _end_with_fork(_number: int, _frame: Any) -> None:
    for child in _forks:
        _end(child)
    os._exit(1)


def _end(child: int) -> int:
    for group in (True, False):
        try:
            (os.killpg if group else os.kill)(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    return os.waitpid(child, 0)[1]


def _ending(code: int) -> str:
    how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    return f"its process ended in the middle of it ({how})"


def _answer(message: bytes) -> bytes:
    from erc_bench.testing.calls_as_bytes import NotHandedOverError, received

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    try:
        call = received(pickle.loads(message))  # noqa: S301 (the parent process wrote it)
    except NotHandedOverError as reason:
        return pickle.dumps(CallAnswer(not_handed_over=str(reason)))
    try:
        answer = CallAnswer(call())
    # Whatever leaves the call is told to the parent, and the fork ends in its own place.
    except BaseException as error:
        answer = CallAnswer(raised=f"{type(error).__name__}: {error}")
    sys.stdout.flush()
    return pickle.dumps(answer)


def _end_with(requests: IO[bytes]) -> None:
    requests.read()
    os._exit(1)
