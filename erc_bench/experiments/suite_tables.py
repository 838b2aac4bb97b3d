"""The tables of a suite from stored runs: nothing is trained, no corpus and no model are needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from erc_bench.errors import ErcBenchError
from erc_bench.experiments.comparing import Tell, compare_stored, corpus_gold
from erc_bench.experiments.paths import folder_of
from erc_bench.output.tables import SUFFIXES, render
from erc_bench.planning.asked import StrPath
from erc_bench.planning.suites.model import Suite, Table
from erc_bench.planning.suites.reading import read_suite
from erc_bench.store.reading import StoredCell

_TITLED = {"markdown": "# {}\n\n", "rich": "{}\n\n", "latex": "% {}\n"}
"""How a table's title stands before it, in the formats that have room for one."""


def suite_tables(
    file: Path, cells: Sequence[StoredCell], form: str, data_dir: StrPath | None, tell: Tell
) -> Iterator[tuple[str, str]]:
    """Yield (file name, text) of each table of a suite, with its title.

    ``data_dir`` holds the corpora, which gold labels are held against, and which are read where a table asks for
    slices or clusters that the stored runs do not name.

    Raises :class:`ErcBenchError` naming the table that the stored cells cannot fill.
    """
    suite, gold_of = read_suite(file), corpus_gold(folder_of(data_dir))
    for number, table in enumerate(suite.tables, start=1):
        title = table.title or suite.title or suite.name
        name = f"{number}-{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')[:60].rstrip('-')}.{SUFFIXES[form]}"
        try:
            asked = replace(_stored_part(suite, table, cells), data_dir=data_dir)
            text = render(compare_stored(cells, asked, tell, gold_of), form)
        except ErcBenchError as error:
            raise ErcBenchError(f"table {number} of {file}, {title!r}: {error.message}", error.hint) from None
        yield name, _heading(suite, title, form) + text


def _stored_part(suite: Suite, table: Table, cells: Sequence[StoredCell]) -> Table:
    """Return the table of what is stored of what the suite names."""
    stored = {kind: {getattr(cell, kind) for cell in cells} for kind in ("dataset", "method")}
    datasets = [name for name in table.datasets or suite.datasets if name in stored["dataset"]]
    methods = [name for name in table.methods or suite.methods if name in stored["method"]]
    if lacking := [kind for kind, found in (("datasets", datasets), ("methods", methods)) if not found]:
        raise ErcBenchError(f"none of its {lacking[0]} is stored", "Run the suite first with `erc-bench sweep`.")
    return replace(table, datasets=datasets, methods=methods)


def _heading(suite: Suite, title: str, form: str) -> str:
    template = _TITLED.get(form, "")
    text = f"{suite.text}\n\n" if suite.text and form in ("markdown", "rich") else ""
    return template.format(title) + text if template else ""
