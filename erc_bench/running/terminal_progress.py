"""Progress as bars in a terminal, and as plain lines in a log."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from erc_bench.output.terminal import SafeConsole
from erc_bench.shown_text import show_everywhere
from erc_bench.training import events


def progress_for(console: Console) -> events.Progress:
    """Return bars for a terminal and lines for anything else."""
    return BarProgress(console) if console.is_terminal else LineProgress(console)


class LineProgress(events.Progress):
    """One line per cell; nothing moves."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._cells = 0
        self._ended = 0

    def hear(self, event: events.Event) -> None:
        match event:
            case events.GridStarted(cells):
                self._cells = cells
            case events.CellEnded(label, outcome, seconds):
                self._ended += 1
                self._say(f"[{self._ended}/{self._cells}] {label}: {outcome} ({seconds:.1f} s)")
            case events.Noted(text):
                self._say(text)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class RateColumn(ProgressColumn):
    """How many a second, or how many seconds for each."""

    def render(self, task: Task) -> Text:
        """Return the rate of a bar; nothing as long as it is not known."""
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{1 / speed:.1f} s each", style="progress.data.speed")


_BAR = 12
_DESCRIPTION = 18


def _cut(**layout: int) -> Column:
    return Column(no_wrap=True, overflow="ellipsis", **layout)  # type: ignore[arg-type]


class BarProgress(LineProgress):
    """Three bars: cells, epochs, steps with the loss; finished cells scroll by above them.

    Where the terminal is narrow, words are cut: numbers, rate and the time that is left stay whole.
    """

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._bars = Bars(
            TextColumn("{task.description}", table_column=_cut(max_width=_DESCRIPTION)),
            BarColumn(bar_width=_BAR, table_column=Column(no_wrap=True)),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            RateColumn(table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True, table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[facts]}", table_column=_cut(ratio=1)),
            console=console,
            transient=True,
            expand=True,
        )
        self._grid = self._bar("cells")
        self._epochs = self._bar("epochs", visible=False)
        self._steps = self._bar("steps", visible=False)
        self._jobs: dict[int, TaskID] = {}
        self._job: TaskID | None = None
        self._bars.start()

    def hear(self, event: events.Event) -> None:
        super().hear(event)
        match event:
            case events.GridStarted(cells):
                self._bars.update(self._grid, total=cells)
            case events.InJob(job):
                self._job = self._jobs[job] = self._jobs[job] if job in self._jobs else self._bar(f"job {job + 1}")
            case events.CellEnded():
                self._bars.advance(self._grid)
                self._bars.update(self._steps, visible=False)
            case _ if self._job is None:
                self._show_alone(event)
            # Each of several processes has one bar, and that shows epochs.
            case events.CellStarted(label):
                self._bars.reset(self._job, total=None, facts=label)
            case events.EpochEnded(epoch=epoch, epochs=int(epochs)):
                self._bars.update(self._job, total=epochs, completed=epoch)

    def _show_alone(self, event: events.Event) -> None:
        match event:
            case events.CellStarted(label):
                self._bars.update(self._grid, facts=label)
                self._bars.reset(self._epochs, visible=False, facts="")
            case events.PhaseStarted(name, steps):
                self._bars.reset(self._steps, total=steps, description=name, visible=steps > 1, facts="")
            case events.StepDone(loss):
                self._bars.advance(self._steps)
                if loss is not None:
                    self._bars.update(self._steps, facts=f"loss {loss:.3f}")
            case events.EpochEnded(epoch=epoch, epochs=int(epochs)):
                terms = "  ".join(f"{name} {value:.3f}" for name, value in event.terms.items())
                facts = f"dev {event.headline:.2f}  {terms}"
                self._bars.update(self._epochs, total=epochs, completed=epoch, visible=True, facts=facts)

    def close(self) -> None:
        self._bars.stop()

    def _bar(self, description: str, visible: bool = True) -> TaskID:
        return self._bars.add_task(description, total=None, visible=visible, facts="")


_PIPE_WIDTH = 200


def open_console() -> Console:
    """Return a console for standard output.

    A pipe has no width of its own and gets a wide one, so that rows stay on their line; it gets no
    colours, even where the environment forces them. A notebook gets lines, and not a page for each.
    """
    show_everywhere()
    if sys.stdout.isatty():
        return SafeConsole()
    return SafeConsole(width=_PIPE_WIDTH, force_terminal=False, color_system=None, force_jupyter=False)
