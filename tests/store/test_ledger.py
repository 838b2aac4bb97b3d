"""The ledger: whole lines from any number of processes, and nothing lost of what a killed one left."""

import gzip
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.layout import CellAddress
from erc_bench.store.ledger import LedgerEntry, append, append_missing, entry_of, read_ledger
from erc_bench.store.reading import read_cell

ENTRY = LedgerEntry(
    address=CellAddress("meld", "ce", "org/model", "aaaaaaaaaaaa", 1),
    scored="2026-01-02T03:04:05+00:00",
    regime="frozen",
    limit=None,
    predictions_sha256="00ff",
    data_fingerprint="f00d",
    version="0.1.0",
)
APPENDS = """
import sys
from dataclasses import replace
from pathlib import Path
from erc_bench.store.ledger import append, read_ledger

runs, number = Path(sys.argv[1]), int(sys.argv[2])
(entry,) = read_ledger(Path(sys.argv[3]))
print("ready", flush=True)
sys.stdin.readline()
for seed in range(number, number + 50):
    append(runs, [replace(entry, address=replace(entry.address, seed=seed))])
"""


def of_seed(seed, **changes):
    return replace(ENTRY, address=replace(ENTRY.address, seed=seed), **changes)


def seeds(runs, tell=None):
    return [entry.address.seed for entry in read_ledger(runs, tell)]


def test_what_is_written_is_read_back_in_its_order(tmp_path):
    entries = [of_seed(2), of_seed(1, limit=10, regime=None), of_seed(2)]
    append(tmp_path, entries[:1])
    append(tmp_path, entries[1:])
    assert read_ledger(tmp_path) == entries
    first = json.loads((tmp_path / "ledger.jsonl").read_text().splitlines()[0])
    assert first == {
        "dataset": "meld",
        "method": "ce",
        "backbone": "org/model",
        "settings_hash": "aaaaaaaaaaaa",
        "seed": 2,
        "scored": "2026-01-02T03:04:05+00:00",
        "regime": "frozen",
        "limit": None,
        "predictions_sha256": "00ff",
        "data_fingerprint": "f00d",
        "version": "0.1.0",
    }


def test_a_folder_without_a_ledger_has_no_entries(tmp_path):
    told = []
    assert read_ledger(tmp_path, told.append) == []
    assert told == []


def test_processes_that_append_at_once_lose_nothing(tmp_path):
    template, runs = tmp_path / "template", tmp_path / "runs"
    template.mkdir()
    runs.mkdir()
    append(template, [ENTRY])
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [
        subprocess.Popen([sys.executable, "-c", APPENDS, str(runs), str(number), str(template)], **pipes)
        for number in (0, 100, 200, 300)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=120)[0] for process in processes] == [""] * 4
    told = []
    assert sorted(seeds(runs, told.append)) == [start + place for start in (0, 100, 200, 300) for place in range(50)]
    assert told == []


def test_half_a_line_is_named_and_spoils_no_other(tmp_path):
    append(tmp_path, [of_seed(1)])
    with (tmp_path / "ledger.jsonl").open("a") as stream:
        stream.write('{"dataset": "meld", "meth')
    told = []
    assert seeds(tmp_path, told.append) == [1]
    append(tmp_path, [of_seed(2)])
    assert seeds(tmp_path, told.append) == [1, 2]
    sentence = f"{tmp_path / 'ledger.jsonl'}, line 2 is cut off or is not an entry: what it named is not counted"
    assert told == [sentence, sentence]


def test_a_whole_line_without_its_end_counts(tmp_path):
    append(tmp_path, [of_seed(1)])
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    append(tmp_path, [of_seed(2)])
    assert seeds(tmp_path) == [1, 2]


@pytest.mark.parametrize(
    "change", [{"seed": "1"}, {"seed": True}, {"limit": 2.5}, {"method": None}, {"scored": 5}], ids=str
)
def test_a_line_of_the_wrong_kind_is_named(tmp_path, change):
    append(tmp_path, [of_seed(1)])
    file = tmp_path / "ledger.jsonl"
    file.write_text(json.dumps(json.loads(file.read_text()) | change) + "\n[]\n\xff\n", encoding="latin-1")
    told = []
    assert seeds(tmp_path, told.append) == []
    assert [part[:7] for part in (each.partition(", ")[2] for each in told)] == ["line 1 ", "line 2 ", "line 3 "]


def test_without_anybody_to_tell_a_warning_is_logged(tmp_path, caplog):
    (tmp_path / "ledger.jsonl").write_text("nonsense\n")
    assert read_ledger(tmp_path) == []
    assert "line 1 is cut off" in caplog.text


def test_entries_of_later_versions_may_hold_more(tmp_path):
    append(tmp_path, [ENTRY])
    file = tmp_path / "ledger.jsonl"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"host": "somewhere"}) + "\n")
    assert read_ledger(tmp_path) == [ENTRY]


def test_where_no_lock_can_be_had_the_entry_is_written_all_the_same(tmp_path):
    (tmp_path / ".ledger.lock").mkdir()
    append(tmp_path, [ENTRY])
    assert read_ledger(tmp_path) == [ENTRY]


def test_only_what_is_missing_is_added(tmp_path):
    append(tmp_path, [of_seed(1)])
    append_missing(tmp_path, [of_seed(1), of_seed(2)])
    assert seeds(tmp_path) == [1, 2]
    later = of_seed(2, scored="2027-01-01T00:00:00+00:00")
    append_missing(tmp_path, [later], lambda entry: entry.result)
    append_missing(tmp_path, [replace(later, predictions_sha256="11")], lambda entry: entry.result)
    assert [entry.predictions_sha256 for entry in read_ledger(tmp_path)] == ["00ff", "00ff", "11"]


def test_an_entry_says_what_a_cell_was(store):
    folder = store.add("ce", 3, limit=10, regime="frozen", backbone="org/model")
    record = read_cell(folder).record
    record["provenance"]["versions"] = {"erc-bench": "0.1.0"}
    entry = entry_of(folder, record, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    content = (folder / "predictions.csv").read_bytes()
    assert entry == LedgerEntry(
        CellAddress("meld", "ce", "org/model", "aaaaaaaaaaaa", 3),
        "2026-01-02T03:04:05+00:00",
        "frozen",
        10,
        hashlib.sha256(content).hexdigest(),
        "f00dfeedcafe",
        "0.1.0",
    )
    (folder / "predictions.csv").unlink()
    (folder / "predictions.csv.gz").write_bytes(gzip.compress(content))
    assert entry_of(folder, record).predictions_sha256 == entry.predictions_sha256


def test_a_cell_without_a_test_score_has_no_entry(store):
    folder = store.add("ce", 1, dev_only=True)
    (cell,) = read_cells(store.runs)
    assert entry_of(folder, cell.record) is None
