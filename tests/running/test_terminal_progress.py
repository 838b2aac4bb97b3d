"""Lines in a log, bars in a terminal."""

import io
import re

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


def frame(progress, width):
    """Return the lines of the bars as they stand, without the terminal's own signs."""
    console = Console(file=io.StringIO(), force_terminal=False, width=width)
    console.print(progress._bars.get_renderable())
    return console.file.getvalue().rstrip("\n").split("\n")


@pytest.mark.parametrize("width", [80, 100, 160])
def test_numbers_rate_and_time_left_stay_whole_where_words_are_cut(width):
    output = io.StringIO()
    progress = BarProgress(Console(file=output, force_terminal=True, width=width))
    seconds = iter(range(10_000))
    for task in progress._bars.tasks:
        task._get_time = lambda: float(next(seconds))
    label = "dailydialog · dialogue-gcn-causal through utterance-ce · minilm · seed 1"
    for event in (GridStarted(1234), CellStarted(label), PhaseStarted("states of a further language model", 5678)):
        progress.hear(event)
    for _ in range(200):
        progress.hear(StepDone(0.123))
    for _ in range(3):
        progress.hear(CellEnded(label, "test weighted f1 40.00", 3.25))
    progress.hear(PhaseStarted("states of a further language model", 5678))
    for _ in range(2000):
        progress.hear(StepDone(12.345))
    lines = frame(progress, width)
    progress.close()
    assert max(map(len, lines)) <= width
    cells, steps = (next(line for line in lines if line.startswith(word)) for word in ("cells", "states"))
    assert re.search(r" 3/1234 ", cells)
    assert re.search(r" 2000/5678 ", steps)
    for line in (cells, steps):
        assert re.search(r"\d(/s| s each) ", line), line
        assert re.search(r" \d+:\d\d(:\d\d)? ", line), line
    assert "loss 12.345" in steps
    assert ("…" in cells) == (width < 130)
