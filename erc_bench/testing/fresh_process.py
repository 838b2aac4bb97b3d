"""Calls in a process that has seen no corpus and no other call, so that nothing can be remembered from one.

A method that keeps the labels of test in a module's cache would answer with those that it saw first,
whatever is on the disk by now. And chance may hang on the process: ``hash()`` of a word, the order of a set.
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from erc_bench.planning.plan import Plan
from erc_bench.testing.calls_as_bytes import NotHandedOverError, import_path, request
from erc_bench.testing.cell_runs import run_cells
from erc_bench.testing.fresh_server import FORKS, CallAnswer, read, write

HashSeed = Literal[1, 2]
"""The seed of ``hash()`` of a text; without one, it would be another in every process."""
_SEEDS: tuple[HashSeed, ...] = (1, 2)
_PATIENCE = 0.5
"""Seconds that a server has to see that nobody asks any more: it may be importing."""
_LONG_PATIENCE = 10.0
"""Seconds that it has once it was told to end."""
_START = "import sys; sys.path[:] = {path!r}; from erc_bench.testing.fresh_server import serve; serve()"


class NotReturnedError(Exception):
    """Why a call returned nothing: its error, or the end of its process."""


def call_afresh(function: Callable[..., Any], *arguments: Any, hash_seed: HashSeed, encodes: bool = False) -> Any:
    """Return the result of a module's function in a fresh process; ``encodes``: it loads a language model.

    Raises :class:`NotHandedOverError` where it cannot be given the classes, :class:`NotReturnedError` where it ends
    otherwise than by returning.
    """
    asked = replace(request(function, *arguments), encodes=encodes)
    answer = _server(hash_seed).ask(pickle.dumps(asked))
    if answer.not_handed_over:
        raise NotHandedOverError(answer.not_handed_over)
    if answer.raised or answer.died:
        raise NotReturnedError(answer.raised or answer.died)
    return answer.value


def run_afresh(place: Path, plans: Sequence[Plan], hash_seed: HashSeed) -> list[str]:
    """Run cells one after the other in a fresh process; return why those failed that did.

    Raises :class:`NotHandedOverError` where it cannot be given their classes.
    """
    encodes = any(plan.backbone for plan in plans)
    # The cells of a check ask both: they import side by side.
    for seed in _SEEDS if FORKS else ():
        _server(seed)
    try:
        failed: list[str] = call_afresh(run_cells, place, tuple(plans), hash_seed=hash_seed, encodes=encodes)
    except NotReturnedError as reason:
        return [str(reason)]
    return failed


class _Server:
    """A process that runs each request in a fork of itself; it ends with this one, however that ends."""

    def __init__(self, hash_seed: HashSeed) -> None:
        self._lock = threading.Lock()
        # Paths only, so that the other side finds the same libraries.
        command = [sys.executable, "-c", _START.format(path=list(import_path()))]
        self._process = subprocess.Popen(  # noqa: S603 (fixed arguments)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            # A key that interrupts this process reaches it alone, and the pipe tells the other.
            start_new_session=True,
        )

    def ask(self, message: bytes) -> CallAnswer:
        """Return the answer to a request; whatever interrupts the waiting ends the server."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with self._lock:
            try:
                write(process.stdin, message)
                answer = read(process.stdout)
            except OSError:
                answer = None
            except BaseException:
                self.end()
                raise
        if answer is None or not FORKS:
            self.end()
        return pickle.loads(answer) if answer else _no_answer()  # noqa: S301 (a process of our own wrote it)

    @property
    def is_usable(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None and self._process.stdin is not None and not self._process.stdin.closed

    def end(self) -> None:
        """End the process, and the cell that it runs."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                _close(stream)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            try:
                self._process.wait(_LONG_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _no_answer() -> CallAnswer:
    if FORKS:
        return CallAnswer(not_handed_over="no process could be started for it")
    return CallAnswer(died="its process ended in the middle of it")


def _close(stream: object) -> None:
    try:
        stream.close()  # type: ignore[attr-defined]
    except OSError:
        # What was not sent yet cannot be sent any more.
        return


_servers: dict[tuple[int, HashSeed], _Server] = {}
"""One for each hash seed; a fork of this process has none yet."""


def _server(hash_seed: HashSeed) -> _Server:
    key = os.getpid(), hash_seed
    if key not in _servers or not _servers[key].is_usable:
        _servers[key] = _Server(hash_seed)
    return _servers[key]


@atexit.register
def _end_all() -> None:
    for (owner, _), server in _servers.items():
        if owner == os.getpid():
            server.end()
