"""Named arrays of a cell."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from erc_bench.errors import ErcBenchError
from erc_bench.store.arrays import array_names, read_array
from erc_bench.store.reading import read_cell


@pytest.fixture
def cell(store):
    return read_cell(store.add("eacl", 1))


def write(cell, **arrays):
    save_file(arrays, str(cell.folder / "arrays.safetensors"))


def test_an_array_is_read_by_its_name_whatever_its_precision(cell):
    write(cell, whole=np.eye(3, dtype=np.float32), half=np.full((2, 2), 0.5, dtype=np.float16))
    assert array_names(cell.folder) == {"whole", "half"}
    assert read_array(cell, "half").tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert read_array(cell, "whole").dtype == np.float64
    assert read_array(cell, "other") is None


def test_a_cell_without_arrays_has_none(cell):
    assert array_names(cell.folder) == frozenset()
    assert read_array(cell, "anchors.raw") is None


@pytest.mark.parametrize(
    "content", [b"", b"no safetensors", b"\xff" * 200, b'\x08\x00\x00\x00\x00\x00\x00\x00{"a":1}x']
)
def test_a_file_that_cannot_be_read_is_named(cell, content):
    (cell.folder / "arrays.safetensors").write_bytes(content)
    with pytest.raises(ErcBenchError, match=r"arrays\.safetensors cannot be read"):
        array_names(cell.folder)


@pytest.mark.parametrize("array", [np.ones(3), np.ones((2, 2, 2)), np.array([[1.0, np.nan]]), np.array([[np.inf]])])
def test_what_is_no_table_of_finite_numbers_is_told(cell, array):
    write(cell, strange=array)
    with pytest.raises(ErcBenchError, match="strange must be finite numbers in rows and columns"):
        read_array(cell, "strange")
