"""Read a TOML file of settings: a mistake in it is a sentence with the file's name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from erc_bench.errors import ErcBenchError


def load_toml(file: Path, what: str, hint: str = "") -> dict[str, Any]:
    """Return the content of a file; ``what`` names such a file in a message.

    Raises :class:`ErcBenchError` where there is none or it is no TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ErcBenchError(f"there is no {what} {file}", hint) from None
    except OSError as error:
        raise ErcBenchError(f"{file} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ErcBenchError(f"{file} is no TOML file: {error}") from None


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (address, value): ``"objective.temperature"`` in quotes and without them is the same."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def refuse(file: Path, problems: Sequence[str], hint: str = "") -> None:
    """Raise :class:`ErcBenchError` with everything that is wrong with a file, if anything is."""
    if problems:
        many = f"{len(problems)} things are wrong:\n  " if len(problems) > 1 else ""
        raise ErcBenchError(f"{file}: {many}" + "\n  ".join(problems), hint)
