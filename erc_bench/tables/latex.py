"""The comparison as a LaTeX table for a paper that loads booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.model import Comparison
from erc_bench.tables.cells import CellText, Panel, panels

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "·": r"$\cdot$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "↓": r"$\downarrow$",
    "⇓": r"$\Downarrow$",
    "§": r"\S{}",
    "²": r"$^2$",
}
_MARKS = {"†": r"\dagger", "‡": r"\ddagger", "↓": r"\downarrow", "⇓": r"\Downarrow"}
_WRAP = {"best": r"\textbf{%s}", "second": r"\underline{%s}", "": "%s"}


def render(comparison: Comparison) -> str:
    r"""Return a ``table`` environment; the document needs ``\usepackage{booktabs}`` and nothing else.

    Classes need the width of both columns of a page.
    """
    environment = "table*" if comparison.per_class else "table"
    lines = [
        *(f"% Note: {' '.join(note.split())}" for note in comparison.notes),
        rf"\begin{{{environment}}}[t]",
        r"\centering",
        *_tabulars(panels(comparison)),
        rf"\caption{{{_caption(comparison)}}}",
        r"\label{tab:erc-bench}",
        rf"\end{{{environment}}}",
    ]
    return "\n".join(lines) + "\n"


def _tabulars(shown: Sequence[Panel]) -> list[str]:
    first, *others = map(_tabular, shown)
    return [*first, *(line for tabular in others for line in (r"\\[1ex]", *tabular))]


def _tabular(panel: Panel) -> list[str]:
    names = [escape(name) for name, _ in panel.headers]
    metrics = [escape(metric) for _, metric in panel.headers]
    return [
        rf"\begin{{tabular}}{{l{'c' * len(panel.headers)}}}",
        r"\toprule",
        _row([escape(panel.title) or "Method", *names]),
        *([_row(["", *metrics])] if any(metrics) else []),
        r"\midrule",
        *_rows(panel.rows),
        *([r"\midrule", *_rows(panel.reported)] if panel.reported else []),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _rows(rows: Sequence[tuple[str, Sequence[CellText]]]) -> list[str]:
    return [_row([escape(label), *map(_cell, cells)]) for label, cells in rows]


def escape(text: str) -> str:
    """Return text that LaTeX prints as it is."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _row(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _cell(cell: CellText) -> str:
    value = _WRAP[cell.rank] % escape(cell.joined())
    marks = f"$^{{{' '.join(_MARKS[mark] for mark in cell.marks)}}}$" if cell.marks else ""
    words = rf" \textit{{({escape(cell.words)})}}" if cell.words else ""
    return f"{value}{marks}{words}"


def _caption(comparison: Comparison) -> str:
    ranks = ["Bold: best of a column; underlined: second."] if len(comparison.rows) > 1 else []
    return " ".join(escape(sentence) for sentence in [*comparison.caption, *ranks])
