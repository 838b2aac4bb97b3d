"""Several folders of runs made one: what is copied, what must agree, and what comes along."""

import gzip
import json

import pytest
import store_fixture

from erc_bench.cli import main
from erc_bench.errors import ErcBenchError
from erc_bench.store.declarations import declare, read_declarations
from erc_bench.store.housekeeping.merging import merge
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.ledger import read_ledger
from erc_bench.store.memory import Memory


@pytest.fixture
def folders(tmp_path):
    return [store_fixture.Store(tmp_path / name) for name in ("ann", "bob")]


def addresses(runs):
    return sorted((cell.method, cell.typed.seed) for cell in read_cells(runs))


def test_the_cells_of_all_folders_come_together(folders, tmp_path):
    ann, bob = folders
    ann.add_seeds("ce", [0.5, 0.6])
    bob.add_seeds("eacl", [0.5])
    bob.fail("eacl", 2, "no memory")
    done = merge([ann.runs, bob.runs], tmp_path / "runs")
    assert (len(done.copied), done.same, done.left) == (3, [], [])
    assert addresses(tmp_path / "runs") == [("ce", 1), ("ce", 2), ("eacl", 1)]
    assert len(read_ledger(tmp_path / "runs")) == 3


def test_the_same_cell_twice_is_there_once_and_again_is_nothing_new(folders, tmp_path):
    for each in folders:
        each.add("ce", 1, accuracy=0.6, timings={"train": len(str(each.runs))})
    runs = tmp_path / "runs"
    done = merge([each.runs for each in folders], runs)
    assert (len(done.copied), len(done.same)) == (1, 1)
    kept = (next(runs.rglob("record.json"))).read_bytes()
    again = merge([folders[1].runs], runs)
    assert (len(again.copied), len(again.same)) == (0, 1)
    assert next(runs.rglob("record.json")).read_bytes() == kept
    assert len(read_ledger(runs)) == 1


def test_a_folder_that_is_named_twice_is_merged_once(folders, tmp_path):
    folders[0].add("ce", 1)
    done = merge([folders[0].runs, folders[0].runs], tmp_path / "runs")
    assert (len(done.copied), done.same, done.left) == (1, [], [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"accuracy": 0.4}, "other answers"),
        ({"inputs": {"data": "other", "backbone": "minilm@1", "code": {"objective": "0123"}}}, "other data"),
        ({"inputs": {"data": "f00dfeedcafe", "backbone": "minilm@2", "code": {}}}, "other backbone and code"),
    ],
)
def test_a_contradiction_stops_everything(folders, tmp_path, change, said):
    ann, bob = folders
    ann.add("ce", 1, accuracy=0.6)
    bob.add("ce", 1, **{"accuracy": 0.6, **change})
    bob.add("eacl", 1)
    with pytest.raises(ErcBenchError, match=f"meld/ce/minilm/aaaaaaaaaaaa/seed-1: {said} in ") as raised:
        merge([ann.runs, bob.runs], tmp_path / "runs")
    assert "Nothing was copied" in raised.value.hint
    assert not (tmp_path / "runs").exists()


def test_what_lies_there_is_held_against_what_comes(folders, tmp_path):
    ann, bob = folders
    ann.add("ce", 1, accuracy=0.6)
    bob.add("ce", 1, accuracy=0.5)
    with pytest.raises(ErcBenchError, match="other answers"):
        merge([bob.runs], ann.runs)


def test_what_was_scored_and_is_gone_is_not_forgotten(folders, tmp_path):
    ann, bob = folders
    ann.add("ce", 1)
    merge([ann.runs], bob.runs)  # writes the ledger
    line = json.loads((bob.runs / "ledger.jsonl").read_text())
    (bob.runs / "ledger.jsonl").write_text(json.dumps({**line, "method": "gone"}) + "\n")
    merge([ann.runs, bob.runs], tmp_path / "runs")
    assert sorted(entry.address.method for entry in read_ledger(tmp_path / "runs")) == ["ce", "gone"]


def test_declarations_and_answers_come_along(folders, tmp_path):
    ann, bob = folders
    ann.add("ce", 1)
    bob.add("ce", 2)
    declare(ann.runs, "suite", [{"row": "ce"}])
    Memory(ann.runs / "answers.sqlite", "api/")["one"] = b"1"
    Memory(bob.runs / "answers.sqlite", "api/")["two"] = b"2"
    merge([ann.runs, bob.runs], tmp_path / "runs")
    assert [each.suite for each in read_declarations(tmp_path / "runs")] == ["suite"]
    assert dict(Memory(tmp_path / "runs" / "answers.sqlite", "api/")) == {"one": b"1", "two": b"2"}


def test_a_damaged_cell_is_left_and_told(folders, tmp_path, capsys):
    ann, _ = folders
    ann.add("ce", 1)
    folder = ann.add("ce", 2)
    (folder / "predictions.csv").write_text("nothing")
    with pytest.raises(SystemExit) as ended:
        main(["merge", str(ann.runs), "--runs", str(tmp_path / "runs")])
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert told.out == f"1 cell copied into {tmp_path / 'runs'}\n"
    assert "it is damaged" in told.err


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(ErcBenchError, match="there is no folder of runs"):
        merge([tmp_path / "nowhere"], tmp_path / "runs")


def test_a_packed_copy_has_the_same_answers(folders, tmp_path):
    ann, bob = folders
    for each in (ann, bob):
        folder = each.add("ce", 1)
    file = folder / "predictions.csv"
    (folder / "predictions.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    file.unlink()
    store_fixture.write_status(folder, ["record.json", "predictions.csv.gz"])
    assert len(merge([ann.runs, bob.runs], tmp_path / "runs").same) == 1
