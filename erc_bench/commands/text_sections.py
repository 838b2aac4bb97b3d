"""Results as tables with sentences below them, in plain text or Markdown, or as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import click

FORMATS = ("rich", "markdown", "json")
format_option = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="rich", show_default=True, help="Output format."
)


@dataclass(frozen=True)
class Section:
    """A table with the sentences below it; the first column is words, the others figures."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...] = ()


def render(result: Any, sections: Iterable[Section], form: str) -> str:
    """Return a result in one of the formats, ending in a newline; its sections say in words what JSON has as it is."""
    if form == "json":
        from erc_bench.output.tables.json_table import render as as_json

        return as_json(result)
    return _as_markdown(sections) if form == "markdown" else _as_text(sections)


def as_workbook(sections: Iterable[Section]) -> bytes:
    """Return the tables of a result as sheets, named after their heads, and the sentences on a sheet of their own.

    Raises :class:`ErcBenchError` without openpyxl.
    """
    from erc_bench.output.workbook import workbook

    every = list(sections)
    sheets: dict[str, list[list[Any]]] = {
        each.titles[0]: [list(each.titles), *([row[0], *map(_number, row[1:])] for row in each.rows)] for each in every
    }
    said = [[sentence] for each in every for sentence in each.sentences]
    return workbook({**sheets, "notes": [["said of these numbers"], *said]})


def _number(figure: str) -> float | str:
    """Return a figure that is a number as one; an interval or a mean with its deviation stays as it is written."""
    return float(figure) if re.fullmatch(r"[+-]?\d+(\.\d+)?", figure, re.ASCII) else figure


def _as_markdown(sections: Iterable[Section]) -> str:
    from erc_bench.output.tables.markdown import escape

    parts = []
    for section in sections:
        rule = ["---", *["---:"] * (len(section.titles) - 1)]
        rows = [list(map(escape, section.titles)), rule, *(list(map(escape, row)) for row in section.rows)]
        parts.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
        parts.append("\n".join(f"- {escape(sentence)}" for sentence in section.sentences))
    return "\n\n".join(filter(None, parts)) + "\n"


def _as_text(sections: Iterable[Section]) -> str:
    from rich.text import Text

    from erc_bench.commands.data_tables import plain_table
    from erc_bench.output.tables.rich_table import plain_console, plain_text

    console = plain_console()
    for section in sections:
        table = plain_table(*section.titles, numbers_from=1)
        for row in section.rows:
            table.add_row(*map(Text, row))
        console.print(table)
        for sentence in section.sentences:
            console.print(Text(sentence))
    return plain_text(console)
