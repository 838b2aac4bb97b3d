"""Archives: the same cells give the same bytes, and what is not right is not kept."""

import gzip
import os
import tarfile

import pytest
import store_fixture

from erc_bench.errors import ErcBenchError
from erc_bench.store.housekeeping import packing
from erc_bench.store.housekeeping.found_cells import find_cells
from erc_bench.store.housekeeping.packing import pack, verify
from erc_bench.store.housekeeping.removing import remove_cell


def whole(runs):
    return [cell for cell in find_cells(runs).cells if cell.status not in ("half-written", "damaged")]


def test_it_holds_every_file_of_every_cell_and_no_lock(runs, tmp_path):
    target = tmp_path / "packed" / "cells.tar.gz"
    cells = whole(runs)
    (cells[0].path / ".record.json.part").write_text("half")
    (cells[0].path / "model").mkdir()
    (cells[0].path / "model" / "weights.safetensors").write_bytes(b"\0" * 5000)
    store_fixture.write_status(cells[0].path)
    cells = whole(runs)
    packed = pack(cells, target)
    assert list(packed.digests) == cells
    expected = {
        f"{c.name}/{name}": (c.path / name).read_bytes() for c in cells for name in c.files if "part" not in name
    }
    with tarfile.open(target) as archive:
        assert {member.name: archive.extractfile(member).read() for member in archive} == expected
        assert {(m.uid, m.gid, m.uname, m.gname, m.mtime, m.mode) for m in archive} == {(0, 0, "", "", 0, 0o644)}
    assert [path.name for path in target.parent.iterdir()] == ["cells.tar.gz"]
    assert not list(runs.rglob(".lock"))


def test_the_same_cells_give_the_same_bytes(runs, tmp_path):
    pack(whole(runs), tmp_path / "one.tar.gz")
    for cell in whole(runs):
        for name in cell.files:
            os.utime(cell.path / name, (1, 1))
            (cell.path / name).chmod(0o600)
    pack(whole(runs), tmp_path / "another.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "another.tar.gz").read_bytes()


def test_a_cell_that_runs_is_left_out_and_named(runs, tmp_path, hold):
    cells = whole(runs)
    hold(cells[1].path)
    packed = pack(cells, tmp_path / "cells.tar.gz")
    assert packed.left == [(cells[1], "another process is running it")]
    with tarfile.open(tmp_path / "cells.tar.gz") as archive:
        assert not [name for name in archive.getnames() if name.startswith(cells[1].name)]


@pytest.mark.parametrize("fault", ["cut", "flipped", "changed", "missing", "added"])
def test_an_archive_that_is_not_what_was_packed_is_refused(runs, tmp_path, fault):
    target = tmp_path / "cells.tar.gz"
    packed = pack(whole(runs), target)
    verify(target, packed)
    content = target.read_bytes()
    plain = gzip.decompress(content)
    first = next(iter(packed.digests))
    if fault == "cut":
        target.write_bytes(content[: len(content) // 2])
    elif fault == "flipped":
        target.write_bytes(content[:2000] + bytes([content[2000] ^ 255]) + content[2001:])
    elif fault == "changed":
        target.write_bytes(gzip.compress(plain.replace(b'"format": 1', b'"format": 2')))
    elif fault == "missing":
        packed.digests[first]["traceback.txt"] = "0" * 64
    else:
        packed.digests[first].pop("record.json")
    with pytest.raises(ErcBenchError, match="nothing was removed"):
        verify(target, packed)


def test_nothing_bears_the_name_of_an_archive_that_is_not_right(runs, tmp_path, monkeypatch):
    def wrong(archive, packed):
        raise ErcBenchError("no")

    monkeypatch.setattr(packing, "verify", wrong)
    with pytest.raises(ErcBenchError):
        pack(whole(runs), tmp_path / "out" / "cells.tar.gz")
    assert list((tmp_path / "out").iterdir()) == []


def test_only_what_was_packed_is_removed(runs, tmp_path):
    cells = whole(runs)
    packed = pack(cells, tmp_path / "cells.tar.gz")
    record = cells[1].path / "record.json"
    # The same size, another content.
    record.write_bytes(record.read_bytes().replace(b'"seed": 1', b'"seed": 7'))
    assert remove_cell(cells[1], runs, packed.holds) == "it changed in the meantime"
    assert remove_cell(cells[0], runs, packed.holds) == ""
    assert not cells[0].path.exists()
    (cells[2].path / "predictions.head.csv").write_text("new")
    assert remove_cell(cells[2], runs, packed.holds) == "it changed in the meantime"


@pytest.mark.parametrize(
    ("event", "file", "times"),
    [("open", "weights.safetensors", 1), ("open", ".part", 2), ("os.rename", ".part", 1)],
    ids=["as it is written", "before it is read back", "before it gets its name"],
)
def test_packing_that_is_killed_leaves_no_archive_and_every_cell(
    runs, tmp_path, store, killed_at, contents, event, file, times
):
    large = store.add("ce", 9)
    (large / "model").mkdir()
    (large / "model" / "weights.safetensors").write_bytes(os.urandom(4_000_000))
    before = contents(runs)
    target = tmp_path / "out" / "cells.tar.gz"
    asked = ("archive", "--runs", runs, "--method", "ce", "--output", target, "--remove", "--yes")
    assert killed_at(event, file, times, *asked)
    assert len(list(tmp_path.glob("out/.cells.tar.gz.*.part"))) == 1
    assert not target.exists()
    after = {name: content for name, content in contents(runs).items() if not name.endswith(".lock")}
    assert after == before
