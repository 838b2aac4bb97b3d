"""Holds the test labels: opens the folders of cells, hands out what their training may see, scores and writes them."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from erc_bench.contracts.types import UtteranceKey, gold_labels
from erc_bench.corpora.corpus import Corpus, limited, load_corpus
from erc_bench.errors import ErcBenchError
from erc_bench.planning.option_files import check_unchanged
from erc_bench.planning.plan import Plan
from erc_bench.running.failures import reason_of
from erc_bench.running.features import FeatureFiles
from erc_bench.running.observers import CellObservers, Observers
from erc_bench.running.outcome import GridOutcome
from erc_bench.running.record import SelectionAudit, headline, make_record, write_results
from erc_bench.running.state import RUNS_UNDER, Found, find, identity_of, inputs
from erc_bench.running.worker import GridTask
from erc_bench.store.layout import MODEL_FOLDER, Status
from erc_bench.store.ledger import append, entry_of
from erc_bench.store.writing import CellWriter
from erc_bench.training.device import hardware
from erc_bench.training.events import CellEnded, CellStarted, Event, Hear, Noted, Progress
from erc_bench.training.preparation import CellData
from erc_bench.training.process_state import turn
from erc_bench.training.result import CellResult
from erc_bench.training.saved_models.files import in_words, size_of
from erc_bench.training.saved_models.storing import save_model
from erc_bench.training.workspace import Workspace

_log = logging.getLogger("erc_bench")


@dataclass
class OpenCell:
    """A cell that is about to run, or runs: its folder is locked. ``present`` are the inputs that it is stored with."""

    plan: Plan
    corpus: Corpus
    present: Mapping[str, Any]
    writer: CellWriter
    started: float
    observers: CellObservers | None = None
    gold: Mapping[UtteranceKey, str] = field(default_factory=dict)
    audit: SelectionAudit | None = None

    def __enter__(self) -> OpenCell:
        return self

    def __exit__(self, *_error: object) -> None:
        self.writer.close()


class Keeper:
    """Opens, scores and writes the cells of one folder of runs; what trains them is somebody else."""

    def __init__(self, task: GridTask, progress: Progress) -> None:
        self.task = task
        self.progress = progress
        self.workspace = Workspace(torch.device(task.device), task.micro_batch, task.runs, task.send_text)
        self.outcome = GridOutcome()
        self._told: set[str] = set()
        with turn(self.workspace.device, self.tell_waiting):
            self._observers = Observers(task.observers, self.workspace.device, self.note)
        self._corpus: tuple[str, Corpus] | None = None
        self._features = FeatureFiles(task.features)
        self._reasons: set[str] = set()

    @property
    def runs(self) -> Path:
        """The folder below which the cells lie."""
        return self.task.runs

    def begin(self, plan: Plan, wait: bool = False, started: float | None = None) -> OpenCell | None:
        """Lock a cell that has to run, and empty its folder; ``None`` where it is settled: it does not, or it cannot.

        Raises :class:`CellBusyError` where another process is running it, unless this one may ``wait``.
        """
        started = time.perf_counter() if started is None else started
        folder = plan.address.folder(self.runs)
        try:
            corpus = self.load(plan)
            present = inputs(plan, corpus.fingerprint, identity_of(plan, self.workspace))
        # A dataset or a backbone is a stranger's code, too; nothing has been written that could count.
        except Exception as error:
            self.failed(plan, self._reason_before_start(plan, error), started)
            return None
        if not self._has_to_run(plan, folder, present, started):
            return None
        writer = CellWriter(folder)
        try:
            writer.open(wait)
        except ErcBenchError as error:
            self.failed(plan, str(error), started)
            return None
        except OSError as error:
            self.failed(plan, f"the cell cannot be written: {error}", started)
            return None
        cell = OpenCell(plan, corpus, present, writer, started)
        try:
            # Another process may have finished the cell between the first look and the lock.
            if self._has_to_run(plan, folder, present, started) and self._is_empty(cell):
                cell.observers = self._observers.cell(plan, folder)
                return cell
        except BaseException:
            writer.close()
            raise
        writer.close()
        return None

    def _has_to_run(self, plan: Plan, folder: Path, present: Mapping[str, Any], started: float) -> bool:
        found = find(folder, present, plan)
        if found.state in RUNS_UNDER[self.task.overwrite]:
            return True
        self._passed_over(plan, found, started)
        return False

    def _is_empty(self, cell: OpenCell) -> bool:
        try:
            cell.writer.clear()
        except ErcBenchError as error:
            # No status says so: once there is room again, the cell runs like any damaged one.
            self.failed(cell.plan, str(error), cell.started)
            return False
        except OSError as error:
            self.failed(cell.plan, f"the cell cannot be written: {error}", cell.started)
            return False
        return True

    def start(self, cell: OpenCell) -> CellData:
        """Say that a cell starts; return what its training may see. Its gold labels stay here."""
        plan = cell.plan
        self.hear_of(cell)(CellStarted(plan.label()))
        for each in (plan,) if plan.upstream is None else (plan, plan.upstream):
            check_unchanged(each.resolved.values, each.option_files)
        splits = cell.corpus.splits
        data = CellData.of(plan, splits, self._features.of(plan, cell.corpus))
        cell.gold = {} if plan.dev_only else gold_labels(splits.test)
        self.listen(cell)
        return data

    def listen(self, cell: OpenCell) -> None:
        """Hear of the training of a cell from its beginning: one that begins again is audited anew."""
        cell.audit = SelectionAudit(cell.plan, cell.gold, self.hear_of(cell))

    def begin_again(self, cell: OpenCell, why: str) -> None:
        """Let the training of a cell begin anew: who heard of epochs hears that they came to nothing."""
        assert cell.observers is not None
        seconds = time.perf_counter() - cell.started
        cell.observers.hear(CellEnded(cell.plan.label(), why, seconds, "interrupted", error=why))
        cell.observers.hear(CellStarted(cell.plan.label()))
        self.listen(cell)

    def hear_of(self, cell: OpenCell) -> Hear:
        """Return what hears of a cell: its observers, and the progress of the grid."""

        def hear(event: Event) -> None:
            assert cell.observers is not None
            cell.observers.hear(event)
            self.progress.hear(event)

        return hear

    def store(self, cell: OpenCell, result: CellResult, machine: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Score what a training gave, write the cell, return its record; ``machine`` is where it ran, if not here."""
        record = self._store(cell, result, machine or self.machine())
        self.outcome.ran.append(cell.plan)
        return record

    def tell(self, cell: OpenCell, record: Mapping[str, Any]) -> None:
        """Tell of a cell that is written: only now, when nothing that those who hear do can change it."""
        seconds = time.perf_counter() - cell.started
        self.hear_of(cell)(CellEnded(cell.plan.label(), headline(record), seconds, "done", record["metrics"]))

    def fail(self, cell: OpenCell, reason: str, trace: str = "") -> None:
        """Close a cell whose training failed."""
        unwritten = _close(cell.writer, "failed", reason.partition("\n")[0], trace, cell.present)
        self.failed(cell.plan, reason + unwritten, cell.started, self.hear_of(cell))

    def interrupt(self, cell: OpenCell) -> None:
        """Close a cell that the user stopped."""
        why, seconds = "stopped by the user", time.perf_counter() - cell.started
        _close(cell.writer, "interrupted", why)
        assert cell.observers is not None
        cell.observers.hear(CellEnded(cell.plan.label(), why, seconds, "interrupted", error=why))

    def note(self, text: str) -> None:
        """Tell a line."""
        self.progress.hear(Noted(text))

    def machine(self) -> dict[str, Any]:
        """Return what a record says of where cells run."""
        return {"hardware": hardware(self.workspace.device), "device": str(self.workspace.device)}

    def _store(self, cell: OpenCell, result: CellResult, machine: Mapping[str, Any]) -> dict[str, Any]:
        plan, writer = cell.plan, cell.writer
        rows = write_results(plan, result, cell.gold, writer)
        loaded = [file.record() for file in self.task.plugins]
        record = make_record(plan, cell.corpus, result, rows, cell.present, {**machine, "plugins": loaded})
        if plan.audit:
            assert cell.audit is not None
            record["audit"] = cell.audit.record()
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
        self.note(f"model saved, {in_words(size_of(folder))}: {folder}")

    def load(self, plan: Plan) -> Corpus:
        """Return the corpus of a cell; the last one is kept."""
        key = json.dumps([plan.address.dataset, plan.resolved.slot("dataset"), plan.limit], sort_keys=True)
        if self._corpus is None or self._corpus[0] != key:
            corpus = load_corpus(plan.dataset(plan.build("dataset", plan.dataset)), self.task.data_dir)
            self._tell_departures(plan.address.dataset, corpus)
            self._corpus = (key, limited(corpus, plan.limit))
        return self._corpus[1]

    def tell_waiting(self) -> None:
        """Say that another thread has its turn."""
        self.tell_once("waiting for another thread of this program to finish its cell")

    def _tell_departures(self, dataset: str, corpus: Corpus) -> None:
        # A grid that goes from corpus to corpus and back loads one twice.
        if corpus.departures:
            self.tell_once(f"{dataset}: {'; '.join(corpus.departures)}; see erc-bench data verify {dataset}")
        for warning in corpus.warnings:
            self.tell_once(f"{dataset}: warning: {warning}")

    def tell_once(self, note: str) -> None:
        """Tell a line, the first time."""
        if note not in self._told:
            self._told.add(note)
            self.note(note)

    def _passed_over(self, plan: Plan, found: Found, started: float) -> None:
        told = self.outcome.pass_over(plan, found)
        self.progress.hear(CellEnded(plan.label(), told, time.perf_counter() - started))

    def _reason_before_start(self, plan: Plan, error: Exception) -> str:
        reason = reason_of(plan, error)
        if not isinstance(error, ErcBenchError) and reason not in self._told:
            self._told.add(reason)
            _log.error("a cell cannot start", exc_info=error)
        return reason

    def failed(self, plan: Plan, reason: str, started: float, hear: Hear | None = None) -> None:
        """Take in a cell that failed, and tell why."""
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
