"""The other side: trains the cell that it is handed, and tells of it in messages, the last of which is its end."""

from __future__ import annotations

import logging
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.plugin_host.provenance import versions
from erc_bench.running.failures import reason_of
from erc_bench.running.sent_log import SentLog
from erc_bench.running.shipped.assignment import Assignment, read_assignment, unpack_plan
from erc_bench.running.shipped.cell_data import unpack_data
from erc_bench.running.shipped.cell_result import pack_result
from erc_bench.running.shipped.messages import Failed, Message, Trained, Weights, pack, pack_event
from erc_bench.running.state import changes, identity_of, inputs
from erc_bench.running.trainee import train
from erc_bench.store.feature_files import write_entry
from erc_bench.training.device import choose_device, hardware, one_core_each
from erc_bench.training.events import EpochEnded, Event, Hear
from erc_bench.training.upstream import UpstreamTrainer, entry_of_key
from erc_bench.training.workspace import Workspace

Send = Callable[[bytes], None]
"""Takes one message."""
_Work = Callable[[Plan, Assignment, Workspace, Hear], Message]
_workspaces: dict[tuple[str, int | None], Workspace] = {}
"""Those of this process: cells that it is handed one after the other share what they load."""


def run_shipped(assignment: bytes, data: bytes, weights: Mapping[str, bytes], send: Send) -> None:
    """Train one cell, with the ``weights`` of its upstream where they are known."""

    def work(plan: Plan, told: Assignment, workspace: Workspace, hear: Hear) -> Message:
        for key, content in weights.items():
            entry = entry_of_key(key)
            if not entry.is_file() or entry.read_bytes() != content:
                write_entry(entry, lambda file, content=content: _write(file, content))  # type: ignore[misc]
        result = train(plan, unpack_data(data), told.fingerprint, workspace, (hear, _unheard_epochs(hear)))
        machine = {"hardware": hardware(workspace.device), "device": str(workspace.device), "versions": versions()}
        return Trained(pack_result(result), machine)

    _answer(assignment, work, send)


def train_upstream(assignment: bytes, data: bytes, send: Send) -> None:
    """Train what a cell reads through, or find it in the cache here; the end holds its weights."""

    def work(plan: Plan, told: Assignment, workspace: Workspace, hear: Hear) -> Message:
        found = UpstreamTrainer(workspace, hear).weights_for(plan, unpack_data(data), told.fingerprint)
        assert found is not None
        return Weights({each.file.stem: each.file.read_bytes() for each in (found, *found.folds)})

    _answer(assignment, work, send)


def _answer(assignment: bytes, work: _Work, send: Send) -> None:
    """Do the work, and send what happens and how it ends."""
    plan = None
    with tempfile.TemporaryDirectory(prefix="erc-bench-") as folder, _logged(send):
        try:
            told = read_assignment(assignment)
            plan = unpack_plan(told, Path(folder))
            workspace = _workspace(told)
            _check_same(told, inputs(plan, None, identity_of(plan, workspace)))
            send(pack(work(plan, told, workspace, lambda event: _send(event, send))))
        # A cell is a stranger's code over a stranger's data: whatever it raises, there is an answer.
        except (Exception, SystemExit) as error:
            reason = str(error) if plan is None else reason_of(plan, error)
            send(pack(Failed(reason, traceback.format_exc())))


def _check_same(told: Assignment, here: Mapping[str, Any]) -> None:
    """Raise :class:`ErcBenchError` where this machine would compute something else than the record will say."""
    if differing := changes(told.inputs, here):
        raise ErcBenchError(
            f"{' and '.join(differing)} changed on the way: this machine has other ones than the command",
            "Install the same versions of erc-bench, plugins and language models everywhere.",
        )


def _unheard_epochs(hear: Hear) -> Hear:
    """Let nobody take the epochs of an upstream for those of the cell."""
    return lambda event: None if isinstance(event, EpochEnded) else hear(event)


def _send(event: Event, send: Send) -> None:
    message = pack_event(event)
    if message is not None:
        send(message)


def _workspace(assignment: Assignment) -> Workspace:
    device = choose_device(assignment.device)
    one_core_each(device)
    key = str(device), assignment.micro_batch
    if key not in _workspaces:
        _workspaces[key] = Workspace(torch.device(device), assignment.micro_batch)
    return _workspaces[key]


def _write(file: str, content: bytes) -> None:
    Path(file).write_bytes(content)


@contextmanager
def _logged(send: Send) -> Iterator[None]:
    log, handler = logging.getLogger("erc_bench"), SentLog(lambda event: _send(event, send))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
