"""Run a grid of cells in this process: skip what is done, go on when one fails."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence

from erc_bench.planning.plan import Plan
from erc_bench.running.failures import reason_of
from erc_bench.running.keeper import Keeper, OpenCell
from erc_bench.running.outcome import GridOutcome
from erc_bench.running.record import other_weights
from erc_bench.running.state import inputs
from erc_bench.running.trainee import train
from erc_bench.running.worker import GridTask
from erc_bench.store.writing import CellBusyError
from erc_bench.training.events import GridStarted, Progress
from erc_bench.training.preparation import CellData
from erc_bench.training.process_state import turn
from erc_bench.training.result import CellResult
from erc_bench.training.upstream_weights import UpstreamWeights


class GridRunner:
    """Runs plans one after the other below one folder of runs."""

    def __init__(self, task: GridTask, progress: Progress) -> None:
        self.keeper = Keeper(task, progress)
        self.progress = progress
        self.workspace = self.keeper.workspace

    def run(self, plans: Sequence[Plan]) -> GridOutcome:
        """Run what has to run. Cells that another process is running are waited for at the end."""
        self.progress.hear(GridStarted(len(plans)))
        for plan in plans:
            # Looked at now, when the code was imported: its files may change while the grid runs.
            inputs(plan, None, None)
        busy = [plan for plan in plans if not self.visit(plan, wait=False)]
        for plan in busy:
            self.keeper.note(f"waiting for another process to finish {plan.label()}")
            self.visit(plan, wait=True)
        return self.keeper.outcome

    def take_outcome(self) -> GridOutcome:
        """Return what became of the cells since the last call."""
        outcome, self.keeper.outcome = self.keeper.outcome, GridOutcome()
        return outcome

    def visit(self, plan: Plan, wait: bool) -> bool:
        """Run one cell where it has to run; return whether it is settled.

        It is not where another process is running it, unless this one may ``wait``. Threads of one process
        wait for one another.
        """
        started = time.perf_counter()
        with turn(self.workspace.device, self.keeper.tell_waiting) as inner:
            if self._visit(plan, wait and not inner, started):
                return True
            if wait:
                # The run around it would never let go of a cell of its own.
                self.keeper.failed(
                    plan, "another run has this cell, and a run within a run cannot wait for it", started
                )
            return wait

    def _visit(self, plan: Plan, wait: bool, started: float) -> bool:
        try:
            cell = self.keeper.begin(plan, wait, started)
        except CellBusyError:
            return False
        if cell is not None:
            with cell:
                self._run(cell)
        return True

    def _run(self, cell: OpenCell) -> None:
        try:
            data = self.keeper.start(cell)
            record = self.keeper.store(cell, self._train(cell, data))
        except KeyboardInterrupt:
            self.keeper.interrupt(cell)
            raise
        # A cell is a stranger's code over a stranger's data: whatever it raises, the others go on.
        except (Exception, SystemExit) as error:
            self.keeper.fail(cell, reason_of(cell.plan, error), traceback.format_exc())
        else:
            self.keeper.tell(cell, record)

    def _train(self, cell: OpenCell, data: CellData) -> CellResult:
        assert cell.audit is not None

        def look_at(upstream: UpstreamWeights) -> None:
            for note in other_weights(self.keeper.runs, cell.plan.address, upstream.record()):
                self.keeper.tell_once(note)

        heard = cell.audit.hear, self.progress.hear
        return train(cell.plan, data, cell.corpus.fingerprint, self.workspace, heard, look_at)
