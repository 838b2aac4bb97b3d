"""The one way from a request to cells that have run: the command line and Python take it alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from erc_bench.contracts.options import format_value
from erc_bench.corpora.folder import check_present, data_root
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.experiments.components import HandedOver, several
from erc_bench.experiments.declared_contrasts import put_on_record
from erc_bench.experiments.early_checks import (
    check_backbones,
    check_features,
    check_folder,
    check_processes,
    check_sending,
)
from erc_bench.experiments.placement import Placement
from erc_bench.experiments.tuning.settings_file import read_settings
from erc_bench.names import did_you_mean
from erc_bench.planning.asked import folder_of, path_of
from erc_bench.planning.features import refuse_unread
from erc_bench.planning.given_features import given_features
from erc_bench.planning.grid import plan_grids
from erc_bench.planning.observers import ChosenObserver, choose_observers
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request, overrides, request_of
from erc_bench.planning.run_requests import GridRequest, RunRequest, SweepRequest, seeds_of
from erc_bench.planning.suites.grid import check_tables, suite_requests
from erc_bench.planning.suites.reading import Suite, read_suite
from erc_bench.planning.suites.shipped import suite_file
from erc_bench.planning.tuned import CombinationName, Tuned, combination_of, refuse_tuning_seeds
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.plugin_host.plugin_files import brought
from erc_bench.running.worker import GridTask
from erc_bench.store.layout import CellAddress
from erc_bench.store.reading import read_cell

if TYPE_CHECKING:
    from erc_bench.experiments.tuning.identity import Fingerprints
    from erc_bench.running.outcome import GridOutcome
    from erc_bench.running.state import Found
    from erc_bench.training.events import Progress


class Telling(Protocol):
    """Hears what must be said of a grid."""

    def say(self, sentence: str) -> None:
        """Take a sentence for whoever asked."""

    def warn(self, sentence: str) -> None:
        """Take one that must not be overlooked."""


@dataclass(frozen=True)
class Grid:
    """Cells that are planned and checked, and can be run; ``suite`` declares what is compared, where there is one."""

    plans: Sequence[Plan]
    task: GridTask
    jobs: int | None
    tuned: Tunings
    tell: Telling
    suite: Suite | None = None
    placement: Placement = field(default_factory=Placement)

    def look_ahead(self) -> Mapping[CellAddress, Found]:
        """Return what is there for each cell, as a run would find it."""
        from erc_bench.running.staleness import Outlook

        outlook = Outlook(self.task.runs, self.task.data_dir, lambda sentence: self.tell.warn(f"Note: {sentence}"))
        return {plan.address: outlook.find(plan) for plan in self.plans}

    def run(self, progress: Progress) -> GridOutcome:
        """Run the cells, in this process or in several; ``progress`` is closed at the end.

        Raises :class:`ErcBenchError` at once where a corpus is missing, a device cannot be used, or a file is in the
        place of the runs.
        """
        if self.placement.is_elsewhere or (self.jobs or 1) > 1 or "," in self.task.device:
            check_processes(self.plans, self.task.observers)
        for warning in tuned_on_other_data(self.plans, self.tuned, self.task.data_dir) if self.tuned else ():
            self.tell.warn(f"Warning: {warning}")
        outcome = self._run(progress)
        for sentence in earlier_cells(outcome.skipped, self.tuned, self.task.runs) if self.tuned else ():
            self.tell.say(sentence)
        return outcome

    def _run(self, progress: Progress) -> GridOutcome:
        try:
            check_folder(self.task.runs)
            check_present((plan.dataset for plan in self.plans), data_root(self.task.data_dir))
            check_sending(self.plans, self.task.send_text)
            check_features(self.plans, self.task)
            check_backbones(self.plans)
            if self.suite:
                put_on_record(self.suite, self.task.runs)
            return self.placement.run(self.plans, self.task, self.jobs, progress)
        finally:
            progress.close()


def grid_of_run(asked: RunRequest, tell: Telling) -> tuple[Grid, Request]:
    """Plan what ``run`` is asked for; raise :class:`ErcBenchError` with all mistakes before anything is loaded."""
    handed = HandedOver(asked.plugins)
    request = request_of(asked, seeds_of(asked.seeds), handed, features=given_features(asked.features))
    check_sealed(request)
    check_baseline(asked.baseline, request.methods)
    return _grid(asked, [request], asked.settings_files, handed, tell), request


def grid_of_sweep(asked: SweepRequest, tell: Telling) -> tuple[Grid, Suite]:
    """Plan the grid of a suite, and hold its tables against it."""
    handed, file = HandedOver(asked.plugins), suite_file(asked.suite)
    suite = read_suite(file)
    given = {**given_features(suite.features, file.parent), **given_features(asked.features)}
    requests = [
        replace(each, features=given) for each in suite_requests(suite, asked, overrides(asked.settings, handed))
    ]
    files = [*(file.parent / name for name in suite.settings_files), *several(asked.settings_files)]
    grid = replace(_grid(asked, requests, files, handed, tell), suite=suite)
    check_tables(suite.tables, grid.plans)
    return grid, suite


def _grid(
    asked: GridRequest, requests: Sequence[Request], settings_files: Any, handed: HandedOver, tell: Telling
) -> Grid:
    observers = _observers(asked, handed)
    tuned = read_settings([path_of(file, "each of settings_files") for file in several(settings_files)])
    catalogue = handed.catalogue()
    plans = plan_grids([replace(request, tuned=tuned) for request in requests], catalogue)
    given = requests[0].features or {}
    refuse_unread(given, plans)
    announce(tell, catalogue, handed, plans)
    for sentence in check_tuned(plans, tuned):
        tell.say(sentence)
    task = GridTask(
        runs=Path(asked.runs),
        data_dir=folder_of(asked.data_dir),
        device=asked.device,
        overwrite=asked.overwrite,
        micro_batch=asked.micro_batch,
        plugins=handed.files,
        observers=observers,
        features={each.sha256: each.file for each in given.values()},
        send_text=asked.send_text,
    )
    placement = Placement(asked.executor, tuple(several(asked.executor_options)), asked.detach)
    return Grid(plans, task, asked.jobs, tuned, tell, placement=placement)


def announce(tell: Telling, catalogue: Catalogue, handed: HandedOver, plans: Sequence[Plan]) -> None:
    """Say what files bring, which plugins were left out, and what the suggestions of datasets changed."""
    for file in handed.files:
        tell.say(f"{file.shown} brings {', '.join(brought(catalogue, file))}")
    for broken in catalogue.broken:
        tell.warn(f"Warning: {broken}")
    for sentence in suggested_settings(plans):
        tell.say(sentence)


def _observers(asked: GridRequest, handed: HandedOver) -> tuple[ChosenObserver, ...]:
    named = handed.names("observer", asked.observers)
    return choose_observers(named, handed.catalogue()) if named else ()


Tunings = Mapping[CombinationName, Tuned]
"""Combination → what a search found for it."""


def suggested_settings(plans: Iterable[Plan]) -> list[str]:
    """Say what the suggestions of datasets changed: a frozen encoder is not what the user typed."""
    return sorted(
        {
            f"{address} = {format_value(plan.resolved.values[address])} (suggested by {origin})"
            for plan in plans
            for address, origin in plan.resolved.origins.items()
            if origin.startswith("dataset ")
        }
    )


def check_sealed(request: Request) -> None:
    """Raise :class:`ErcBenchError` for a request that would read test and never reads it."""
    wants = {"audit": "scores every epoch on test", "save_representations": "stores what test becomes"}
    for keyword, want in wants.items():
        if getattr(request, keyword) and request.dev_only:
            said = f"{OptionName(keyword)} {want}, and {OptionName('dev_only')} never reads test"
            raise ErcBenchError(said, "Leave one of them.")


def check_baseline(baseline: str | None, methods: Sequence[str]) -> None:
    """Raise :class:`ErcBenchError` for a baseline that is no method of the run whose table it is for."""
    method = (baseline or "").partition("/")[0]
    if baseline is not None and method not in methods:
        raise ErcBenchError(
            f"the baseline {method!r} is none of the methods of this run; {did_you_mean(method, methods)}",
            "The table of a run shows its own cells; erc-bench compare shows all that are stored.",
        )


def check_tuned(plans: Sequence[Plan], tuned: Tunings) -> list[str]:
    """Refuse the seeds of a search; name the combinations that no file has settings for."""
    if not tuned:
        return []
    refuse_tuning_seeds(plans, tuned)
    without = dict.fromkeys(" · ".join(name) for name in map(combination_of, plans) if name not in tuned)
    if not without:
        return []
    files = " and ".join(dict.fromkeys(each.file for each in tuned.values()))
    return [f"{files} has no settings for {'; '.join(without)}, which keeps its own"]


def tuned_on_other_data(plans: Sequence[Plan], tuned: Tunings, data_dir: Path | None) -> list[str]:
    """Name the files whose corpus is not the one that was searched."""
    from erc_bench.experiments.tuning.identity import Fingerprints

    fingerprints = Fingerprints(data_dir)
    warnings: dict[str, None] = {}
    for plan in plans:
        found = tuned.get(combination_of(plan))
        if found is not None and _differs(plan, found, fingerprints):
            warnings[f"{found.file} was tuned on other data than this {found.dataset}"] = None
    return list(warnings)


def _differs(plan: Plan, found: Tuned, fingerprints: Fingerprints) -> bool:
    try:
        return fingerprints.of(plan) != found.fingerprint
    # A corpus that cannot be loaded, whatever a stranger's code raises, fails its cells and is told there.
    except Exception:
        return False


def earlier_cells(skipped: Sequence[Plan], tuned: Tunings, runs: Path) -> list[str]:
    """Say which cells were there with the same values already: their records say another origin."""
    told: dict[str, int] = {}
    for plan in skipped:
        origin = str(read_cell(plan.address.folder(runs)).record.get("settings_from", ""))
        if combination_of(plan) in tuned and origin != plan.method.settings_from:
            told[origin] = told.get(origin, 0) + 1
    return [
        f"{count} cell{' was' if count == 1 else 's were'} trained earlier with the values of"
        f" {OptionName('settings_files')}, on record"
        f" as: {origin}"
        for origin, count in told.items()
    ]
