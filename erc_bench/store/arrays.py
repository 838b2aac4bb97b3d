"""Read the named arrays of a cell: label anchors, and representations where they were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from erc_bench.errors import ErcBenchError
from erc_bench.store.layout import ARRAYS_FILE
from erc_bench.store.reading import StoredCell
from erc_bench.store.regular_files import is_regular

REPRESENTATIONS = "representations.test"
"""The test representations (n, dim), in the order of the file of predictions."""
PROJECTED = "representations.test.projected"
"""The same as the objective projects them, where that differs: the space in which anchors lie."""


def array_names(folder: Path) -> frozenset[str]:
    """Return the names of a cell's arrays; none where there is no file of them.

    Raises :class:`ErcBenchError` where the file cannot be read.
    """
    if not is_regular(folder / ARRAYS_FILE):
        return frozenset()
    with _opened(folder / ARRAYS_FILE) as arrays:
        return frozenset(arrays.keys())


def read_array(cell: StoredCell, name: str) -> npt.NDArray[np.float64] | None:
    """Return one array of a cell, (rows, dim); ``None`` where the cell has none of that name.

    Raises :class:`ErcBenchError` where the file cannot be read, or holds something else there.
    """
    if name not in array_names(cell.folder):
        return None
    with _opened(cell.folder / ARRAYS_FILE) as arrays:
        values = np.asarray(arrays.get_tensor(name), dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ErcBenchError(f"{cell.folder / ARRAYS_FILE}: {name} must be finite numbers in rows and columns")
    return values


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    # A type that numpy does not know is a TypeError, or a KeyError in older versions of the library.
    try:
        with safe_open(file, framework="numpy") as arrays:
            yield arrays
    except (OSError, SafetensorError, TypeError, KeyError) as error:
        raise ErcBenchError(f"{file} cannot be read: {' '.join(str(error).split())}") from None
