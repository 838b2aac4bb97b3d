"""What became of a cell since it was ordered: what an earlier run left there is no answer."""

from __future__ import annotations

from pathlib import Path

from erc_bench.store.layout import STATUS_FILE
from erc_bench.store.reading import StoredCell, read_cell
from erc_bench.store.regular_files import changed


def ended_since(ordered: float, folder: Path) -> StoredCell | None:
    """Return a cell that is done or failed by a status not older than ``ordered``, the time of a file beside it."""
    if not changed(folder / STATUS_FILE) >= ordered:  # nan where there is none
        return None
    cell = read_cell(folder)
    return cell if cell.status in ("done", "failed") else None
