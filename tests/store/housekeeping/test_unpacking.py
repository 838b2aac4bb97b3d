"""Cells come to their places as a whole, and nothing else comes."""

import io
import tarfile

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.store.housekeeping import unpacking
from erc_bench.store.housekeeping.found_cells import find_cells
from erc_bench.store.housekeeping.packing import pack
from erc_bench.store.housekeeping.unpacking import copy, restore
from erc_bench.store.index.all_cells import read_cells

CELL = "meld/ce/minilm/aaaaaaaaaaaa/seed-1"


@pytest.fixture
def packed(runs, tmp_path):
    """An archive of all cells that are whole."""
    cells = [cell for cell in find_cells(runs).cells if cell.status not in ("half-written", "damaged")]
    pack(cells, tmp_path / "cells.tar.gz")
    return tmp_path / "cells.tar.gz"


def test_what_was_packed_comes_back_as_it_was(runs, packed, tmp_path, contents):
    done = restore(packed, tmp_path / "again", overwrite=False)
    assert len(done.placed) == 5
    assert done.left == []
    left = [runs.joinpath(*CELL.split("/")).with_name(name) for name in ("seed-5", "seed-6")]
    lost = {path.relative_to(runs).as_posix() for folder in left for path in (folder, *folder.iterdir())}
    assert contents(tmp_path / "again") == {n: c for n, c in contents(runs).items() if n not in lost}
    assert [(cell.folder.name, cell.status) for cell in read_cells(tmp_path / "again")] == [
        (cell.folder.name, cell.status) for cell in read_cells(runs) if cell.folder not in left
    ]
    assert {cell.verified for cell in read_cells(tmp_path / "again") if cell.status == "done"} == {True}


def test_what_is_there_already_stays(runs, packed, contents):
    record = runs.joinpath(*CELL.split("/"), "record.json")
    record.write_text("changed")
    before = contents(runs)
    done = restore(packed, runs, overwrite=False)
    assert done.placed == []
    assert {why for _, why in done.left} == {"it is there already; --overwrite replaces it"}
    assert contents(runs) == before


def test_overwriting_replaces_what_is_not_held(runs, packed, hold, contents):
    before = contents(runs)
    first, second = (runs.joinpath(*CELL.split("/")).with_name(name) for name in ("seed-1", "seed-2"))
    for folder in (first, second):
        (folder / "record.json").write_text("changed")
    (first / "predictions.extra.csv").write_text("of the other run")
    hold(second)
    done = restore(packed, runs, overwrite=True)
    assert [(cell.seed, why) for cell, why in done.left] == [(2, "another process is running it")]
    assert (second / "record.json").read_text() == "changed"
    after = contents(runs)
    assert {n: c for n, c in after.items() if "seed-2" not in n} == {
        n: c for n, c in before.items() if "seed-2" not in n
    }


def test_a_cell_that_holds_something_else_is_not_overwritten(runs, packed):
    notes = runs.joinpath(*CELL.split("/"), "notes.txt")
    notes.write_text("mine")
    done = restore(packed, runs, overwrite=True)
    assert [(cell.seed, why) for cell, why in done.left] == [(1, "it holds notes.txt, which no run wrote")]
    assert notes.read_text() == "mine"


def test_a_link_in_the_place_of_a_cell_is_left(packed, tmp_path):
    place = tmp_path.joinpath("again", *CELL.split("/"))
    place.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    place.symlink_to(tmp_path / "elsewhere")
    done = restore(packed, tmp_path / "again", overwrite=True)
    assert [(cell.seed, why) for cell, why in done.left if cell.name == CELL] == [(1, "a link is in its place")]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def archive_of(file, members):
    with tarfile.open(file, "w:gz") as archive:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = "/etc/passwd"
            member.size = 2 if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(b"{}"))
    return file


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside/record.json", tarfile.REGTYPE),
        ("/etc/record.json", tarfile.REGTYPE),
        (f"{CELL}/../../x/record.json", tarfile.REGTYPE),
        (f"{CELL}/record.json", tarfile.SYMTYPE),
        (f"{CELL}/record.json", tarfile.LNKTYPE),
        (f"{CELL}/record.json", tarfile.FIFOTYPE),
        (f"{CELL}/notes.txt", tarfile.REGTYPE),
        (f"{CELL}/.lock/x", tarfile.REGTYPE),
        (f"{CELL}/.record.json.part", tarfile.REGTYPE),
        ("meld/ce/minilm/aaaaaaaaaaaa/seed-01/record.json", tarfile.REGTYPE),
        ("meld/ce/minilm/settings/seed-1/record.json", tarfile.REGTYPE),
        (".git/hooks/x/aaaaaaaaaaaa/seed-1/record.json", tarfile.REGTYPE),
        ("record.json", tarfile.REGTYPE),
        # A saved model holds no code, and predict would refuse it.
        (f"{CELL}/model/evil.py", tarfile.REGTYPE),
        (f"{CELL}/model/weights.pt", tarfile.REGTYPE),
        (f"{CELL}/model/vocabulary.model", tarfile.REGTYPE),
    ],
)
def test_an_archive_with_anything_else_in_it_is_refused_whole(tmp_path, name, kind):
    file = archive_of(tmp_path / "bad.tar.gz", [(f"{CELL}/status.json", tarfile.REGTYPE), (name, kind)])
    with pytest.raises(ErcBenchError):
        restore(file, tmp_path / "again", overwrite=True)
    assert list((tmp_path / "again").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "bad.tar.gz"]


