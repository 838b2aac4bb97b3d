"""What became of a grid, for a notebook: frame, comparison, failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from erc_bench.errors import ErcBenchError
from erc_bench.experiments.compare import compare_plans, view
from erc_bench.experiments.door import method_door
from erc_bench.experiments.frames import frame_of_cells
from erc_bench.experiments.view import ComparisonView
from erc_bench.planning.plan import Plan
from erc_bench.planning.table_requests import CompareRequest
from erc_bench.running.outcome import GridOutcome
from erc_bench.running.worker import GridTask
from erc_bench.statistics.results import counted
from erc_bench.store.reading import StoredCell, read_cell

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class UnusableCell:
    """One cell that failed, or whose stored result is of other data, another backbone or other code."""

    dataset: str
    method: str
    backbone: str
    seed: int
    reason: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.dataset} · {self.method} · {self.backbone} · seed {self.seed}: {self.reason}"


def _usual(experiment: Experiment) -> Mapping[str, object]:
    return experiment._usual


class Experiment:
    """What became of the cells of a grid. Nothing here is computed before it is asked for.

    ``runs`` is the folder of results, ``failed`` and ``stale`` name cells with a reason; stale ones show results of
    an earlier state of data, backbone or code. ``notes`` are the sentences that the run told.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        outcome: GridOutcome,
        task: GridTask,
        notes: tuple[str, ...],
        usual: Mapping[str, object],
    ) -> None:
        self.runs = task.runs
        self.notes = notes
        self.failed = [self._unusable(plan, reason) for plan, reason in outcome.failed]
        self.stale = [self._unusable(plan, reason) for plan, reason in outcome.stale]
        self._plans = list(plans)
        self._outcome = outcome
        self._usual = {"data_dir": task.data_dir, **usual}

    def _unusable(self, plan: Plan, reason: str) -> UnusableCell:
        at = plan.address
        return UnusableCell(at.dataset, at.method, at.backbone, at.seed, reason, at.folder(self.runs))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row for each cell, with the columns of :func:`load_runs`; ``status`` may also be ``stale``."""
        failed = {cell.folder: cell.reason for cell in self.failed}
        stale = {cell.folder: cell.reason for cell in self.stale}
        folders = [plan.address.folder(self.runs) for plan in self._plans]
        cells = [
            StoredCell(folder, "failed", {}, failed[folder]) if folder in failed else read_cell(folder)
            for folder in folders
        ]
        frame = frame_of_cells(cells, [plan.address for plan in self._plans])
        for place, folder in enumerate(folders):
            if folder in stale:
                frame.loc[place, ["status", "error"]] = ["stale", stale[folder]]
        return frame

    @cached_property
    def comparison(self) -> ComparisonView:
        """The table of these cells with its tests, as the command shows it; see :meth:`compare` for other tests."""
        return self.compare()

    @method_door(CompareRequest, _usual)
    def compare(self, request: CompareRequest) -> ComparisonView:
        """Return a table of these cells alone, with the options of :func:`compare` (``test="wilcoxon"``, …).

        ``baseline``, ``readouts``, ``audit``, ``data_dir`` and ``plugins`` are as in the run unless they are named.

        Raises :class:`ErcBenchError` where no cell has finished.
        """
        finished = [*self._outcome.ran, *self._outcome.skipped]
        if not finished:
            raise ErcBenchError("no cell has finished, so there is nothing to compare", self._told_failures())
        datasets = request.datasets or list(dict.fromkeys(plan.address.dataset for plan in finished))
        methods = request.methods or list(dict.fromkeys(plan.address.method for plan in finished))
        named = replace(request, datasets=datasets, methods=methods)
        return view(lambda tell: compare_plans(finished, self.runs, named, tell))

    def check(self) -> Experiment:
        """Return this where all cells have finished; raise :class:`ErcBenchError` naming those that failed."""
        if self.failed:
            raise ErcBenchError(f"{len(self.failed)} of {len(self._plans)} cells failed", self._told_failures())
        return self

    def _told_failures(self) -> str:
        return "\n".join(map(str, self.failed))

    def _counts(self) -> str:
        run, there = len(self._outcome.ran), len(self._outcome.skipped) - len(self.stale)
        counts = {"run now": run, "already there": there, "stale": len(self.stale), "failed": len(self.failed)}
        told = ", ".join(f"{count} {words}" for words, count in counts.items() if count)
        return f"{counted(len(self._plans), 'cell')}: {told}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._counts()}>"

    def _told(self) -> Iterator[str]:
        """Yield what must be seen before any number."""
        for cell in self.failed:
            yield f"Failed: {cell}"
        for cell in self.stale:
            yield f'Stale: {cell}; overwrite="stale" runs it again'

    def _table(self) -> ComparisonView | str:
        try:
            return self.comparison
        except ErcBenchError as error:
            return f"There is no table: {error.message}"

    def _repr_html_(self) -> str:
        told = "".join(f"<p><strong>{escape(line, quote=False)}</strong></p>" for line in self._told())
        table = self._table()
        shown = f"<p>{escape(table)}</p>" if isinstance(table, str) else table._repr_html_()
        return f"<p>{escape(self._counts())}</p>{told}{shown}"

    def _repr_markdown_(self) -> str:
        told = "".join(f"\n- **{line}**" for line in self._told())
        table = self._table()
        return f"{self._counts()}\n{told}\n\n{table if isinstance(table, str) else table._repr_markdown_()}"
