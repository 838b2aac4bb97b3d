"""Whether a file can be written, known before the work for it is done."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def check_target(file: Path | None) -> None:
    """Try a file that is to be written, and leave everything as it was.

    Raises :class:`ErcBenchError` where it cannot be written.
    """
    from erc_bench.errors import ErcBenchError

    if file is None:
        return
    new_folders: list[Path] = []
    try:
        new_folders += [folder for folder in file.parents if not folder.exists()]
        file.parent.mkdir(parents=True, exist_ok=True)
        _try(file)
    except OSError as error:
        raise ErcBenchError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        for folder in new_folders:
            with suppress(OSError):
                folder.rmdir()


def _try(file: Path) -> None:
    if file.exists() and not (file.is_file() or file.is_dir()):
        return  # A pipe would take the attempt for the end of the text.
    if file.exists():
        with file.open("ab"):
            return
    with file.open("xb"):
        pass
    file.unlink()