@pytest.mark.parametrize("content", [b"", b"not an archive", None])
def test_a_damaged_archive_is_refused(packed, tmp_path, content):
    damaged = tmp_path / "damaged.tar.gz"
    damaged.write_bytes(packed.read_bytes()[:900] if content is None else content)
    with pytest.raises(ErcBenchError):
        restore(damaged, tmp_path / "again", overwrite=False)
    assert list((tmp_path / "again").iterdir()) == []


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([f"{CELL}/model/{'a' * 300}.txt"], "cannot be a file: File name too long"),
        (["meld/ce", f"{CELL}/record.json"], "cannot be a file: "),
        ([], "is empty: there is no cell in it"),
    ],
)
def test_what_cannot_be_unpacked_is_a_fault_of_the_archive(tmp_path, names, sentence):
    file = archive_of(tmp_path / "bad.tar.gz", [(name, tarfile.REGTYPE) for name in names])
    with pytest.raises(ErcBenchError, match=r"bad\.tar\.gz") as raised:
        restore(file, tmp_path / "again", overwrite=False)
    assert sentence in raised.value.message
    assert "cannot be written" not in raised.value.message
    assert list((tmp_path / "again").iterdir()) == []


def test_an_archive_that_is_not_there(tmp_path):
    with pytest.raises(ErcBenchError, match="there is no archive"):
        restore(tmp_path / "nothing.tar.gz", tmp_path / "again", overwrite=False)
    assert not (tmp_path / "again").exists()


def test_a_copy_is_the_same_and_the_original_stays(runs, tmp_path, contents, hold, cell_at):
    before = contents(runs)
    cells = [cell for cell in find_cells(runs).cells if cell.status == "done"]
    hold(cell_at("ce", 2).path)
    packed = copy(cells, tmp_path / "other", overwrite=False)
    assert [(cell.seed, why) for cell, why in packed.left] == [(2, "another process is running it")]
    copied = contents(tmp_path / "other")
    assert copied.items() <= before.items()
    assert {name for name in copied if name.endswith("record.json")} == {
        f"{cell.name}/record.json" for cell in cells if cell.seed != 2
    }
    again = copy(cells[:1], tmp_path / "other", overwrite=False)
    assert (list(again.digests), len(again.left)) == ([], 1)


def test_a_folder_that_cannot_be_written(packed, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ErcBenchError, match="cannot be written"):
        restore(packed, tmp_path / "file" / "runs", overwrite=False)


def archive_with(file, members):
    with tarfile.open(file, "w:gz") as opened:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    return file


@pytest.mark.parametrize(
    ("files", "lacking"),
    [
        ({"predictions.csv": b"x"}, "no record.json and no status.json"),
        ({"record.json": b"{}"}, "no status.json"),
        ({"status.json": b'{"status": "done"}'}, "no record.json"),
    ],
)
def test_a_cell_without_record_or_status_is_not_unpacked(tmp_path, files, lacking):
    file = archive_with(tmp_path / "cells.tar.gz", {f"{CELL}/{name}": content for name, content in files.items()})
    with pytest.raises(ErcBenchError, match=f"the cell {CELL} has {lacking}; nothing was unpacked"):
        restore(file, tmp_path / "again", overwrite=False)
    assert [path for path in (tmp_path / "again").rglob("*") if path.is_file()] == []


def test_a_small_archive_of_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "_SMALL", 2**10)
    file = archive_with(tmp_path / "cells.tar.gz", {f"{CELL}/record.json": b" " * 2**20})
    with pytest.raises(ErcBenchError, match=r"unpacks to at least 1048576 bytes in 1 files, more than is allowed"):
        restore(file, tmp_path / "again", overwrite=False)
    assert [path for path in (tmp_path / "again").rglob("*") if path.is_file()] == []
