"""Write one cell so that a half-written one is never taken for a result.

Every file is written beside its place and renamed; ``status.json``, the last, says that all the
others are there, with size and sha256 of each.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from safetensors.numpy import save

from erc_bench.contracts.types import UtteranceKey
from erc_bench.store import layout
from erc_bench.store.file_contents import Content, content_in, content_of
from erc_bench.store.regular_files import is_regular, kind_of, refuse_filled, remove_irregular, write_whole


class CellBusyError(Exception):
    """Another process is running the cell."""


class CellWriter:
    """Holds the lock of one cell's folder and writes its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contents: dict[str, Content] = {}
        self._lock: FileLock | None = None

    @property
    def files(self) -> list[str]:
        """The paths of the files that were written, in their order, without the status."""
        return list(self.contents)

    def open(self, wait: bool = False) -> CellWriter:
        """Take the cell's lock; raise :class:`CellBusyError` where another process holds it.

        Raises :class:`ErcBenchError` where a folder that holds something is in the lock's place.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_irregular(self.folder / layout.LOCK_FILE)
        self._lock = FileLock(self.folder / layout.LOCK_FILE)
        try:
            self._lock.acquire(timeout=-1 if wait else 0)
        except Timeout as error:
            raise CellBusyError(str(self.folder)) from error
        return self

    def __enter__(self) -> CellWriter:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the cell."""
        if self._lock is not None:
            self._lock.release()

    def clear(self) -> None:
        """Remove the files of an earlier run of the cell, the status first; links and pipes in their places as well.

        Raises :class:`ErcBenchError`, before anything is removed, for a folder that holds something in the place of
        one of its files.
        """
        entries = sorted(self.folder.iterdir(), key=lambda path: path.name != layout.STATUS_FILE)
        for path in entries:
            if layout.is_cell_file(layout.whole_of(path.name)):
                refuse_filled(path)
        for path in entries:
            self._remove(path)
        self.contents = {}

    def _remove(self, path: Path) -> None:
        name = layout.whole_of(path.name)
        if name == layout.MODEL_FOLDER and kind_of(path) == "a folder":
            shutil.rmtree(path)
        elif path.name != layout.LOCK_FILE and is_regular(path):
            path.unlink()
        elif name == layout.MODEL_FOLDER or layout.is_cell_file(name):
            remove_irregular(path)

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Write the record of the run."""
        self._write(layout.RECORD_FILE, json.dumps(record, indent=1, allow_nan=False).encode())

    def write_predictions(
        self,
        readout: str | None,
        rows: Iterable[tuple[UtteranceKey, str, str]],
        scores: np.ndarray,
        labels: Sequence[str],
    ) -> None:
        """Write one line per test utterance: key, gold, predicted, a score per label (n, classes).

        A row of nan, where there is no answer, has zeros.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["dialogue_id", "utterance", "gold", "predicted", *labels])
        for (key, gold, predicted), row in zip(rows, np.nan_to_num(scores).tolist(), strict=True):
            writer.writerow([*key, gold, predicted, *(f"{value:.4f}" for value in row)])
        name = layout.PREDICTIONS_FILE if readout is None else layout.readout_file(readout)
        self._write(name, text.getvalue().encode())

    def write_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Write named arrays as safetensors."""
        self._write(layout.ARRAYS_FILE, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))

    def write_model(self, write: Callable[[Path], None]) -> None:
        """Let ``write`` fill the folder of the trained model, which appears when all its files are there."""
        temporary = self.folder / layout.part_of(layout.MODEL_FOLDER)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            write(temporary)
            files = sorted(path.relative_to(temporary).as_posix() for path in temporary.rglob("*") if path.is_file())
            contents = {}
            for name in files:
                # safetensors lets nobody else read what it writes; the other files of a cell are readable.
                (temporary / name).chmod((self.folder / layout.LOCK_FILE).stat().st_mode)
                contents[f"{layout.MODEL_FOLDER}/{name}"] = _sync(temporary / name)
            temporary.replace(self.folder / layout.MODEL_FOLDER)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self.contents |= contents

    def finish(
        self, status: layout.Status, error: str = "", traceback: str = "", inputs: Mapping[str, Any] | None = None
    ) -> None:
        """Write the status, after which the cell counts; ``inputs`` are the inputs of a failed cell."""
        if traceback:
            self._write(layout.TRACEBACK_FILE, traceback.encode())
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        content: dict[str, Any] = {
            "status": status,
            "finished": finished,
            "files": self.files,
            "contents": self.contents,
        }
        if error:
            content["error"] = error
        if inputs is not None:
            content["inputs"] = dict(inputs)
        self._write(layout.STATUS_FILE, json.dumps(content, indent=1).encode())

    def _write(self, name: str, content: bytes) -> None:
        write_whole(self.folder / name, content)
        if name != layout.STATUS_FILE:
            self.contents[name] = content_of(content)


def _sync(file: Path) -> Content:
    """Bring a file to the disk; return its size and digest."""
    with file.open("rb", buffering=0) as stream:
        os.fsync(stream.fileno())
        return content_in(stream)
