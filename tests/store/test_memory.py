"""What is remembered outlives its process, also a killed one, and never stands in the way."""

import signal
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.store.memory import Memory

WRITES = """
import sys
from pathlib import Path
from erc_bench.store.memory import Memory

memory = Memory(Path(sys.argv[1]), sys.argv[2])
for number in range(20):
    memory[str(number)] = bytes([number])
print("written", flush=True)
sys.stdin.readline()
"""


def test_another_process_reads_what_a_killed_one_wrote(tmp_path):
    file = tmp_path / "new" / "memory.sqlite"
    child = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(file), "a/"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "written\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert dict(Memory(file, "a/")) == {str(number): bytes([number]) for number in range(20)}


def test_processes_write_side_by_side(tmp_path):
    file = tmp_path / "memory.sqlite"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", WRITES, str(file), f"{scope}/"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for scope in "abc"
    ]
    for child in children:
        child.communicate("\n")
    assert [len(Memory(file, f"{scope}/")) for scope in "abc"] == [20, 20, 20]


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.binary()))
def test_it_is_a_mapping(tmp_path_factory, entries):
    memory, other = (Memory(tmp_path_factory.mktemp("m") / "memory.sqlite", scope) for scope in ("one/", "two/"))
    memory.update(entries)
    assert dict(memory) == entries
    assert dict(other) == {}
    for name in entries:
        del memory[name]
    assert len(memory) == 0


def test_scopes_of_one_file_do_not_see_each_other(tmp_path):
    one, two = (Memory(tmp_path / "memory.sqlite", scope) for scope in ("one/", "two/"))
    one["name"] = b"1"
    assert "name" not in two
    with pytest.raises(KeyError):
        del two["name"]
    two["name"] = b"2"
    assert one["name"] == b"1"


def test_a_damaged_file_remembers_nothing(tmp_path, caplog):
    file = tmp_path / "memory.sqlite"
    file.write_bytes(b"no database at all, " * 100)
    memory = Memory(file)
    memory["name"] = b"1"
    assert "name" not in memory
    assert list(memory) == []
    assert caplog.text.count("is not used") == 1
    assert file.read_bytes().startswith(b"no database")


def test_a_folder_that_is_a_file_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    memory = Memory(tmp_path / "file" / "memory.sqlite")
    memory["name"] = b"1"
    assert memory.get("name") is None


def test_a_value_of_another_type_is_none(tmp_path):
    file = tmp_path / "memory.sqlite"
    Memory(file)["name"] = b"1"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE remembered SET content = 5")
    assert "name" not in Memory(file)
