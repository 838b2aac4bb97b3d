"""``erc-bench errors``: which utterances of the test split were answered wrongly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.options import takes
from erc_bench.commands.output_file import check_target, components_aside, write_text
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.planning.table_requests import ErrorsRequest

if TYPE_CHECKING:
    import pandas as pd

_TABLE = "table"
_ENDINGS = {".csv": "csv", ".jsonl": "jsonl"}


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
    check_target(output)
    with components_aside():
        found = _chosen(_errors(request, runs), request)
    if form == _TABLE:
        _print_table(found, request.most)
        return
    text = found.to_csv(index=False) if form == "csv" else _lines(found)
    write_text(text, output, f": {len(found):,} errors", form=form)


def _form(asked: str | None, output: Path | None) -> str:
    if output is None:
        return asked or _TABLE
    form = asked or _ENDINGS.get(output.suffix, "")
    if form not in _ENDINGS.values():
        raise ErcBenchError(f"{output.name}: errors are not written so", "Name a .csv or .jsonl file.")
    return form


def _errors(request: ErrorsRequest, runs: Path) -> pd.DataFrame:
    from erc_bench.experiments.wrong_answers import load_errors

    cells = _answered(request, runs)
    return load_errors(
        cells, request.readout, context=request.context, data_dir=request.data_dir, plugins=request.plugins
    )


def _answered(request: ErrorsRequest, runs: Path) -> Any:
    """Return the folder of the one cell, or a frame of several, that have answers on test and were asked for."""
    import pandas as pd

    from erc_bench.experiments.frames import only_named
    from erc_bench.store.layout import STATUS_FILE, visible_below
    from erc_bench.store.reading import read_cell

    if (runs / STATUS_FILE).exists():
        return runs
    known = [read_cell(file.parent.absolute()) for file in sorted(visible_below(runs, f"seed-*/{STATUS_FILE}"))]
    done = [cell for cell in known if cell.status == "done" and not cell.typed.dev_only]
    done = only_named(done, "dataset", request.datasets or None)
    done = only_named(done, "method", request.methods or None)
    if not done:
        raise ErcBenchError(f"no run in {runs} has answers on test", "Name the folder of finished runs, or of one.")
    return pd.DataFrame({"folder": [str(cell.folder) for cell in done]})


def _chosen(found: pd.DataFrame, request: ErrorsRequest) -> pd.DataFrame:
    for column, wanted in (("gold", request.gold), ("predicted", request.predicted)):
        for label in wanted:
            if label not in set(found["gold"]) | set(found["predicted"]):
                known = did_you_mean(label, {*found["gold"], *found["predicted"]})
                raise ErcBenchError(f"{OptionName(column):{label}}: no error is about such a label; {known}")
        if wanted:
            found = found[found[column].isin(list(wanted))]
    return found


def _lines(found: pd.DataFrame) -> str:
    # What a system gave no score for is nothing in JSON.
    rows = found.astype(object).where(found.notna(), None).to_dict("records")
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


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
