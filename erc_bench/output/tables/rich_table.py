"""The comparison for a terminal or a log."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.comparison.requested_tests import Tests
from erc_bench.output.tables import table_cells
from erc_bench.output.tables.additional_tables import additional_tables
from erc_bench.output.tables.detail_table import adjusted_title, detail_note, further_figures, further_titles

_STYLES = {"best": "bold", "second": "underline", "": ""}
# Without a terminal nothing is bold: plain text has signs for it.
_SIGNS = {"best": "*", "second": "_", "": ""}


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print table, comparisons, caption and notes; plain text where the console is not a terminal."""
    for panel in table_cells.panels(comparison):
        console.print(_scores(panel, console.is_terminal))
    shown = table_cells.details(comparison)
    if shown:
        console.print(_comparisons(comparison, shown))
    others = list(additional_tables(comparison))
    for each in others:
        console.print(_text_table(each.table))
    ranks = "bold: best, underlined: second" if console.is_terminal else "*...*: best, _..._: second"
    lines = [*comparison.caption, f"Within a column, {ranks}." if len(comparison.rows) > 1 else ""]
    lines += [detail_note(comparison)] if shown else []
    # Where there is no interval the reason stands in its place.
    below = [each for each in shown if each.reason and each.interval != table_cells.NOTHING]
    lines += [f"{each.comparison} on {each.dataset}: {each.reason}." for each in below]
    lines += [note for each in others for note in each.notes]
    for line in filter(None, lines):
        console.print(Text(line), style="dim", highlight=False)
    for note in comparison.notes:
        console.print(Text(f"Note: {note}"), style="yellow", highlight=False)


def render(comparison: Comparison, width: int = 100) -> str:
    """Return the comparison as plain text."""
    console = plain_console(width)
    print_comparison(comparison, console)
    return plain_text(console)


def plain_console(width: int = 100) -> Console:
    """Return a console that collects plain text for :func:`plain_text`."""
    return Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, highlight=False)


def plain_text(console: Console) -> str:
    """Return what was printed, without blanks at the end of lines."""
    assert isinstance(console.file, io.StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def _scores(panel: table_cells.Panel, terminal: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(Text(panel.title or "method"), overflow="fold")
    for name, metric in panel.headers:
        table.add_column(Text(f"{name}\n{metric}" if metric else name), justify="right", overflow="fold")
    # Many classes stand side by side: each has its spread below its mean, and no marks.
    show = _class_cell if panel.title else _cell
    for rows in (panel.rows, panel.reported):
        for label, cells in rows:
            table.add_row(Text(label), *(show(cell, terminal) for cell in cells))
        table.add_section()
    return table


def _cell(cell: table_cells.CellText, terminal: bool) -> Text:
    letters = f" {cell.letters}" if cell.letters else ""
    shown = Text.assemble(_ranked(cell.joined("±"), cell, terminal), cell.marks.ljust(2), letters)
    return Text.assemble(shown, "\n", cell.words) if cell.words else shown


def _class_cell(cell: table_cells.CellText, terminal: bool) -> Text:
    value = _ranked(cell.value, cell, terminal)
    return Text.assemble(value, f"\n±{cell.spread}") if cell.spread else value


def _ranked(text: str, cell: table_cells.CellText, terminal: bool) -> Text:
    sign = "" if terminal else _SIGNS[cell.rank]
    return Text(f"{sign}{text}{sign}", style=_STYLES[cell.rank] if terminal else "")


def _comparisons(comparison: Comparison, shown: list[table_cells.Detail]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("comparison\ndataset, seeds", overflow="fold")
    for title in _titles(comparison):
        table.add_column(Text(title), justify="right", overflow="fold")
    lines = _LINES[comparison.tests.unit]
    for detail in shown:
        table.add_row(*map(Text, (*_first_lines(detail), *lines(detail, comparison.tests))))
    return table


_NARROW = {"sign-flip p": "sign-\nflip p", "detectable": "detec-\ntable"}


def _titles(comparison: Comparison) -> tuple[str, ...]:
    difference, adjusted = f"difference\n{table_cells.interval_title(comparison)}", adjusted_title(comparison)
    if comparison.tests.unit == "dialogue":
        return difference, f"p\n{adjusted}", "r"
    joint: tuple[str, ...] = (f"joint p\n{adjusted}",) if comparison.tests.unit == "both" else ()
    joint += (f"equal p\n{adjusted}",) if comparison.tests.margin is not None else ()
    return (difference, f"p\n{adjusted}", *joint, *(_NARROW.get(title, title) for title in further_titles(comparison)))


def _text_table(shown: table_cells.TextTable) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for position, title in enumerate(shown.titles):
        table.add_column(Text(title), justify="left" if position < 2 else "right", overflow="fold")
    for row in shown.rows:
        table.add_row(*map(Text, row))
    return table


def _first_lines(detail: table_cells.Detail) -> tuple[str, str]:
    return (
        f"{detail.comparison}\n{detail.dataset}, n={detail.seeds}",
        f"{detail.difference}\n{detail.reason if detail.interval == table_cells.NOTHING else detail.interval}",
    )


def _over_seeds(detail: table_cells.Detail, tests: Tests) -> tuple[str, ...]:
    equal = () if tests.margin is None else (f"{detail.equal_p}\n{detail.equal_adjusted_p}",)
    return f"{detail.p}\n{detail.holm_p}", *equal, *further_figures(detail, tests)


def _over_both(detail: table_cells.Detail, tests: Tests) -> tuple[str, ...]:
    first, *others = _over_seeds(detail, tests)
    return first, f"{detail.joint_p}\n{detail.joint_holm_p}", *others


def _over_dialogues(detail: table_cells.Detail, tests: Tests) -> tuple[str, ...]:
    return f"{detail.dialogue_p}\n{detail.dialogue_adjusted_p}", detail.correlation


_LINES = {"seed": _over_seeds, "both": _over_both, "dialogue": _over_dialogues}
