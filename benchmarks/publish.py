"""Copy the finished cells of a folder of runs in the form in which results are committed.

    python benchmarks/publish.py runs benchmarks/results/laptop

Records are copied as they are, of the arrays the label anchors, and predictions gzipped, so that
``erc-bench compare --runs benchmarks/results/laptop`` makes every table again. The scores of further
readouts and representations are left out, and so are saved models. Each status says size and sha256 of what is
published, and in ``published_from`` those of what the run wrote (null where it did not say). Damaged cells are
left out and named. The ledger goes along, with all its lines, so that captions count every configuration that was
scored on test, and so does what suites declared.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file, save

from erc_bench.store import declarations
from erc_bench.store.file_contents import content_of
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.layout import ARRAYS_FILE, KEY_COLUMNS, PACKED, PREDICTIONS_FILE, RECORD_FILE, STATUS_FILE
from erc_bench.store.ledger import append_missing, read_ledger
from erc_bench.store.predictions import predictions_file, read_file
from erc_bench.store.reading import StoredCell, read_status


def publish(runs: Path, folder: Path) -> tuple[int, int, list[StoredCell]]:
    """Copy what is done; return the number of cells and of bytes, and the damaged cells, which are left out."""
    found = read_cells(runs)
    cells = [cell for cell in found if cell.status == "done"]
    folder.mkdir(parents=True, exist_ok=True)
    append_missing(folder, read_ledger(runs))
    declarations.append_missing(folder, declarations.read_declarations(runs))
    size = sum(_publish_cell(cell, folder.joinpath(*cell.folder.parts[-5:])) for cell in cells)
    return len(cells), size, [cell for cell in found if cell.status == "damaged"]


def _publish_cell(cell: StoredCell, target: Path) -> int:
    target.mkdir(parents=True, exist_ok=True)
    contents = {RECORD_FILE: (cell.folder / RECORD_FILE).read_bytes()}
    if (cell.folder / ARRAYS_FILE).is_file():
        contents[ARRAYS_FILE] = _anchors(cell.folder / ARRAYS_FILE)
    if not cell.record["dev_only"]:
        contents[PREDICTIONS_FILE + PACKED] = _packed(predictions_file(cell), scores=True)
    for readout in cell.record["readouts"]:
        file = predictions_file(cell, readout)
        if file.is_file():
            contents[file.name.removesuffix(PACKED) + PACKED] = _packed(file, scores=False)
    contents[STATUS_FILE] = _status(read_status(cell.folder), contents)
    # The status comes last: what is interrupted is no finished cell.
    (target / STATUS_FILE).unlink(missing_ok=True)
    for name, content in contents.items():
        (target / name).write_bytes(content)
    return sum(map(len, contents.values()))


def _status(stored: dict[str, Any], contents: Mapping[str, bytes]) -> bytes:
    """Return a status that says what is published, and what the run wrote."""
    published = {name: content_of(contents[name]) for name in sorted(contents)}
    written = stored.get("published_from", stored.get("contents"))
    status = {**stored, "files": list(published), "contents": published, "published_from": written}
    return json.dumps(status, indent=1).encode()


def _anchors(file: Path) -> bytes:
    arrays = load_file(file)
    return save({name: arrays[name] for name in sorted(arrays) if name.startswith("anchors.")})


def _packed(file: Path, scores: bool) -> bytes:
    rows = list(csv.reader(io.StringIO(read_file(file).decode(), newline="")))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows if scores else [row[: len(KEY_COLUMNS)] for row in rows])
    # Without a time in it, the same predictions give the same file.
    return gzip.compress(text.getvalue().encode(), mtime=0)


def main() -> None:
    """Read the arguments and publish."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("runs", type=Path, help="A folder of runs.")
    parser.add_argument("folder", type=Path, help="Where to put the copies.")
    asked = parser.parse_args()
    cells, size, damaged = publish(asked.runs, asked.folder)
    for cell in damaged:
        sys.stderr.write(f"Left out: {cell.name} is damaged: {cell.told}\n")
    sys.stdout.write(f"{cells} cells, {size / 2**20:.1f} MiB, in {asked.folder}\n")


if __name__ == "__main__":
    main()
