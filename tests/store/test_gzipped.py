"""Gzipped files: what is intact is read, what is damaged is named, and none fills the memory."""

import gzip
import tracemalloc

import pytest
import store_fixture

from erc_bench.errors import ErcBenchError
from erc_bench.store.predictions import read_answers
from erc_bench.store.reading import read_cell
from erc_bench.store.regular_files import unpack

TEXT = b"dialogue_id,utterance,gold,predicted\n" * 50


@pytest.fixture
def pack(tmp_path):
    """Return a function that writes bytes as a file."""

    def pack(content, name="answers.csv.gz"):
        file = tmp_path / name
        file.write_bytes(content)
        return file

    return pack


def wrong(file, most=2**20):
    with pytest.raises(ErcBenchError) as error:
        unpack(file, most)
    assert str(file) in error.value.message
    assert "\n" not in error.value.message
    return error.value


def test_what_is_packed_comes_back(pack):
    assert unpack(pack(gzip.compress(TEXT))) == TEXT
    assert unpack(pack(gzip.compress(TEXT) + gzip.compress(b"more"))) == TEXT + b"more"
    assert unpack(pack(gzip.compress(TEXT)), len(TEXT)) == TEXT


PACKED_TEXT = gzip.compress(TEXT, mtime=0)


@pytest.mark.parametrize(
    ("damaged", "told"),
    [
        pytest.param(TEXT, "Not a gzipped file", id="plain"),
        pytest.param(PACKED_TEXT[:-12], "ended before the end", id="cut"),
        pytest.param(PACKED_TEXT[:-8] + b"\0" * 8, "CRC check failed", id="checksum"),
        pytest.param(PACKED_TEXT[:10] + b"\xff" * 40, "invalid block type", id="content"),
    ],
)
def test_a_damaged_file_is_one_sentence(pack, damaged, told):
    assert told in wrong(pack(damaged)).message


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_all_there(pack):
    bomb = pack(gzip.compress(bytes(200 * 2**20), compresslevel=1))
    assert bomb.stat().st_size < 2**20
    tracemalloc.start()
    error = wrong(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.message.endswith("unpacks to more than 1 MiB, which no file of predictions needs")
    assert error.hint == "If it is right, unpack it yourself: gunzip --keep answers.csv.gz"
    assert peak < 8 * 2**20


def test_a_file_that_cannot_be_opened_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        unpack(tmp_path / "nothing.gz")


def test_the_answers_of_a_cell_may_be_packed(store):
    folder = store.add("ce", 1)
    file = folder / "predictions.csv"
    plain = read_answers(read_cell(folder))
    packed = file.with_name("predictions.csv.gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    file.unlink()
    store_fixture.without_contents(folder)
    assert read_answers(read_cell(folder)) == plain
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(ErcBenchError, match=r"predictions\.csv\.gz cannot be unpacked: "):
        read_answers(read_cell(folder))
