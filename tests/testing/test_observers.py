"""The checks of observers: a sound one passes, and each fault is named."""

import os
from pathlib import Path

import pytest
import torch

import erc_bench.api as erc
from erc_bench.testing.observers import check_observer


class Sound(erc.Observer):
    """Keeps one line for each run."""

    name = "sound"
    source = "this test"

    def run_started(self, run):
        self.last = None

    def epoch_ended(self, run, epoch):
        self.last = epoch.dev["weighted_f1"]

    def run_ended(self, run, result):
        self.last = result.test


class ForgetsBadEnds(Sound):
    """Takes every run to have been scored."""

    def run_ended(self, run, result):
        self.last = result.dev["weighted_f1"]


class NeedsTest(Sound):
    """Takes every run that ended well to have been scored on test."""

    def run_ended(self, run, result):
        self.last = result.test["weighted_f1"] if result.status == "done" else None


class NeedsEpochs(Sound):
    """Takes every run to have epochs."""

    def run_started(self, run):
        self.scores = []

    def epoch_ended(self, run, epoch):
        self.scores.append(epoch.dev["weighted_f1"])

    def run_ended(self, run, result):
        self.last = max(self.scores) if result.status == "done" else None


class HearsOneRun(Sound):
    """Opens what it never closes."""

    started = False

    def run_started(self, run):
        assert not self.started, "a run has started already"
        self.started = True


class WritesIntoTheCell(Sound):
    """Leaves its log among the results."""

    def run_started(self, run):
        (run.folder / "log.txt").write_text("started")


class TurnsGradientsOff(Sound):
    """Means to save memory."""

    def epoch_ended(self, run, epoch):
        torch.set_grad_enabled(False)


class GoesElsewhere(Sound):
    """Means to write its log there."""

    def __init__(self, options=None):
        super().__init__(options)
        os.chdir("/")


class Nameless(Sound):
    """Has no name."""

    name = ""


def test_a_sound_one_passes():
    check_observer(Sound)


@pytest.mark.parametrize(
    ("observer", "sentence"),
    [
        (ForgetsBadEnds, "runs that end badly: .*TypeError"),
        (NeedsTest, "runs with less to tell: .*TypeError"),
        (NeedsEpochs, "runs with less to tell: .*ValueError"),
        (HearsOneRun, "several runs: .*a run has started already"),
        (WritesIntoTheCell, "the cell's folder: it wrote log.txt into the folder of the cell"),
        (TurnsGradientsOff, "settings of the process: it left changed: whether torch keeps gradients"),
        (GoesElsewhere, "settings of the process: it left changed: the working directory"),
        (Nameless, "has no name"),
    ],
)
def test_a_fault_is_named(observer, sentence):
    before = Path.cwd()
    with pytest.raises(AssertionError, match=sentence):
        check_observer(observer)
    assert torch.is_grad_enabled()
    assert Path.cwd() == before
