"""Lines in a log, bars in a terminal."""

import io

import pytest
from rich.console import Console

from erc_bench.running.terminal_progress import BarProgress, LineProgress, progress_for
from erc_bench.training.events import CellEnded, CellStarted, EpochEnded, GridStarted, Noted, PhaseStarted, StepDone


def tell(progress):
    """Tell the story of two cells."""
    for event in (
        GridStarted(2),
        CellStarted("meld · ce · seed 1"),
        PhaseStarted("epoch 1/2", 3),
        *map(StepDone, (None, 0.5, 0.25)),
        EpochEnded("training", 1, 2, {"cross_entropy": 0.375}, {"weighted_f1": 41.5}, 41.5, 0.1),
        EpochEnded("readout", 1, None, {}, {"weighted_f1": 41.5}, 41.5, 0.1, classifier="probe"),
        CellEnded("meld · ce · seed 1", "test weighted f1 40.00", 3.25),
        Noted("waiting for [another] process"),
        CellEnded("meld · ce · seed 2", "failed: no [bold]markup", 0.5),
    ):
        progress.hear(event)
    progress.close()


def test_a_log_has_a_line_for_each_cell_and_nothing_that_moves():
    output = io.StringIO()
    progress = progress_for(Console(file=output, width=40))
    assert type(progress) is LineProgress
    tell(progress)
    assert output.getvalue().splitlines() == [
        "[1/2] meld · ce · seed 1: test weighted f1 40.00 (3.2 s)",
        "waiting for [another] process",
        "[2/2] meld · ce · seed 2: failed: no [bold]markup (0.5 s)",
    ]


@pytest.mark.parametrize("width", [40, 120])
def test_a_terminal_has_bars_and_the_same_lines(width):
    output = io.StringIO()
    progress = progress_for(Console(file=output, force_terminal=True, width=width))
    assert type(progress) is BarProgress
    tell(progress)
    told = output.getvalue()
    assert "[2/2] meld · ce · seed 2" in told.replace("\n", "")
    assert "cells" in told
    assert "\x1b[" in told
