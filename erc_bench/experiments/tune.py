"""``tune``: from a request to searches, and from searches to the best settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.experiments.components import HandedOver
from erc_bench.experiments.early_checks import check_sending
from erc_bench.experiments.grid import Telling, announce
from erc_bench.experiments.tuning.identity import Fingerprints, identity
from erc_bench.experiments.tuning.search import Result, Search, Trial, plan_searches
from erc_bench.experiments.tuning.settings_file import check_output, write_entries
from erc_bench.experiments.tuning.space import read_spaces
from erc_bench.planning.asked import folder_of
from erc_bench.planning.features import refuse_unread
from erc_bench.planning.given_features import given_features
from erc_bench.planning.request import DEFAULT_BACKBONE, Request, overrides, request_of
from erc_bench.planning.run_requests import TuneRequest, tuning_seeds_of
from erc_bench.planning.suites.grid import tuning_request
from erc_bench.planning.suites.reading import read_suite
from erc_bench.planning.suites.shipped import suite_file
from erc_bench.running.features import check_features
from erc_bench.running.grid import GridRunner
from erc_bench.running.worker import GridTask
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.reading import StoredCell
from erc_bench.training.device import choose_device
from erc_bench.training.events import Event, GridStarted, Progress

if TYPE_CHECKING:
    from erc_bench.experiments.tuning.study import Storage, Study

CELLS = "cells"
TUNED_FILE = "tuned.toml"


class Hearing(Telling, Protocol):
    """Hears how searches go."""

    def started(self, search: Search, trials: int, asked: int) -> None:
        """Hear that a search goes on from so many trials."""

    def tried(self, search: Search, trial: Trial) -> None:
        """Hear of a trial that has ended."""

    def ended(self, result: Result) -> None:
        """Hear what came out of a search."""


class Tuning:
    """The searches of a request, planned and checked."""

    def __init__(self, asked: TuneRequest, tell: Hearing) -> None:
        self.asked = asked
        self.folder = Path(asked.study)
        self.output = Path(asked.output) if asked.output else self.folder / TUNED_FILE
        self._tell = tell
        self._handed = HandedOver(asked.plugins)
        self._suite = None if asked.suite is None else suite_file(asked.suite)
        self.searches = self._searches()
        check_output(self.output, self._suite)
        self._fingerprints = Fingerprints(folder_of(asked.data_dir))

    def _searches(self) -> list[Search]:
        asked, catalogue = self.asked, self._handed.catalogue()
        file = folder_of(asked.space)
        spaces = {} if file is None else read_spaces(file, catalogue.entries("method"))
        request = self._request()
        given = request.features or {}
        searches = plan_searches(request, catalogue, spaces, file, of_suite=self._suite is not None)
        if not searches:
            raise ErcBenchError(
                "no row of the suite has anything to search", f"{OptionName('space'):FILE} can name settings."
            )
        refuse_unread(given, [search.own for search in searches])
        self._features = {each.sha256: each.file for each in given.values()}
        announce(self._tell, catalogue, self._handed, [search.own for search in searches])
        others = [name for name in dict.fromkeys(request.methods) if name not in spaces]
        if file is not None and others:
            self._tell.say(f"{file} has no space for {', '.join(others)}: what is declared is searched")
        for search in searches:
            if search.space.fixed:
                self._tell.say(f"{search.label()}: {', '.join(search.space.fixed)} is set by hand and not searched")
        return searches

    def _request(self) -> Request:
        """Return the request for what is named, or for the rows of the suite."""
        asked, seeds = self.asked, tuning_seeds_of(self.asked.seeds)
        given = given_features(asked.features)
        if self._suite is None:
            named = asked if asked.backbones else replace(asked, backbones=(DEFAULT_BACKBONE,))
            return request_of(named, seeds, self._handed, dev_only=True, features=given, suite=())
        for keyword in ("methods", "datasets", "backbones"):
            if getattr(asked, keyword):
                raise ErcBenchError(
                    f"{OptionName(keyword)} does not go with a suite, which says itself what its rows are",
                    "Change the suite, or leave it out.",
                )
        suite = read_suite(self._suite)
        if suite.features and self.output.resolve().parent != self._suite.resolve().parent:
            raise ErcBenchError(
                f"{self._suite} names files of features beside itself, where the suite that is written must stand, too",
                f"Say so: {OptionName('output'):{self._suite.with_name(TUNED_FILE)}}.",
            )
        own = given_features(suite.features, self._suite.parent)
        request = tuning_request(suite, seeds, asked.limit, overrides(asked.settings, self._handed))
        return replace(request, features={**own, **given})

    def stored(self) -> tuple[list[list[Trial]], list[StoredCell]]:
        """Return the trials that are there of each search, and the cells of all of them."""
        from erc_bench.experiments.tuning.study import STORAGE_FILE, Storage

        cells = read_cells(self.folder / CELLS) if (self.folder / CELLS).is_dir() else []
        if not (self.folder / STORAGE_FILE).is_file():
            return [[] for _ in self.searches], cells
        with Storage(self.folder) as storage:
            runner = self._runner(Progress())
            trials = [
                self._open(storage, runner, search)[0].trials() if storage.holds(search) else []
                for search in self.searches
            ]
        return trials, cells

    def run(self, progress: Progress) -> list[Result]:
        """Go on with every search until all its trials are done, and write the best settings to the file.

        ``progress`` is closed at the end. Raises :class:`ErcBenchError` at once for a search that cannot be gone on
        with.
        """
        from erc_bench.experiments.tuning.study import Storage, locked

        with locked(self.folder), Storage(self.folder) as storage:
            try:
                own = [search.own for search in self.searches]
                check_sending(own, self.asked.send_text)
                check_features(own, self._features, folder_of(self.asked.data_dir))
                runner = self._runner(progress)
                # All are opened before the first is run: what cannot be gone on with is told at once.
                return self._run([self._open(storage, runner, search) for search in self.searches], runner)
            finally:
                progress.close()

    def _runner(self, progress: Progress) -> GridRunner:
        # A cell that is stale or failed belongs to a trial that has not ended: those that have are not run again.
        task = GridTask(
            runs=self.folder / CELLS,
            data_dir=folder_of(self.asked.data_dir),
            device=str(choose_device(self.asked.device)),
            overwrite="stale",
            plugins=self._handed.files,
            features=self._features,
            send_text=self.asked.send_text,
        )
        return GridRunner(task, progress)

    def _open(self, storage: Storage, runner: GridRunner, search: Search) -> tuple[Study, str]:
        """Return the study of a search, with the fingerprint of its corpus."""
        from erc_bench.experiments.tuning.study import Study

        backbone = "none" if search.own.backbone is None else runner.workspace.identity(search.own)
        fingerprint = self._fingerprints.of(search.own)
        seed = self.asked.sampler_seed
        return Study(storage, search, identity(search, fingerprint, backbone, seed), seed), fingerprint

    def _run(self, studies: Sequence[tuple[Study, str]], runner: GridRunner) -> list[Result]:
        from erc_bench.experiments.tuning.study import run_trials

        asked, tell = self.asked.trials, self._tell
        left = [(study.search, max(0, study.planned(asked) - len(study.trials()))) for study, _ in studies]
        runner.progress = OneGrid(runner.progress, sum(trials * len(search.seeds) for search, trials in left))
        results = []
        for study, fingerprint in studies:
            search = study.search
            tell.started(search, len(study.trials()), asked)
            trials = run_trials(study, runner, asked, partial(tell.tried, search))
            results.append(Result(search, trials, asked, fingerprint))
            tell.ended(results[-1])
            # Written after each search, so that one that is stopped later loses nothing.
            if results[-1].best is not None:
                write_entries(self.output, [results[-1].entry()], self._suite)
        return results


class OneGrid(Progress):
    """Passes on what it hears, but that a grid started: it said so itself, of all ``cells``."""

    def __init__(self, inner: Progress, cells: int) -> None:
        self._inner = inner
        inner.hear(GridStarted(cells))

    def hear(self, event: Event) -> None:
        """Pass it on."""
        if not isinstance(event, GridStarted):
            self._inner.hear(event)
