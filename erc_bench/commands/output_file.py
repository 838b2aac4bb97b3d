"""Where a command's answer goes: a file, known to be writable before the work for it is done, or standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

import click

from erc_bench.errors import ErcBenchError, naming
from erc_bench.output.workbook import SUFFIX, check_installed
from erc_bench.shown_text import visible
from erc_bench.store.regular_files import replace_output

XLSX = "xlsx"
"""The one format that is no text."""
_NOT_TEXT = (".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".docx", ".pdf", ".gz", ".zip")


def form_for(form: str, is_asked: bool, file: Path | None) -> str:
    """Return the format that was asked for; of a file that ends in .xlsx that one, where none was."""
    return XLSX if file is not None and file.suffix.lower() == SUFFIX and not is_asked else form


def check_target(file: Path | None, form: str = "") -> None:
    """Try a file that is to be written, and leave everything as it was.

    Raises :class:`ErcBenchError` where it cannot be written, and where its name promises another kind of file than
    its format is.
    """
    if form == XLSX:
        _check_workbook(file)
    if file is None:
        return
    if file.suffix.lower() in _NOT_TEXT and form != XLSX:
        raise ErcBenchError(
            f"{file} would be no {file.suffix} file: text is written, and programs go by the name",
            "Name a .csv file, which spreadsheets open.",
        )
    new_folders: list[Path] = []
    try:
        with naming(f"{file} cannot be written"):
            new_folders += [folder for folder in file.parents if not folder.exists()]
            file.parent.mkdir(parents=True, exist_ok=True)
            _try(file)
    finally:
        for folder in new_folders:
            with suppress(OSError):
                folder.rmdir()


def _check_workbook(file: Path | None) -> None:
    if file is None or file.suffix.lower() != SUFFIX:
        there = "it is not printed" if file is None else f"programs would not open {file} as one"
        raise ErcBenchError(f"an {SUFFIX} file is no text, and {there}", f"Name it: --output FILE{SUFFIX}.")
    check_installed()


def _try(file: Path) -> None:
    if file.exists() and not (file.is_file() or file.is_dir()):
        return  # A pipe would take the attempt for the end of the text.
    if file.exists():
        with file.open("ab"):
            return
    with file.open("xb"):
        pass
    file.unlink()


TEXT = "rich"
"""The one format that is made for a terminal; the others are UTF-8 everywhere."""
_DATA = ("csv", "tsv", "json", "jsonl", "text")
"""What is read again, and keeps every character that it was made of."""


def print_text(text: str, form: str = TEXT) -> None:
    """Print text of a format: for a program that reads it in UTF-8, for a terminal in what that can show."""
    if form == TEXT or sys.stdout.isatty():
        # As it is: without a colour of its own, click would drop what looks like one from the user's text.
        click.echo(text, nl=False, color=True, file=sys.stdout)
    else:
        click.echo((text if form in _DATA else visible(text)).encode(errors="replace"), nl=False)


def write_text(text: str, output: Path | None, told: str = "", form: str = TEXT) -> None:
    """Print text of a format, or write it to a file and say so; ``told`` is said of it.

    Raises :class:`ErcBenchError` for a file that cannot be written.
    """
    if output is None:
        print_text(text, form)
    else:
        write_file((text if form in _DATA else visible(text)).encode(errors="replace"), output, told)


def write_file(content: bytes, output: Path, told: str = "") -> None:
    """Write a file and say so; ``told`` is said of it. Raises :class:`ErcBenchError` where it cannot be written."""
    with naming(f"{output} cannot be written"):
        output.parent.mkdir(parents=True, exist_ok=True)
        replace_output(output, content)
    click.echo(f"Written to {output}{told}.", err=True)


@contextmanager
def components_aside() -> Iterator[None]:
    """Let what is printed go to standard error: a program may be reading the answer on standard output."""
    with redirect_stdout(sys.stderr):
        yield
