"""Tables with sentences below them, as plain text or Markdown."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A table with the sentences below it; the first column is words, the others figures."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...] = ()


def as_markdown(sections: Iterable[Section]) -> str:
    """Return GitHub-flavoured Markdown."""
    from erc_bench.output.tables.markdown import escape

    parts = []
    for section in sections:
        rule = ["---", *["---:"] * (len(section.titles) - 1)]
        rows = [list(map(escape, section.titles)), rule, *(list(map(escape, row)) for row in section.rows)]
        parts.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
        parts.append("\n".join(f"- {escape(sentence)}" for sentence in section.sentences))
    return "\n\n".join(filter(None, parts)) + "\n"


def as_text(sections: Iterable[Section]) -> str:
    """Return plain text, 100 columns wide."""
    from rich.console import Console
    from rich.text import Text

    from erc_bench.commands.data_tables import plain_table

    stream = io.StringIO()
    console = Console(file=stream, width=100, color_system=None, force_terminal=False, highlight=False)
    for section in sections:
        table = plain_table(*section.titles, numbers_from=1)
        for row in section.rows:
            table.add_row(*map(Text, row))
        console.print(table)
        for sentence in section.sentences:
            console.print(Text(sentence))
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return "\n".join(lines).strip("\n") + "\n"
