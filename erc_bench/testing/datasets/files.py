"""Checks of a dataset's handling of its files, and of files that could harm the user."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from erc_bench.corpora.corpus import check_splits
from erc_bench.errors import ErcBenchError
from erc_bench.testing.datasets.read_dataset import DatasetTrial
from erc_bench.testing.findings import Check, NotApplicableError

_LARGEST = 200_000_000
_MOST_COLUMNS = 12
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_GARBAGE = b"\xff\x00\xfe\x80" * 16


def _untouched(trial: DatasetTrial) -> str:
    trial.files()
    _ = trial.splits
    before = _seen(trial.folder)
    trial.load()
    after = _seen(trial.folder)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    assert not changed, f"{trial.name}: reading it changes {changed[0]} in its folder"
    return f"{len(before)} files are what they were"


def _seen(folder: Path) -> dict[str, tuple[int, int]]:
    found = ((path, path.stat()) for path in folder.rglob("*"))
    return {str(path.relative_to(folder)): (facts.st_size, facts.st_mtime_ns) for path, facts in found}


def _no_code(trial: DatasetTrial) -> str:
    tried = 0
    with _copied(trial) as folder:
        marker = folder.parent / "it-was-run"
        for path in _samples(trial):
            original = (folder / path).read_bytes()
            for what, content in _with_code(original, path, marker):
                (folder / path).write_bytes(content)
                _try_to_load(trial, folder)
                assert not marker.exists(), f"{trial.name}: code that stands in {path} ({what}) is run when it is read"
                tried += 1
            (folder / path).write_bytes(original)
    return f"{tried} files with code in them were read or refused, and none of it ran"


def _damaged(trial: DatasetTrial) -> str:
    told = []
    with _copied(trial) as folder:
        for path in _samples(trial):
            original = (folder / path).read_bytes()
            for what, content in (("empty", b""), ("no text", _GARBAGE)):
                (folder / path).write_bytes(content)
                told.append(_refused(trial, folder, f"{path} ({what})"))
            (folder / path).write_bytes(original)
    return f"{len(told)} damaged files were refused with a sentence, such as: {told[0]}"


def _refused(trial: DatasetTrial, folder: Path, what: str) -> str:
    try:
        check_splits(trial.component(trial.options), trial.load(folder))
    except ErcBenchError as error:
        return error.message.replace(str(folder), "")
    except (Exception, SystemExit) as error:
        raise AssertionError(
            f"{trial.name}: {what} ends in {type(error).__name__}: {error}; an ErcBenchError names file and remedy "
            "(erc.read_csv, erc.read_json, erc.read_lines raise it)"
        ) from error
    raise AssertionError(f"{trial.name}: {what} is read as if nothing were wrong")


def _try_to_load(trial: DatasetTrial, folder: Path) -> None:
    # Whether a damaged file is refused well is another check's question.
    try:
        trial.load(folder)
    except (Exception, SystemExit):
        return


@contextmanager
def _copied(trial: DatasetTrial) -> Iterator[Path]:
    """Copy the files that are read, with their folders; files written elsewhere go to an empty folder."""
    files = trial.files()
    if sum(path.stat().st_size for path in files) > _LARGEST:
        raise NotApplicableError(f"the files are larger than {_LARGEST // 1_000_000} MB, too much to copy")
    _ = trial.splits
    with TemporaryDirectory(prefix="erc-bench-check-", ignore_cleanup_errors=True) as place:
        folder = Path(place).resolve() / trial.folder.name
        for path in files:
            copy = folder / path.relative_to(trial.folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        with chdir(place):
            yield folder


def _samples(trial: DatasetTrial) -> list[Path]:
    """Return the smallest and the first file of each suffix, relative to the folder."""
    by_suffix: dict[str, list[Path]] = {}
    for path in trial.files():
        by_suffix.setdefault(path.suffix, []).append(path)
    chosen = [
        path for paths in by_suffix.values() for path in (paths[0], min(paths, key=lambda each: each.stat().st_size))
    ]
    return [path.relative_to(trial.folder) for path in dict.fromkeys(chosen)]


class _Pickled:
    """Unpickling it makes a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = str(marker)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (self.marker,)


def _with_code(original: bytes, path: Path, marker: Path) -> Iterator[tuple[str, bytes]]:
    """Yield contents that make a file if somebody runs them."""
    expression = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    yield "a pickle", pickle.dumps(_Pickled(marker))
    yield "a Python expression", expression.encode()
    yield "a YAML tag", f'!!python/object/apply:os.mkdir ["{marker}"]'.encode()
    try:
        text = original.decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    parts = {".json": _json_parts}.get(path.suffix, _table_parts if path.suffix in _DELIMITERS else _line_parts)
    for what, content in islice(parts(text, expression, path.suffix), _MOST_COLUMNS):
        yield what, content.encode()


def _line_parts(text: str, expression: str, _suffix: str) -> Iterator[tuple[str, str]]:
    _, newline, rest = text.partition("\n")
    yield "an expression in the first line", f"{expression}{newline}{rest}"


def _table_parts(text: str, expression: str, suffix: str) -> Iterator[tuple[str, str]]:
    rows = list(csv.reader(io.StringIO(text), delimiter=_DELIMITERS[suffix]))
    for column, name in enumerate(rows[0] if len(rows) > 1 else ()):
        changed = [rows[0], [*rows[1][:column], expression, *rows[1][column + 1 :]], *rows[2:]]
        stream = io.StringIO(newline="")
        csv.writer(stream, delimiter=_DELIMITERS[suffix]).writerows(changed)
        yield f"an expression in the column {name}", stream.getvalue()


def _json_parts(text: str, expression: str, _suffix: str) -> Iterator[tuple[str, str]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return
    for name in dict.fromkeys(_names(content)):
        yield f"an expression as {name}", json.dumps(_replaced(content, name, expression))


def _names(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        yield from content
    for part in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _names(part)


def _replaced(content: Any, name: str, expression: str) -> Any:
    if isinstance(content, dict):
        return {key: _put(part, expression) if key == name else _replaced(part, name, expression)
                for key, part in content.items()}  # fmt: skip
    return [_replaced(part, name, expression) for part in content] if isinstance(content, list) else content


def _put(part: Any, expression: str) -> Any:
    if isinstance(part, list) and part and not isinstance(part[0], dict):
        return [expression]
    return expression if not isinstance(part, (dict, list)) else part


FILE_CHECKS: tuple[Check[DatasetTrial], ...] = (
    Check(
        "folder untouched",
        "Size and time of every file in its folder are noted before and after it is read.",
        "A folder that changes by being read has another digest tomorrow, and is often shared or read-only.",
        _untouched,
    ),
    Check(
        "code in the data",
        "Copies of its files get pickles, YAML tags and Python expressions in place of their contents, one field at a "
        "time.",
        "Corpora come from anywhere, and several official loaders unpickle them: opening such a file runs it.",
        _no_code,
    ),
    Check(
        "damaged files",
        "Copies of its files are emptied, or filled with bytes that are not text.",
        "A file that was cut off in a download and is read in silence is a smaller corpus under the same name.",
        _damaged,
    ),
)
