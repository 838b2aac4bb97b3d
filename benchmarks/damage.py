"""What every command says of a finished cell that was damaged: 28 kinds of damage, each done to a copy.

Run: ``python benchmarks/damage.py RUNS [--seconds N]``. RUNS holds at least two small finished cells of one
dataset; the first one is damaged, so that the others show whether it costs them anything. A command that takes
longer than the seconds hangs.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file, save

from erc_bench.cli import main as erc_bench
from erc_bench.running.state import RUNS_UNDER, find
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.layout import ARRAYS_FILE, PREDICTIONS_FILE, RECORD_FILE, STATUS_FILE
from erc_bench.store.reading import read_cell

_HANGS = "hangs"
FILES = (PREDICTIONS_FILE, RECORD_FILE, ARRAYS_FILE, STATUS_FILE)


def emptied(file: Path) -> None:
    """Leave no byte."""
    file.write_bytes(b"")


def truncated(file: Path) -> None:
    """Keep the first half."""
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def garbled(file: Path) -> None:
    """Turn every bit of the last tenth; the size stays."""
    content = file.read_bytes()
    start = len(content) - len(content) // 10 - 1
    file.write_bytes(content[:start] + bytes(byte ^ 255 for byte in content[start:]))


def relabelled(file: Path) -> None:
    """Write something else that a reader takes as well: a label, a score, a number of the same size."""
    change: dict[str, Callable[[bytes], bytes]] = {
        PREDICTIONS_FILE: _another_label,
        RECORD_FILE: _another_score,
        ARRAYS_FILE: _another_number,
        STATUS_FILE: lambda content: content.replace(b'"done"', b'"fine"'),
    }
    content = file.read_bytes()
    changed = change[file.name](content)
    assert changed != content
    file.write_bytes(changed)


def replaced_by_a_folder(file: Path) -> None:
    """Put an empty folder in its place."""
    file.unlink()
    file.mkdir()


def replaced_by_a_link(file: Path) -> None:
    """Put a link to a copy of it in its place; the copy lies beside the folder of runs."""
    copy = file.parents[6] / f"copy of {file.name}"
    shutil.move(file, copy)
    file.symlink_to(copy)


def replaced_by_a_pipe(file: Path) -> None:
    """Put a pipe in its place, into which nobody writes."""
    file.unlink()
    os.mkfifo(file)


KINDS = (
    emptied,
    truncated,
    garbled,
    relabelled,
    replaced_by_a_folder,
    replaced_by_a_link,
    replaced_by_a_pipe,
)


def _another_label(content: bytes) -> bytes:
    head, first, *rest = content.decode().split("\n")
    fields, labels = first.split(","), head.split(",")[4:]
    fields[3] = next(label for label in labels if label != fields[3])
    return "\n".join([head, ",".join(fields), *rest]).encode()


def _another_score(content: bytes) -> bytes:
    record = json.loads(content)
    record["metrics"]["test"]["weighted_f1"] = 99.5
    return json.dumps(record, indent=1).encode()


def _another_number(content: bytes) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        file.write(content)
        file.flush()
        arrays = load_file(file.name)
    first = min(arrays)
    arrays[first] = arrays[first] + 1
    return save(arrays)


def said(folder: Path, runs: Path, present_inputs: dict[str, Any], seconds: int) -> Iterator[str]:
    """Yield in a word or two what each looks at a damaged cell comes to: reading, run, compare, report, archive, rm."""
    yield read_cell(folder).status
    found = find(folder, present_inputs, ())
    yield "runs again" if found.state in RUNS_UNDER["missing"] else f"skips ({found.state})"
    page, packed = runs.with_name("report.html"), runs.with_name("cells.tar.gz")
    for arguments in (["compare"], ["report", "--no-figures", "--output", str(page)]):
        yield _of_the_others(_told([*arguments, "--runs", str(runs)], seconds), folder)
    told = _told(["archive", "--runs", str(runs), "--output", str(packed)], seconds)
    yield told if told == _HANGS else "left, named" if f"{folder}: it is damaged" in told else "packed"
    told = _told(["rm", "--runs", str(runs), "--state", "damaged", "--yes"], seconds)
    yield told if told == _HANGS else "left" if folder.exists() else "removed"


class _HangsError(BaseException):
    """A command that takes too long; no command may catch it."""


def _hangs(_number: int, _frame: Any) -> None:
    raise _HangsError


def _of_the_others(told: str, folder: Path) -> str:
    name = "/".join(folder.parts[-5:])
    if told == _HANGS:
        return told
    if "Error: " in told:
        return "stops"
    return "left out, named" if f"{name} (damaged)" in " ".join(told.split()) else "counted"


def _told(arguments: list[str], seconds: int) -> str:
    """Run a command in this process; return what it prints."""
    told = io.StringIO()
    before = signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(seconds)
    try:
        with redirect_stdout(told), redirect_stderr(told):
            erc_bench(arguments)
    except SystemExit:
        pass
    except _HangsError:
        return _HANGS
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return told.getvalue()


def main() -> None:
    """Print a table with a line for each kind of damage."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("runs", type=Path, help="A folder of runs with finished cells of one dataset.")
    parser.add_argument("--seconds", type=int, default=60, help="Longer than this is hanging.")
    asked = parser.parse_args()
    os.environ["COLUMNS"] = "1000"
    cell = next(each for each in read_cells(asked.runs) if each.status == "done")
    names = [name for name in FILES if (cell.folder / name).is_file()]
    heads = ("file", "damage", "reading", "run", "compare", "report", "archive", "rm --state damaged")
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for name, kind in ((name, kind) for name in names for kind in KINDS):
        with tempfile.TemporaryDirectory() as place:
            runs = Path(shutil.copytree(asked.runs, Path(place, "runs")))
            folder = runs.joinpath(*cell.folder.parts[-5:])
            kind(folder / name)
            words = said(folder, runs, cell.record["inputs"], asked.seconds)
            print("| " + " | ".join((name, kind.__name__.replace("_", " "), *words)) + " |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
