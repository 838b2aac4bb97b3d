"""Errors that speak of the options of a command, in the words of its function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from erc_bench.errors import ErcBenchError

_OPTION = re.compile(r"--([a-z][a-z-]*)(?: (missing|failed|stale|always|cpu|FILE|DIR)\b)?")
_ARGUMENT = {"set": "settings", "settings": "settings_files", "method": "methods", "dataset": "datasets"}
_ARGUMENT |= {"backbone": "backbones", "readout": "readouts", "plugin": "plugins"}


@contextmanager
def in_python() -> Iterator[None]:
    """Name arguments (``dev_only``) where an error names options (``--dev-only``); commands stay what they are."""
    try:
        yield
    except ErcBenchError as error:
        raise ErcBenchError(translated(error.message), translated(error.hint)) from error.__cause__


def translated(text: str) -> str:
    """Return a text with the arguments of functions in the place of options."""
    return "\n".join(line if "erc-bench " in line else _OPTION.sub(_argument, line) for line in text.split("\n"))


def _argument(found: re.Match[str]) -> str:
    name, value = found.groups()
    argument = _ARGUMENT.get(name, name.replace("-", "_"))
    return f'{argument}="{value}"' if value else argument
