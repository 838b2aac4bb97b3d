"""``erc-bench errors``: which utterances of the test split were answered wrongly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.options import takes
from erc_bench.commands.output_file import XLSX, check_target, components_aside, write_file, write_text
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.output.workbook import workbook
from erc_bench.planning.table_requests import ErrorsRequest

if TYPE_CHECKING:
    import pandas as pd

    from erc_bench.store.reading import StoredCell

_TABLE = "table"
_ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".xlsx": XLSX}


@click.command()
@click.argument("runs", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))
@takes(ErrorsRequest)
def errors(request: ErrorsRequest, runs: Path) -> None:
    """List the test utterances that RUN got wrong: text, speaker, the turns before, both labels and their scores.

    RUN is the folder of a cell, or one above several: then each line names its cell. The text comes from the corpus,
    which must be the one that was scored.
    """
    output = None if request.output is None else Path(request.output)
    form = _form(request.form, output)
    check_target(output, form)
    with components_aside():
        found = _errors(request, runs)
    if form == _TABLE:
        _print_table(found, request.most)
        return
    if form == XLSX and output is not None:
        write_file(workbook({"errors": [list(found), *_rows(found)]}), output, f": {len(found):,} errors")
        return
    text = found.to_csv(index=False) if form == "csv" else _lines(found)
    write_text(text, output, f": {len(found):,} errors", form=form)


def _form(asked: str | None, output: Path | None) -> str:
    if output is None:
        return asked or _TABLE
    if asked == _TABLE:
        raise ErcBenchError("a table is for the terminal, and a file has all errors", "Choose csv, jsonl or xlsx.")
    form = asked or _ENDINGS.get(output.suffix.lower(), "")
    if not form:
        raise ErcBenchError(f"{output.name}: errors are not written so", "Name a .csv, .jsonl or .xlsx file.")
    return form


def _errors(request: ErrorsRequest, runs: Path) -> pd.DataFrame:
    import pandas as pd

    from erc_bench.experiments.wrong_answers import load_errors

    cells = _answered(request, runs)
    _check_labels(request, cells)
    is_cell = len(cells) == 1 and cells[0].folder == runs.absolute()
    found = load_errors(
        runs if is_cell else pd.DataFrame({"folder": [str(cell.folder) for cell in cells]}),
        request.readout,
        context=request.context,
        data_dir=request.data_dir,
        plugins=request.plugins,
    )
    for column, wanted in (("gold", request.gold), ("predicted", request.predicted)):
        found = found[found[column].isin(list(wanted))] if wanted else found
    return found


def _answered(request: ErrorsRequest, runs: Path) -> list[StoredCell]:
    """Return the one cell, or those below a folder that have answers on test and were asked for."""
    from erc_bench.experiments.frames import only_named
    from erc_bench.store.layout import STATUS_FILE, visible_below
    from erc_bench.store.reading import read_cell

    if (runs / STATUS_FILE).exists():
        return [read_cell(runs.absolute())]
    known = [read_cell(file.parent.absolute()) for file in sorted(visible_below(runs, f"seed-*/{STATUS_FILE}"))]
    done = [cell for cell in known if cell.status == "done" and not cell.typed.dev_only]
    done = only_named(done, "dataset", request.datasets or None)
    done = only_named(done, "method", request.methods or None)
    if not done:
        raise ErcBenchError(f"no run in {runs} has answers on test", "Name the folder of finished runs, or of one.")
    return done


def _check_labels(request: ErrorsRequest, cells: Sequence[StoredCell]) -> None:
    known = dict.fromkeys(label for cell in cells for label in cell.typed.labels)
    for column, wanted in (("gold", request.gold), ("predicted", request.predicted)):
        for label in wanted:
            if known and label not in known:
                raise ErcBenchError(f"{OptionName(column):{label}}: no such label; {did_you_mean(label, known)}")


def _rows(found: pd.DataFrame) -> list[list[Any]]:
    """Return the values row by row; what a system gave no score for is ``None``."""
    rows: list[list[Any]] = found.astype(object).where(found.notna(), None).to_numpy().tolist()
    return rows


def _lines(found: pd.DataFrame) -> str:
    return "".join(json.dumps(dict(zip(found, row, strict=True)), ensure_ascii=False) + "\n" for row in _rows(found))


def _print_table(found: pd.DataFrame, most: int) -> None:
    from rich.table import Table
    from rich.text import Text

    from erc_bench.commands.predict_output import printable
    from erc_bench.running.terminal_progress import open_console

    console = open_console()
    shown = found.sort_values("score", ascending=False, kind="stable", na_position="last").head(most)
    named = [
        name
        for name in ("dataset", "method", "backbone", "settings_hash", "seed")
        if name in found and found[name].nunique() > 1
    ]
    table = Table(box=None, header_style="dim")
    for name in (*named, "dialogue", "turn", "what was said", "gold", "predicted", "score"):
        table.add_column(name, justify="right" if name in ("turn", "score", "seed") else "left", overflow="fold")
    for row in shown.to_dict("records"):
        said = [Text(printable(line), style="dim") for line in filter(None, str(row["context"]).split("\n"))]
        said.append(Text(printable(f"{row['speaker']}: {row['text']}")))
        score = "" if row["score"] != row["score"] else f"{row['score']:.2f}"
        cells = (*(row[name] for name in (*named, "dialogue_id", "utterance")),)
        labels = (Text(printable(str(row[name]))) for name in ("gold", "predicted"))
        table.add_row(*(Text(printable(str(cell))) for cell in cells), Text("\n").join(said), *labels, Text(score))
    console.print(table)
    console.print(f"{len(shown):,} of {len(found):,} errors; {OptionName('output'):FILE.csv} writes all.", markup=False)
