"""The comparison as a LaTeX table for a paper that loads booktabs."""

from __future__ import annotations

from erc_bench.comparison.model import Comparison
from erc_bench.tables.cells import CellText, cell_text, headers, row_label

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
    r"""Return a ``table`` environment; the document needs ``\usepackage{booktabs}`` and nothing else."""
    titles = [escape(title) for title, _ in headers(comparison)]
    metrics = [escape(metric) for _, metric in headers(comparison)]
    head = [_row(["Method", *titles])] + ([_row(["", *metrics])] if any(metrics) else [])
    body = [_row([_label(comparison, row), *_cells(comparison, row)]) for row in range(len(comparison.rows))]
    lines = [
        *(f"% Note: {' '.join(note.split())}" for note in comparison.notes),
        r"\begin{table}[t]",
        r"\centering",
        rf"\begin{{tabular}}{{l{'c' * len(comparison.columns)}}}",
        r"\toprule",
        *head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        rf"\caption{{{_caption(comparison)}}}",
        r"\label{tab:erc-bench}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return text that LaTeX prints as it is."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _row(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _label(comparison: Comparison, row: int) -> str:
    return escape(row_label(comparison, row))


def _cells(comparison: Comparison, row: int) -> list[str]:
    return [_cell(cell_text(comparison, column, row)) for column in comparison.columns]


def _cell(cell: CellText) -> str:
    value = _WRAP[cell.rank] % escape(cell.value)
    marks = f"$^{{{' '.join(_MARKS[mark] for mark in cell.marks)}}}$" if cell.marks else ""
    words = rf" \textit{{({escape(cell.words)})}}" if cell.words else ""
    return f"{value}{marks}{words}"


def _caption(comparison: Comparison) -> str:
    ranks = ["Bold: best of a column; underlined: second."] if len(comparison.rows) > 1 else []
    return " ".join(escape(sentence) for sentence in [*comparison.caption, *ranks])
