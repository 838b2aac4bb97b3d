"""One process of a grid: what it is to know, how cells come in over a pipe, and what happens to them goes out."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from erc_bench.errors import ErcBenchError, Words, speaking
from erc_bench.interruption import end_promptly, leave
from erc_bench.planning.observers import ChosenObserver
from erc_bench.planning.plan import from_json
from erc_bench.planning.run_requests import Overwrite
from erc_bench.plugin_host.plugin_files import PluginFile, load_again
from erc_bench.running.sent_log import SentLog
from erc_bench.shown_text import show_everywhere
from erc_bench.training.events import Event, Progress, StepDone


@dataclass(frozen=True)
class GridTask:
    """Where cells and corpora lie, the device that is the process's own, and what that may hold.

    ``plugins`` are files that a process loads before it is given a cell, whose classes may be theirs.
    ``observers`` hear of the cells that it runs. ``features`` are files of vectors by their sha256. ``send_text``:
    whether systems may send the text of dialogues to another machine.
    """

    runs: Path
    data_dir: Path | None
    device: str
    overwrite: Overwrite = "missing"
    micro_batch: int | None = None
    plugins: tuple[PluginFile, ...] = ()
    observers: tuple[ChosenObserver, ...] = ()
    features: Mapping[str, Path] = field(default_factory=dict)
    send_text: bool = False


class SentProgress(Progress):
    """Sends what it hears to the parent; single steps would flood the pipe and stay here."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hear(self, event: Event) -> None:
        """Send it."""
        if not isinstance(event, StepDone):
            self._connection.send(event)


def work(connection: Connection, task: GridTask, words: Words) -> None:
    """Run the cells that come in until ``None`` comes: (plan, wait) in; events, then (done, outcome) out.

    ``words`` are those of the caller for options.
    """
    # A key that stops the grid reaches every process of the terminal; the parent alone decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    show_everywhere()
    # The word to end may come before all of this is set up.
    try:
        end_promptly(signal.SIGTERM, _leave)
        threading.Thread(target=_die_with_parent, daemon=True).start()
        log = logging.getLogger("erc_bench")
        log.handlers = [SentLog(connection.send)]
        log.propagate = False
        with speaking(words):
            _work(connection, task, log)
    except KeyboardInterrupt:
        _leave()


def _work(connection: Connection, task: GridTask, log: logging.Logger) -> None:
    try:
        # A cell's classes may be those of a file, and cannot be received before it is loaded.
        load_again(task.plugins)
    except ErcBenchError as error:
        log.error(error.message)
        sys.exit(1)
    runner = _runner(connection, task)
    try:
        while (message := connection.recv()) is not None:
            plan, wait = message
            connection.send((runner.visit(from_json(plan), wait), runner.take_outcome()))
    except EOFError:
        _leave()


def _runner(connection: Connection, task: GridTask) -> Any:
    import torch

    from erc_bench.running.grid import GridRunner
    from erc_bench.training.device import one_core_each

    one_core_each(torch.device(task.device))
    return GridRunner(task, SentProgress(connection))


def _leave() -> NoReturn:
    leave(1)


def _die_with_parent() -> None:
    """End at once where the parent was killed: nobody would read what comes, and the cell counts as never run."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
