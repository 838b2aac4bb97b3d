"""Runs a grid on a Slurm cluster: submits what is missing, adopts what an earlier driver submitted, waits for both."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from erc_bench.errors import ErcBenchError
from erc_bench.interruption import going_on
from erc_bench.planning.estimate import Records
from erc_bench.planning.plan import Plan
from erc_bench.running.outcome import GridOutcome
from erc_bench.running.record import headline
from erc_bench.running.staleness import Outlook
from erc_bench.running.state import RUNS_UNDER
from erc_bench.running.worker import GridTask
from erc_bench.slurm import queue
from erc_bench.slurm.ended_cells import ended_since
from erc_bench.slurm.grouping import waves
from erc_bench.slurm.options import Needs, SlurmOptions, needs
from erc_bench.slurm.submission import Submission, Submitter, check_slurm, submissions
from erc_bench.statistics.results import counted
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.layout import SUBMISSIONS_FOLDER, CellAddress
from erc_bench.store.reading import StoredCell
from erc_bench.training.events import CellEnded, GridStarted, Noted, Progress

_LOOKS_WITHOUT = 3
"""So many looks at the queue, one after the other, in which a job does not stand: then it is over."""


@dataclass(frozen=True)
class _Waiting:
    """A cell whose job runs or will run, and since when what is written there is this job's."""

    plan: Plan
    job: str
    log: Path
    ordered: float


class SlurmRunner:
    """Runs plans as jobs; what happens to this process happens to none of them."""

    def __init__(
        self, task: GridTask, jobs: int | None, options: SlurmOptions, progress: Progress, detach: bool = False
    ) -> None:
        check_slurm()
        self.task, self.options, self.progress, self.detach = task, options, progress, detach
        self._submitter = Submitter(task, options, jobs)
        self._is_answered = True

    def run(self, plans: Sequence[Plan]) -> GridOutcome:
        """Submit what has to run, wait for it, and say what became of every plan."""
        self.progress.hear(GridStarted(len(plans)))
        outcome = GridOutcome()
        folder = self.task.runs / SUBMISSIONS_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        # Of two drivers the second one sees what the first one has submitted.
        with FileLock(folder / ".lock"):
            waiting = self._submit(self._to_run(plans, outcome))
        if self.detach:
            self._note(f"with Slurm: {counted(len(waiting), 'cell')}; erc-bench status says how far they are")
            return outcome
        going_on("The jobs go on: the same command waits for them again, erc-bench stop ends them.")
        self._wait_for(waiting, outcome)
        return outcome

    def _to_run(self, plans: Sequence[Plan], outcome: GridOutcome) -> list[Plan]:
        outlook = Outlook(self.task.runs, self.task.data_dir, self._note)
        found = {plan.address: outlook.find(plan) for plan in plans}
        left = []
        for plan in plans:
            there = found[plan.address]
            if there.state in RUNS_UNDER[self.task.overwrite]:
                left.append(plan)
                continue
            self._ended(plan, outcome.pass_over(plan, there))
        return left

    def _submit(self, plans: Sequence[Plan]) -> list[_Waiting]:
        """Return the cells with their jobs: those that are under way already, and those that are submitted now."""
        under_way = self._under_way()
        adopted = [_waiting(plan, *under_way[plan.address]) for plan in plans if plan.address in under_way]
        if adopted:
            self._note(f"under way, as submitted before: {counted(len(adopted), 'cell')}")
        missing = [plan for plan in plans if plan.address not in under_way]
        by_address = {plan.address: plan for plan in missing}
        found = list(adopted)
        for each in self._submitted(missing):
            found += [_waiting(by_address[address], each, place) for address, place in each.places()]
        return found

    def _submitted(self, plans: Sequence[Plan]) -> Iterator[Submission]:
        records = Records(read_cells(self.task.runs))
        for wanted, own in _by_needs(plans, self.options).items():
            jobs: list[str] = []
            for wave in waves(own, lambda plan: _minutes(records, plan, self.options), self.options.group_minutes):
                after = None if wave.after is None else jobs[wave.after]
                submission = self._submitter.submit(wave.groups, wanted, after)
                jobs.append(submission.job)
                yield submission

    def _under_way(self) -> dict[CellAddress, tuple[Submission, int]]:
        """Return submission and place of each cell that has not come to an end, and neither has its job."""
        known = submissions(self.task.runs)
        alive = queue.look([each.job for each in known])
        return {
            address: (each, place)
            for each in known
            for address, place in each.places()
            if each.job_of(place) in alive and not ended_since(each.ordered(), address.folder(self.task.runs))
        }

    def _wait_for(self, waiting: Sequence[_Waiting], outcome: GridOutcome) -> None:
        left = list(waiting)
        looks: dict[str, int] = {}
        while left:
            for job, is_alive in self._look({each.job for each in left}).items():
                looks[job] = 0 if is_alive else looks.get(job, 0) + 1
            for each in list(left):
                if cell := ended_since(each.ordered, each.plan.address.folder(self.task.runs)):
                    self._settle(each.plan, cell, outcome)
                elif looks.get(each.job, 0) >= _LOOKS_WITHOUT:
                    self._lost(each, outcome)
                else:
                    continue
                left.remove(each)
            if left:
                time.sleep(self.options.poll)

    def _look(self, jobs: Set[str]) -> dict[str, bool]:
        """Return which jobs are alive; nothing while the queue cannot be asked, for jobs go on without it."""
        try:
            alive = queue.look(sorted({job.partition("_")[0] for job in jobs}))
        except ErcBenchError as error:
            if self._is_answered:
                self._note(f"{error.message}; the jobs go on, and it is asked again")
            self._is_answered = False
            return {}
        self._is_answered = True
        return {job: job in alive for job in jobs}

    def _settle(self, plan: Plan, cell: StoredCell, outcome: GridOutcome) -> None:
        """Take in a cell that has come to an end."""
        if cell.status == "done":
            outcome.ran.append(plan)
            self._ended(plan, headline(cell.record))
        else:
            outcome.failed.append((plan, cell.error))
            self._ended(plan, f"failed: {cell.error}")

    def _lost(self, each: _Waiting, outcome: GridOutcome) -> None:
        how = queue.why_ended(each.job)
        reason = f"job {each.job} ended without it{f' ({how})' if how else ''}; its log: {each.log}"
        outcome.failed.append((each.plan, reason))
        self._ended(each.plan, f"failed: {reason}")

    def _ended(self, plan: Plan, what: str) -> None:
        self.progress.hear(CellEnded(plan.label(), what, 0.0))

    def _note(self, text: str) -> None:
        self.progress.hear(Noted(text))


def _waiting(plan: Plan, submission: Submission, place: int) -> _Waiting:
    return _Waiting(plan, submission.job_of(place), submission.log_of(place), submission.ordered())


def _minutes(records: Records, plan: Plan, options: SlurmOptions) -> float:
    recorded = [each.seconds / 60 for each in records.of(plan)]
    return max(recorded) if recorded else options.cell_minutes


def _by_needs(plans: Sequence[Plan], options: SlurmOptions) -> Mapping[Needs, list[Plan]]:
    sizes: dict[str, int | None] = {}
    found: dict[Needs, list[Plan]] = {}
    for plan in plans:
        name = plan.address.backbone
        if name not in sizes:
            sizes[name] = _parameters(plan)
        found.setdefault(needs(options, sizes[name]), []).append(plan)
    return found


def _parameters(plan: Plan) -> int | None:
    try:
        return None if plan.backbone is None else plan.backbone_of("main").size()
    except ErcBenchError:
        return None
