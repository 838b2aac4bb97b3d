"""A system with dials instead of weights: its dev score is a known function of its settings."""

import os
import sqlite3
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Literal

import pytest

import erc_bench.api as erc
from erc_bench.experiments.tuning.identity import Fingerprints, identity
from erc_bench.experiments.tuning.search import plan_searches
from erc_bench.experiments.tuning.study import Storage, Study, run_trials
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.running.grid import GridRunner
from erc_bench.running.worker import GridTask
from erc_bench.training.events import Progress


class Dials(erc.System):
    """Answers right the more often the nearer its dials are to 0.7 and 2."""

    name = "dials"
    source = "invented"

    @dataclass(frozen=True)
    class Options:
        """Two dials, and a switch that nothing hangs on."""

        first: float = erc.option(0.1, "Best at 0.7; 0.5 breaks it.", at_least=0, at_most=1)
        second: int = erc.option(0, "Best at 2.", at_least=0)
        switch: Literal["on", "off"] | None = erc.option(None, "Does nothing.")

    def fit(self, train, dev, context):
        if self.options.first == 0.5:
            raise RuntimeError("a dial\nbroke")
        self.labels, self.seed = context.labels, context.seed
        self.gold = {(d.id, i): d.utterances[i].label for d in dev for i in d.targets()}

    def predict(self, dialogues):
        quality = 1 - abs(self.options.first - 0.7) - 0.1 * abs(self.options.second - 2)
        return {(d.id, i): self._scores((d.id, i), quality) for d in dialogues for i in d.targets()}

    def _scores(self, key, quality):
        knows = Random(f"{key}{self.seed}").random() < quality
        answer = self.gold.get(key) if knows else self.labels[0]
        return [float(label == answer) for label in self.labels]


SEARCH = {"system.first": (0.1, 0.3, 0.6, 0.7), "system.second": (0, 1, 2)}


class Plugin:
    """Brings the methods ``dials`` and ``idle``, which has nothing to search."""

    @staticmethod
    @erc.hookimpl
    def erc_methods():
        return [
            erc.Method("dials", "invented", "Has dials.", system=Dials, search=SEARCH, search_from="this test"),
            erc.Method("idle", "invented", "Searches nothing.", system=Dials),
        ]


@cache
def catalogue():
    found = Catalogue()
    found.register(Plugin, "this-test")
    return found


@dataclass
class Tuning:
    """Searches in one folder, each time as a new process would."""

    folder: Path

    def search(self, space=None, settings=(), seeds=(101, 102), limit=None, size=12):
        overrides = [parse_override(text) for text in (f"dataset.size={size}", *settings)]
        request = Request(["dials"], ["demo"], ["minilm"], seeds, overrides, limit=limit, dev_only=True)
        spaces = {} if space is None else {"dials": space}
        return plan_searches(request, catalogue(), spaces, Path("space.toml"))[0]

    def runner(self, progress=None):
        return GridRunner(GridTask(self.folder / "cells", None, "cpu", "stale"), progress or Progress())

    def study(self, storage, search, sampler_seed=0, fingerprint=None):
        fingerprint = fingerprint or Fingerprints(None).of(search.own)
        return Study(storage, search, identity(search, fingerprint, "none", sampler_seed), sampler_seed)

    def run(self, trials, search=None, sampler_seed=0, runner=None, tell=lambda _: None):
        self.folder.mkdir(exist_ok=True)
        with Storage(self.folder) as storage:
            study = self.study(storage, search or self.search(), sampler_seed)
            return run_trials(study, runner or self.runner(), trials, tell)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    """Let nothing wait until it is on the disk: no machine loses its power in a test."""
    connect = sqlite3.connect

    def connect_at_once(*place, **options):
        connection = connect(*place, **options)
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    monkeypatch.setattr("erc_bench.experiments.tuning.study.sqlite3.connect", connect_at_once)
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def tuning(tmp_path):
    """Searches of the system with dials below a folder of the test's own."""
    return Tuning(tmp_path / "tuning")
