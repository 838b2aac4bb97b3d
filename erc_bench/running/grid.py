"""Run a grid of cells: skip what is done, go on when one fails, hold the test labels."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from erc_bench.contracts.types import gold_labels
from erc_bench.corpora.corpus import Corpus, limited, load_corpus
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.option_files import check_unchanged
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import NO_BACKBONE
from erc_bench.running.failures import reason_of
from erc_bench.running.features import FeatureFiles
from erc_bench.running.observers import Observers
from erc_bench.running.record import SelectionAudit, headline, make_record, other_weights, write_results
from erc_bench.running.state import RUNS_UNDER, Found, find, inputs, joined_identity
from erc_bench.running.worker import GridTask
from erc_bench.store.layout import ANSWERS_LOCK_FILE, MODEL_FOLDER, Status
from erc_bench.store.ledger import append, entry_of
from erc_bench.store.writing import CellBusyError, CellWriter
from erc_bench.training.cell import Cell
from erc_bench.training.device import hardware
from erc_bench.training.events import CellEnded, CellStarted, Event, GridStarted, Hear, Noted, Progress
from erc_bench.training.preparation import CellData
from erc_bench.training.process_state import turn
from erc_bench.training.result import CellResult
from erc_bench.training.saved_models.files import in_words, size_of
from erc_bench.training.saved_models.storing import save_model
from erc_bench.training.system_cell import run_system
from erc_bench.training.upstream import UpstreamTrainer
from erc_bench.training.workspace import Workspace

_log = logging.getLogger("erc_bench")


@dataclass
class GridOutcome:
    """What became of the cells of a grid; failed and stale ones with a reason."""

    ran: list[Plan] = field(default_factory=list)
    skipped: list[Plan] = field(default_factory=list)
    failed: list[tuple[Plan, str]] = field(default_factory=list)
    stale: list[tuple[Plan, str]] = field(default_factory=list)

    def of(self, plan: Plan) -> GridOutcome:
        """Return the same outcome of this plan, where another process was handed a copy of it."""
        return GridOutcome(
            [plan for _ in self.ran],
            [plan for _ in self.skipped],
            [(plan, reason) for _, reason in self.failed],
            [(plan, reason) for _, reason in self.stale],
        )

    def pass_over(self, plan: Plan, found: Found) -> str:
        """Take in a cell that does not run, for what is there; return that in a line."""
        if found.state == "failed":
            self.failed.append((plan, f"{found.reason} (earlier; {OptionName('overwrite'):failed} tries again)"))
            return f"failed earlier: {found.reason}"
        if found.state == "stale":
            self.stale.append((plan, found.reason))
        self.skipped.append(plan)
        return f"{found.state}: {headline(found.record or {})}"

    def add(self, other: GridOutcome) -> None:
        """Take over what became of further cells."""
        for name, further in vars(other).items():
            getattr(self, name).extend(further)


class GridRunner:
    """Runs plans one after the other below one folder of runs."""

    def __init__(self, task: GridTask, progress: Progress) -> None:
        self.task = task
        self.progress = progress
        self.workspace = Workspace(torch.device(task.device), task.micro_batch, task.runs, task.send_text)
        self.outcome = GridOutcome()
        self._told: set[str] = set()
        with turn(self.workspace.device, self._tell_waiting):
            self._observers = Observers(task.observers, self.workspace.device, self._note)
        self._corpus: tuple[str, Corpus] | None = None
        self._features = FeatureFiles(task.features)
        self._reasons: set[str] = set()

    @property
    def runs(self) -> Path:
        """The folder below which the cells lie."""
        return self.task.runs

    def run(self, plans: Sequence[Plan]) -> GridOutcome:
        """Run what has to run. Cells that another process is running are waited for at the end."""
        self.progress.hear(GridStarted(len(plans)))
        for plan in plans:
            # Looked at now, when the code was imported: its files may change while the grid runs.
            inputs(plan, None, None)
        busy = [plan for plan in plans if not self.visit(plan, wait=False)]
        for plan in busy:
            self._note(f"waiting for another process to finish {plan.label()}")
            self.visit(plan, wait=True)
        return self.outcome

    def take_outcome(self) -> GridOutcome:
        """Return what became of the cells since the last call."""
        outcome, self.outcome = self.outcome, GridOutcome()
        return outcome

    def visit(self, plan: Plan, wait: bool) -> bool:
        """Run one cell where it has to run; return whether it is settled.

        It is not where another process is running it, unless this one may ``wait``. Threads of one process
        wait for one another.
        """
        started = time.perf_counter()
        with turn(self.workspace.device, self._tell_waiting) as inner:
            if self._visit(plan, wait and not inner, started):
                return True
            if wait:
                # The run around it would never let go of a cell of its own.
                self._failed(plan, "another run has this cell, and a run within a run cannot wait for it", started)
            return wait

    def _visit(self, plan: Plan, wait: bool, started: float) -> bool:
        folder = plan.address.folder(self.runs)
        try:
            corpus = self._load(plan)
            present = inputs(plan, corpus.fingerprint, self._identity(plan))
        # A dataset or a backbone is a stranger's code, too; nothing has been written that could count.
        except Exception as error:
            self._failed(plan, self._reason_before_start(plan, error), started)
            return True
        found = find(folder, present, plan)
        if found.state not in RUNS_UNDER[self.task.overwrite]:
            self._passed_over(plan, found, started)
            return True
        try:
            with CellWriter(folder).open(wait) as writer:
                self._run_locked(plan, corpus, present, writer, started)
        except CellBusyError:
            return False
        except ErcBenchError as error:
            self._failed(plan, str(error), started)
        except OSError as error:
            self._failed(plan, f"the cell cannot be written: {error}", started)
        return True

    def _run_locked(
        self, plan: Plan, corpus: Corpus, present: Mapping[str, Any], writer: CellWriter, started: float
    ) -> None:
        # Another process may have finished the cell between the first look and the lock.
        found = find(writer.folder, present, plan)
        if found.state not in RUNS_UNDER[self.task.overwrite]:
            self._passed_over(plan, found, started)
            return
        try:
            writer.clear()
        except ErcBenchError as error:
            # No status says so: once there is room again, the cell runs like any damaged one.
            self._failed(plan, str(error), started)
            return
        observers = self._observers.cell(plan, writer.folder)

        def hear(event: Event) -> None:
            observers.hear(event)
            self.progress.hear(event)

        try:
            hear(CellStarted(plan.label()))
            record = self._train_and_store(plan, corpus, present, writer, hear)
        except KeyboardInterrupt:
            why, seconds = "stopped by the user", time.perf_counter() - started
            _close(writer, "interrupted", why)
            observers.hear(CellEnded(plan.label(), why, seconds, "interrupted", error=why))
            raise
        # A cell is a stranger's code over a stranger's data: whatever it raises, the others go on.
        except (Exception, SystemExit) as error:
            reason = reason_of(plan, error)
            unwritten = _close(writer, "failed", reason.partition("\n")[0], traceback.format_exc(), present)
            self._failed(plan, reason + unwritten, started, hear)
            return
        self.outcome.ran.append(plan)
        # Only now, when nothing that they do can change what is written.
        seconds = time.perf_counter() - started
        hear(CellEnded(plan.label(), headline(record), seconds, "done", record["metrics"]))

    def _note(self, text: str) -> None:
        self.progress.hear(Noted(text))

    def _train_and_store(
        self, plan: Plan, corpus: Corpus, present: Mapping[str, Any], writer: CellWriter, hear: Hear
    ) -> dict[str, Any]:
        splits = corpus.splits
        for each in (plan,) if plan.upstream is None else (plan, plan.upstream):
            check_unchanged(each.resolved.values, each.option_files)
        data = CellData.of(plan, splits, self._features.of(plan, corpus))
        gold = {} if plan.dev_only else gold_labels(splits.test)
        audit = SelectionAudit(plan, gold, hear)
        result = self._train(plan, data, corpus.fingerprint, audit.hear)
        rows = write_results(plan, result, gold, writer)
        machine = {"hardware": hardware(self.workspace.device), "device": str(self.workspace.device)}
        loaded = [file.record() for file in self.task.plugins]
        record = make_record(plan, corpus, result, rows, present, {**machine, "plugins": loaded})
        if plan.audit:
            record["audit"] = audit.record()
        # From here on test was looked at, whatever becomes of the cell.
        if entry := entry_of(writer.folder, record):
            append(self.runs, [entry])
        writer.write_record(record)
        if plan.save_model:
            self._save_model(plan, result, record, writer)
        writer.finish("done")
        return record

    def _save_model(self, plan: Plan, result: CellResult, record: Mapping[str, Any], writer: CellWriter) -> None:
        model = result.model
        assert model is not None
        writer.write_model(lambda folder: save_model(folder, plan, model, record))
        folder = writer.folder / MODEL_FOLDER
        self._note(f"model saved, {in_words(size_of(folder))}: {folder}")

    def _train(self, plan: Plan, data: CellData, fingerprint: str, hear: Hear) -> CellResult:
        if plan.sends_text:
            # Cells that would ask the same at the same time wait for one another, and find the answers.
            with FileLock(self.runs / ANSWERS_LOCK_FILE):
                return run_system(plan, data, self.workspace, hear)
        if plan.is_system:
            return run_system(plan, data, self.workspace, hear)
        upstream = UpstreamTrainer(self.workspace, self.progress.hear).weights_for(plan, data, fingerprint)
        if upstream is not None:
            for note in other_weights(self.runs, plan.address, upstream.record()):
                self._tell_once(note)
        return Cell(plan, data, fingerprint, self.workspace, hear, upstream).run()

    def _load(self, plan: Plan) -> Corpus:
        key = json.dumps([plan.address.dataset, plan.resolved.slot("dataset"), plan.limit], sort_keys=True)
        if self._corpus is None or self._corpus[0] != key:
            corpus = load_corpus(plan.dataset(plan.build("dataset", plan.dataset)), self.task.data_dir)
            self._tell_departures(plan.address.dataset, corpus)
            self._corpus = (key, limited(corpus, plan.limit))
        return self._corpus[1]

    def _tell_waiting(self) -> None:
        self._tell_once("waiting for another thread of this program to finish its cell")

    def _tell_departures(self, dataset: str, corpus: Corpus) -> None:
        # A grid that goes from corpus to corpus and back loads one twice.
        if corpus.departures:
            self._tell_once(f"{dataset}: {'; '.join(corpus.departures)}; see erc-bench data verify {dataset}")
        for warning in corpus.warnings:
            self._tell_once(f"{dataset}: warning: {warning}")

    def _tell_once(self, note: str) -> None:
        if note not in self._told:
            self._told.add(note)
            self._note(note)

    def _identity(self, plan: Plan) -> str:
        if plan.backbone is None:
            return NO_BACKBONE
        further = {role: self.workspace.identity(plan, role) for role in plan.roles_apart()}
        return joined_identity(self.workspace.identity(plan), further)

    def _passed_over(self, plan: Plan, found: Found, started: float) -> None:
        told = self.outcome.pass_over(plan, found)
        self.progress.hear(CellEnded(plan.label(), told, time.perf_counter() - started))

    def _reason_before_start(self, plan: Plan, error: Exception) -> str:
        reason = reason_of(plan, error)
        if not isinstance(error, ErcBenchError) and reason not in self._told:
            self._told.add(reason)
            _log.error("a cell cannot start", exc_info=error)
        return reason

    def _failed(self, plan: Plan, reason: str, started: float, hear: Hear | None = None) -> None:
        self.outcome.failed.append((plan, reason))
        # The remedy is told once; the list at the end has it again.
        first_line = reason.partition("\n")[0]
        told = first_line if reason in self._reasons else reason
        self._reasons.add(reason)
        seconds = time.perf_counter() - started
        (hear or self.progress.hear)(CellEnded(plan.label(), f"failed: {told}", seconds, "failed", error=first_line))


def _close(
    writer: CellWriter, status: Status, error: str, trace: str = "", present: Mapping[str, Any] | None = None
) -> str:
    """Write why a cell stopped; return what must be added where that cannot be written."""
    try:
        writer.finish(status, error, trace, present)
    except OSError as problem:
        # Without a status the cell counts as never run, and what stopped it is still the first error.
        return f"\n(the folder of the cell cannot be written: {problem})"
    return ""
