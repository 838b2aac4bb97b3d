"""``erc-bench archive``: packing, copying, removing and restoring by command."""

import tarfile

import pytest

from erc_bench.store.index.all_cells import read_cells


@pytest.fixture
def runs(store):
    store.add_seeds("ce", [0.5, 0.6])
    store.add("eacl", 1)
    (store.add("eacl", 2) / "status.json").unlink()
    return store.runs


@pytest.fixture
def archive(command, runs):
    return lambda *arguments: command("archive", "--runs", runs, *arguments)


def cells(runs):
    return sorted(f"{folder.parts[-4]} {folder.name}" for folder in runs.glob("*/*/*/*/seed-*"))


def test_packed_removed_and_put_back(archive, runs, tmp_path):
    target = tmp_path / "old.tar.gz"
    packed = archive("--method", "ce", "--output", target, "--remove", "--yes")
    assert (packed.code, packed.err) == (0, "")
    assert packed.out.splitlines()[-2].startswith(f"Packed: 2 cells, 0.0 MiB, into {target} (0.0 MiB), read back")
    assert packed.out.splitlines()[-1] == "Removed: 2 cells, 0.0 MiB"
    assert cells(runs) == ["eacl seed-1", "eacl seed-2"]
    restored = archive("--restore", target)
    assert (restored.code, restored.out) == (0, f"Restored: 2 cells, 0.0 MiB, into {runs}\n")
    assert [cell.status for cell in read_cells(runs) if cell.method == "ce"] == ["done", "done"]
    again = archive("--restore", target)
    assert again.code == 1
    assert again.err.count("it is there already; --overwrite replaces it") == 2
    assert archive("--restore", target, "--overwrite").code == 0


def test_all_that_is_whole_is_packed_where_nothing_is_chosen(archive, runs, tmp_path):
    outcome = archive("--output", tmp_path / "all.tar.gz")
    assert outcome.code == 0
    assert "Packed: 3 cells" in outcome.out
    assert outcome.err.startswith(f"Left out: {runs}")
    assert len(cells(runs)) == 4


def test_removing_is_asked_for(archive, runs, tmp_path):
    outcome = archive("--output", tmp_path / "all.tar.gz", "--remove")
    assert outcome.code == 2
    assert f"Error: nothing was removed from {runs}: 3 cells, 0.0 MiB would go\n" in outcome.err
    assert (tmp_path / "all.tar.gz").is_file()
    assert len(cells(runs)) == 4


def test_a_copy_is_another_folder_of_runs(archive, runs, tmp_path, command):
    outcome = archive("--to", tmp_path / "other", "--method", "ce", "--remove", "--yes")
    assert (outcome.code, outcome.err) == (0, "")
    assert cells(tmp_path / "other") == ["ce seed-1", "ce seed-2"]
    assert cells(runs) == ["eacl seed-1", "eacl seed-2"]
    assert "\n ce " in command("compare", "--runs", tmp_path / "other").out


def test_what_is_not_copied_is_not_removed(archive, runs, tmp_path):
    archive("--to", tmp_path / "other", "--method", "ce", "--seed", "1")
    outcome = archive("--to", tmp_path / "other", "--method", "ce", "--remove", "--yes")
    assert outcome.code == 1
    assert "Copied: 1 cell," in outcome.out
    assert cells(runs) == ["ce seed-1", "eacl seed-1", "eacl seed-2"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "archive takes one of --output, --to and --restore"),
        (("--output", "a.tar.gz", "--to", "b"), "archive takes one of"),
        (("--output", "a.zip"), "--output a.zip does not end in .tar.gz"),
        (("--output", "there.tar.gz"), "there.tar.gz is there already"),
        (("--to", "runs"), "--to runs lies in the folder of runs itself"),
        (("--to", "runs/old"), "--to runs/old lies in the folder of runs itself"),
        (("--restore", "a.tar.gz"), "there is no archive 'a.tar.gz'"),
        (("--restore", "there.tar.gz", "--method", "ce"), "--restore unpacks a whole archive"),
        (("--restore", "there.tar.gz"), "is not a complete zip or tar archive"),
        (("--restore", "there.tar.gz"), "Nothing was unpacked. Copy it again from where erc-bench archive wrote it"),
        (("--output", "a.tar.gz", "--method", "eacle"), "did you mean eacl?"),
    ],
)
def test_a_mistake_changes_nothing(archive, runs, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.tar.gz").write_bytes(b"there")
    outcome = archive(*arguments)
    assert outcome.code == 2
    assert sentence in outcome.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "there.tar.gz"]
    assert len(cells(runs)) == 4


@pytest.mark.parametrize("place", ["--output", "--to"])
def test_a_damaged_cell_is_named_and_neither_packed_nor_removed(archive, runs, tmp_path, place):
    record = runs.joinpath("meld", "ce", "minilm", "a" * 12, "seed-1", "record.json")
    size = record.stat().st_size
    record.write_text("{")
    outcome = archive("--method", "ce", place, tmp_path / "all.tar.gz", "--remove", "--yes")
    assert outcome.code == 1
    told = f"Left: {record.parent}: it is damaged: record.json is damaged: 1 bytes of {size:,}. Run the cell again"
    assert outcome.err.startswith(told)
    assert cells(runs) == ["ce seed-1", "eacl seed-1", "eacl seed-2"]
    alone = archive("--method", "ce", place, tmp_path / "none.tar.gz")
    assert (alone.code, alone.out) == (1, "There is no such cell.\n")
    assert not (tmp_path / "none.tar.gz").exists()


def test_a_cell_that_was_damaged_on_its_way_is_named_when_it_comes_back(archive, runs, tmp_path):
    archive("--method", "eacl", "--output", tmp_path / "one.tar.gz", "--remove", "--yes")
    with tarfile.open(tmp_path / "one.tar.gz") as packed:
        packed.extractall(tmp_path / "open", filter="data")
    (predictions,) = (tmp_path / "open").rglob("predictions.csv")
    predictions.write_text(predictions.read_text().replace("joy", "anger", 1))
    with tarfile.open(tmp_path / "again.tar.gz", "w:gz") as packed:
        for file in (tmp_path / "open").rglob("*.*"):
            packed.add(file, file.relative_to(tmp_path / "open").as_posix())
    outcome = archive("--restore", tmp_path / "again.tar.gz")
    folder = runs.joinpath("meld", "eacl", "minilm", "a" * 12, "seed-1")
    assert outcome.code == 1
    assert outcome.err.startswith(f"Damaged: {folder}: predictions.csv is damaged: ")
