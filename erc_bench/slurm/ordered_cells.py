"""A group of ordered cells, run in this process, which may be told that its time is over."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.running.orders import Order, read_order
from erc_bench.slurm import queue
from erc_bench.slurm.ended_cells import ended_since
from erc_bench.store.regular_files import changed
from erc_bench.training.events import Progress

if TYPE_CHECKING:
    from erc_bench.running.outcome import GridOutcome

_JOB, _RESTARTED = "SLURM_JOB_ID", "SLURM_RESTART_COUNT"


def run_group(orders: Path, group: int, restarts: int, progress: Progress) -> GridOutcome:
    """Run a group; a cell that is interrupted by the end of the job's time is closed, and the job begins again.

    Raises :class:`ErcBenchError` where it has begun again ``restarts`` times already.
    """
    # Slurm's word that the time is nearly over, and that another job takes the place.
    for number in (signal.SIGUSR2, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    begun = int(os.environ.get(_RESTARTED) or 0)
    try:
        # Torch takes a second, in which the word may come as well.
        from erc_bench.running.grid import GridRunner
        from erc_bench.training.device import choose_device

        order = read_order(orders, group)
        order = _not_yet_run(order, orders) if begun else order
        task = replace(order.task, device=str(choose_device(order.task.device)))
        return GridRunner(task, progress).run(order.plans)
    except KeyboardInterrupt:
        _begin_again(begun, restarts)
        raise


def _not_yet_run(order: Order, orders: Path) -> Order:
    """Leave out what was done since the order was written: --overwrite always means once, not after each restart."""
    written = changed(orders)
    return replace(order, plans=tuple(plan for plan in order.plans if not _is_done(written, plan, order.task.runs)))


def _is_done(ordered: float, plan: Plan, runs: Path) -> bool:
    cell = ended_since(ordered, plan.address.folder(runs))
    return cell is not None and cell.status == "done"


def _begin_again(begun: int, restarts: int) -> None:
    """Put this job back into the queue, unless it is being ended: by scancel, or by Slurm, which does so itself."""
    # It may be said twice, and once is enough.
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    job = os.environ.get(_JOB)
    if job is None or queue.is_being_ended(job):
        return
    if begun >= restarts:
        raise ErcBenchError(
            f"job {job} ran out of time {begun + 1} times", "Give it more: --executor-option minutes=…, restarts=…."
        )
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    queue.begin_again(job)
    # What Slurm puts back it ends itself; a job that left by itself before would be over.
    signal.pause()
