"""Runs in threads of one program give the numbers of serial ones, and a run within a run changes nothing of it."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import erc_bench.api as erc
from erc_bench.training.events import Noted, Progress

FROZEN = ("encoder.trainable=none", "training.epochs=4")
PATIENCE = 120


class Draws(erc.System):
    """Answers by chance, after many draws on the global generators."""

    name = "draws"
    source = "this test"

    @dataclass(frozen=True)
    class Options:
        draws: int = erc.option(3000, "How many.", at_least=1)

    def fit(self, train, dev, context):
        drawn = [(random.random(), np.random.rand(), torch.rand(1).item()) for _ in range(self.options.draws)]
        self.scores = np.random.default_rng(int(sum(map(sum, drawn)) * 1e9)).random(len(context.labels))

    def predict(self, dialogues):
        return {(d.id, i): self.scores for d in dialogues for i in d.targets()}


class Nested(Draws):
    """Draws, runs another method in between, and draws again."""

    name = "nested"
    inside = None

    def fit(self, train, dev, context):
        random.random()
        Nested.outcomes = [] if Nested.inside is None else Nested.inside(context.seed)
        super().fit(train, dev, context)


class Plugin:
    """Brings both."""

    @erc.hookimpl
    def erc_methods(self):
        return [erc.Method(each.name, source="this test", summary="Chance.", system=each) for each in (Draws, Nested)]


class Notes(Progress):
    """Keeps the notes."""

    def __init__(self):
        self.notes = []

    def hear(self, event):
        if isinstance(event, Noted):
            self.notes.append(event.text)


@pytest.fixture
def grid(grid):
    grid.plugins = (Plugin(),)
    return grid


@pytest.fixture
def restless():
    """Let threads take turns all the time, so that two that share something meet."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def predictions(runs):
    return {str(file.relative_to(runs)): file.read_bytes() for file in sorted(runs.glob("*/*/*/*/*/predictions.csv"))}


@pytest.mark.parametrize(
    ("method", "settings"), [("draws", ()), ("ce", FROZEN), ("eacl", FROZEN)], ids=["system", "ce", "eacl"]
)
def test_threads_give_the_numbers_of_serial_runs(grid, tmp_path, restless, method, settings):
    grid.run(method, settings=settings, seeds=(1, 2))
    plans = grid.plans((method,), settings=settings, seeds=(1, 2))
    folders, told = [tmp_path / f"runs-{number}" for number in range(3)], [Notes() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        runners = [grid.runner(runs=runs, progress=notes) for runs, notes in zip(folders, told, strict=True)]
        for future in [pool.submit(runner.run, plans) for runner in runners]:
            assert future.result(PATIENCE).failed == []
    for folder in folders:
        assert predictions(folder) == predictions(grid.runs)
    # Each tells it once.
    waited = [note for notes in told for note in notes.notes if "another thread" in note]
    assert 1 <= len(waited) <= 3


def test_a_run_within_a_run_changes_nothing_of_it(grid, tmp_path):
    Nested.inside = None
    grid.run("nested")
    Nested.inside = lambda seed: grid.run("ce", settings=FROZEN, runs=tmp_path / "inside")
    outcome = grid.run("nested", runs=tmp_path / "outside")
    assert outcome.failed == []
    assert len(Nested.outcomes.ran) == 1
    assert predictions(tmp_path / "outside") == predictions(grid.runs)


def test_a_run_that_asks_for_its_own_cell_is_told_and_does_not_wait_for_ever(grid):
    Nested.inside = lambda seed: grid.run("nested")
    outcome = grid.run("nested")
    assert len(outcome.ran) == 1
    ((_, reason),) = Nested.outcomes.failed
    assert reason == "another run has this cell, and a run within a run cannot wait for it"
