"""When suites declared their comparisons: ``declarations.jsonl`` beside the ledger, which only ever grows too.

A line is written before the first cell of a suite runs, once for each set of comparisons.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from erc_bench import __version__
from erc_bench.store.appended_lines import Tell, append_lines, locked, read_lines
from erc_bench.store.layout import DECLARATIONS_FILE, LEDGER_LOCK_FILE

_log = logging.getLogger("erc_bench")


@dataclass(frozen=True)
class Declaration:
    """Comparisons that a suite declared. ``declared`` is when (UTC, ISO 8601, to the second), ``sha256`` theirs."""

    suite: str
    declared: str
    sha256: str
    comparisons: Sequence[Mapping[str, Any]]
    version: str


def digest(comparisons: Sequence[Mapping[str, Any]]) -> str:
    """Return the sha256 of comparisons, in whatever order they and their keys stand."""
    lines = sorted(json.dumps(each, sort_keys=True) for each in comparisons)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_declarations(runs: Path, tell: Tell | None = None) -> list[Declaration]:
    """Read what was declared in a folder of runs, in the order in which it was; ``tell`` takes faults of lines."""
    return read_lines(runs / DECLARATIONS_FILE, Declaration, tell or _log.warning)


def declare(runs: Path, suite: str, comparisons: Sequence[Mapping[str, Any]]) -> None:
    """Put the comparisons of a suite on record, with the time of now, where these are not yet.

    Raises :class:`OSError` where they cannot be written.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    append_missing(runs, [Declaration(suite, now, digest(comparisons), comparisons, __version__)])


def append_missing(runs: Path, declarations: Sequence[Declaration]) -> None:
    """Write those declarations whose suite and comparisons are not in the folder yet, with the times they have."""
    with locked(runs / LEDGER_LOCK_FILE):
        known = {(each.suite, each.sha256) for each in read_declarations(runs)}
        new = [each for each in declarations if (each.suite, each.sha256) not in known]
        append_lines(runs / DECLARATIONS_FILE, [json.dumps(asdict(each)) for each in new])
