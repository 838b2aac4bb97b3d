"""The ledger of a folder of runs: which cells were ever scored on test, whether or not they are still there.

``ledger.jsonl`` has one JSON object on each line and only ever grows. A cell's line is written when its test score
exists, before its status says that it is done: whoever looks at test and then stops or removes the cell has still
looked.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from erc_bench.store.appended_lines import append_lines, locked, read_lines
from erc_bench.store.layout import LEDGER_FILE, LEDGER_LOCK_FILE, PACKED, PREDICTIONS_FILE, CellAddress
from erc_bench.store.regular_files import as_stored, unpack

_log = logging.getLogger("erc_bench")
_ADDRESS = CellAddress.__dataclass_fields__


@dataclass(frozen=True)
class LedgerEntry:
    """One cell that was scored on test.

    ``scored`` is when (UTC, ISO 8601, to the second). ``limit`` is the number of dialogues of a partial run, else
    ``None``. ``predictions_sha256`` is that of the unpacked predictions, ``data_fingerprint`` that of the corpus,
    ``version`` that of erc-bench; each is empty where a record of old does not say.
    """

    address: CellAddress
    scored: str
    regime: str | None
    limit: int | None
    predictions_sha256: str
    data_fingerprint: str
    version: str

    @property
    def configuration(self) -> tuple[str, str]:
        """Backbone and settings, which tell configurations of a method apart."""
        return self.address.backbone, self.address.settings_hash

    @property
    def result(self) -> tuple[CellAddress, str]:
        """Which answers of which cell were scored, whenever that was."""
        return self.address, self.predictions_sha256


def entry_of(folder: Path, record: Mapping[str, Any], scored: datetime | None = None) -> LedgerEntry | None:
    """Return the entry of a cell whose predictions are written; ``None`` where it has no test score.

    ``scored`` is the time of the entry, without it now. Raises :class:`OSError` where the predictions cannot be read.
    """
    if not record["metrics"].get("test"):
        return None
    file = as_stored(folder / PREDICTIONS_FILE)
    content = unpack(file) if file.suffix == PACKED else file.read_bytes()
    return LedgerEntry(
        address=CellAddress(**{name: record[name] for name in _ADDRESS}),
        scored=(scored or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
        regime=record.get("regime"),
        limit=record.get("limit"),
        predictions_sha256=hashlib.sha256(content).hexdigest(),
        data_fingerprint=str(record.get("data", {}).get("fingerprint") or ""),
        version=str(record.get("provenance", {}).get("versions", {}).get("erc-bench", "")),
    )


def read_ledger(runs: Path, tell: Callable[[str], None] | None = None) -> list[LedgerEntry]:
    """Read the ledger of a folder of runs, in the order in which it was written; empty where there is none.

    ``tell`` takes a sentence for each line that cannot be read, as a writer that was killed leaves one; without it
    they are logged as warnings.
    """
    return read_lines(runs / LEDGER_FILE, LedgerEntry, tell or _log.warning, _with_address)


def append(runs: Path, entries: Iterable[LedgerEntry]) -> None:
    """Write entries at the end of the ledger; several processes may.

    Raises :class:`OSError` where they cannot be written.
    """
    with locked(runs / LEDGER_LOCK_FILE):
        append_lines(runs / LEDGER_FILE, map(_line, entries))


def append_missing(
    runs: Path, entries: Iterable[LedgerEntry], same: Callable[[LedgerEntry], object] = lambda entry: entry
) -> None:
    """Write those entries at the end of the ledger that are not in it yet; ``same`` gives the identity of an entry.

    Raises :class:`OSError` where they cannot be written.
    """
    with locked(runs / LEDGER_LOCK_FILE):
        known = {same(entry) for entry in read_ledger(runs)}
        append_lines(runs / LEDGER_FILE, [_line(entry) for entry in entries if same(entry) not in known])


def _with_address(found: Mapping[str, object]) -> dict[str, object]:
    # The address stands among the other fields.
    return {**found, "address": found}


def _line(entry: LedgerEntry) -> str:
    fields = {**vars(entry.address), **{name: value for name, value in vars(entry).items() if name != "address"}}
    return json.dumps(fields)
