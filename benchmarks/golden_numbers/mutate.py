"""Apply one-line changes of meaning to a copy of the code, one by one, and say which the golden numbers notice.

    python benchmarks/golden_numbers/mutate.py [--only NAME ...]

One process imports what is never changed; a child of it, for each change, imports the copy and trains the cases.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
_COPIED = ("erc_bench", "plugins", "benchmarks/golden_numbers")


@dataclass(frozen=True)
class Mutation:
    """A change of one line: in ``file``, ``find`` becomes ``replace``; ``cases`` are trained to see it."""

    name: str
    file: str
    find: str
    replace: str
    cases: tuple[str, ...]


def mutations() -> list[Mutation]:
    """Read the list."""
    content = tomllib.loads((HERE / "mutations.toml").read_text(encoding="utf-8"))["mutation"]
    return [Mutation(**{**entry, "cases": tuple(entry["cases"])}) for entry in content]


def noticed(wanted: list[Mutation]) -> dict[str, str]:
    """Return what the golden numbers say of each change, by its name; empty where no number moved.

    The first entry, "nothing changed", has all their cases trained on the copy as it is.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in _COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        _import_libraries()
        cases = tuple(dict.fromkeys(case for mutation in wanted for case in mutation.cases))
        found = {"nothing changed": _in_child(copy, cases)}
        for mutation in wanted:
            with _applied(copy, mutation):
                found[mutation.name] = _in_child(copy, mutation.cases)
        return found


@contextmanager
def _applied(copy: Path, mutation: Mutation) -> Iterator[None]:
    file = copy / mutation.file
    before = file.read_text(encoding="utf-8")
    if before.count(mutation.find) != 1:
        raise SystemExit(f"{mutation.name}: {mutation.find!r} stands {before.count(mutation.find)} times in {file}")
    file.write_text(before.replace(mutation.find, mutation.replace), encoding="utf-8")
    # Compiled within the same second, a file of the same length would be taken for the one before it.
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
        compiled.unlink()
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            compiled.unlink()


def _import_libraries() -> None:
    import scipy.stats  # noqa: F401
    import torch
    import transformers.models.bert.modeling_bert
    import transformers.models.bert.tokenization_bert  # noqa: F401

    # A process with further threads cannot be forked safely.
    torch.set_num_threads(1)


def _in_child(copy: Path, cases: tuple[str, ...]) -> str:
    """Train cases in a process that imports the copy; return the first difference, or how it failed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            said = _first_difference(copy, cases)
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        with os.fdopen(writing, "w", encoding="utf-8") as stream:
            json.dump(said, stream)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stream:
        content = stream.read()
    os.waitpid(child, 0)
    said = json.loads(content) if content else "its process died"
    assert isinstance(said, str)
    return said


def _first_difference(copy: Path, names: tuple[str, ...]) -> str:
    sys.path[:0] = [str(copy), str(copy / "plugins"), str(copy / "benchmarks")]
    import erc_bench

    assert Path(erc_bench.__file__).is_relative_to(copy), "the copy is not what is imported"
    from golden_numbers.cases import CASES
    from golden_numbers.recording import differences, read_numbers, record

    known: dict[str, Any] = read_numbers(copy / "benchmarks/golden_numbers/numbers.json")["float64"]
    by_name = {case.name: case for case in CASES}
    for name in names:
        if wrong := differences(record(by_name[name], "float64"), known[name], "float64"):
            return f"{name}: {wrong[0]}"
    return ""


def main() -> int:
    """Say what became of every change; exit code 1 where one was not noticed, or the copy itself differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="*", help="Names of changes.")
    parser.add_argument("--json", action="store_true", help="Print an object instead of a table.")
    asked = parser.parse_args()
    wanted = [mutation for mutation in mutations() if not asked.only or mutation.name in asked.only]
    found = noticed(wanted)
    if asked.json:
        sys.stdout.write(json.dumps(found))
        return 0
    for name, said in found.items():
        sys.stdout.write(f"{name:60} {said or 'no number moved'}\n")
    return int(bool(found.pop("nothing changed")) or not all(found.values()))


if __name__ == "__main__":
    sys.exit(main())
