"""Runs a grid on a Slurm cluster: submits what is missing, adopts what an earlier driver submitted, waits for both."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from erc_bench.errors import ErcBenchError
from erc_bench.planning.estimate import Records
from erc_bench.planning.plan import Plan
from erc_bench.running.grid import GridOutcome
from erc_bench.running.record import headline
from erc_bench.running.staleness import Outlook
from erc_bench.running.state import RUNS_UNDER
from erc_bench.running.worker import GridTask
from erc_bench.slurm import queue
from erc_bench.slurm.grouping import waves
from erc_bench.slurm.options import Needs, SlurmOptions, needs
from erc_bench.slurm.submission import Submission, Submitter, check_slurm, submissions
from erc_bench.store.layout import STATUS_FILE, SUBMISSIONS_FOLDER, CellAddress
from erc_bench.store.reading import read_cell, read_cells
from erc_bench.training.events import CellEnded, GridStarted, Noted, Progress

_LOOKS_WITHOUT = 3
"""So many looks at the queue, one after the other, in which a job does not stand: then it is over."""


@dataclass(frozen=True)
class _Waiting:
    """A cell whose job runs or will run."""

    plan: Plan
    job: str
    log: Path


class SlurmRunner:
    """Runs plans as jobs; what happens to this process happens to none of them."""

    def __init__(
        self, task: GridTask, jobs: int, options: SlurmOptions, progress: Progress, detach: bool = False
    ) -> None:
        check_slurm()
        self.task, self.options, self.progress, self.detach = task, options, progress, detach
        self._submitter = Submitter(task, options, jobs)

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
            self._note(f"{len(waiting)} cells are with Slurm: erc-bench status says how far they are")
            return outcome
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
        adopted = [_Waiting(plan, *under_way[plan.address]) for plan in plans if plan.address in under_way]
        if adopted:
            self._note(f"{len(adopted)} cells were submitted before and are under way")
        missing = [plan for plan in plans if plan.address not in under_way]
        by_address = {plan.address: plan for plan in missing}
        found = list(adopted)
        for each in self._submitted(missing):
            for address, place in each.places():
                found.append(_Waiting(by_address[address], each.job_of(place), each.log_of(place)))
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

    def _under_way(self) -> dict[CellAddress, tuple[str, Path]]:
        """Return job and log of each cell that was submitted and whose job has not come to an end."""
        known = submissions(self.task.runs)
        alive = queue.look([each.job for each in known])
        return {
            address: (each.job_of(place), each.log_of(place))
            for each in known
            for address, place in each.places()
            if each.job_of(place) in alive
        }

    def _wait_for(self, waiting: Sequence[_Waiting], outcome: GridOutcome) -> None:
        before = {each.plan.address: self._written(each.plan) for each in waiting}
        left = list(waiting)
        looks: dict[str, int] = {}
        while left:
            alive = queue.look(sorted({each.job.partition("_")[0] for each in left}))
            for job in {each.job for each in left}:
                looks[job] = 0 if job in alive else looks.get(job, 0) + 1
            for each in list(left):
                now = self._written(each.plan)
                if now != before[each.plan.address] and self._settle(each, outcome):
                    left.remove(each)
                elif looks[each.job] >= _LOOKS_WITHOUT:
                    left.remove(each)
                    self._lost(each, outcome)
                before[each.plan.address] = now
            if left:
                time.sleep(self.options.poll)

    def _written(self, plan: Plan) -> int:
        """Return the time at which the status of a cell was written, in nanoseconds; 0 where there is none."""
        try:
            return (plan.address.folder(self.task.runs) / STATUS_FILE).stat().st_mtime_ns
        except OSError:
            return 0

    def _settle(self, each: _Waiting, outcome: GridOutcome) -> bool:
        """Take in a cell whose status was written; return whether it has come to an end."""
        cell = read_cell(each.plan.address.folder(self.task.runs))
        if cell.status == "done":
            outcome.ran.append(each.plan)
            self._ended(each.plan, headline(cell.record))
            return True
        if cell.status == "failed":
            outcome.failed.append((each.plan, cell.error))
            self._ended(each.plan, f"failed: {cell.error}")
            return True
        return False  # interrupted: its job begins again

    def _lost(self, each: _Waiting, outcome: GridOutcome) -> None:
        how = queue.why_ended(each.job)
        reason = f"job {each.job} ended without it{f' ({how})' if how else ''}; its log: {each.log}"
        outcome.failed.append((each.plan, reason))
        self._ended(each.plan, f"failed: {reason}")

    def _ended(self, plan: Plan, what: str) -> None:
        self.progress.hear(CellEnded(plan.label(), what, 0.0))

    def _note(self, text: str) -> None:
        self.progress.hear(Noted(text))


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
