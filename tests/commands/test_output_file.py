"""A file that cannot be written is told before the work for it, and the attempt leaves nothing behind."""

import os
import subprocess
import sys
import threading

import pytest

from erc_bench.commands.output_file import check_target, write_text
from erc_bench.errors import ErcBenchError


def test_what_can_be_written_is_left_as_it_was(tmp_path):
    check_target(None)
    check_target(tmp_path / "new/folder/table.csv")
    assert list(tmp_path.iterdir()) == []
    file = tmp_path / "there.csv"
    file.write_text("kept")
    check_target(file)
    assert file.read_text() == "kept"


def test_what_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "file/table.csv", tmp_path):
        with pytest.raises(ErcBenchError, match="cannot be written"):
            check_target(target)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_closed_on_its_reader(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    check_target(pipe)
    pipe.write_text("all of it")
    reader.join(10)
    assert found == ["all of it"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "--runs", "nothing-is-here", "--output", "{file}/table"),
        ("compare", "--runs", "nothing-is-here", "--suite", "{file}", "--output", "{file}"),
        ("report", "--runs", "nothing-is-here", "--output", "{file}/report.html"),
        ("score", "nothing-is-here.csv", "--dataset", "demo", "--output", "{file}/score.txt"),
    ],
)
def test_a_command_says_so_first(command, tmp_path, arguments):
    file = tmp_path / "file"
    file.write_text("")
    outcome = command(*(argument.format(file=file) for argument in arguments))
    assert outcome.code == 2
    assert "cannot be written" in outcome.err
    assert "nothing-is-here" not in outcome.err


CAPPED = """
import resource, signal, sys
from erc_bench.cli import main

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
main(sys.argv[1:])
"""
"""The program in a process whose files hold 200 bytes at most, as on a disk that is full."""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="limits of files are those of POSIX")
@pytest.mark.parametrize("name", ["new.json", "there.json"])
def test_a_full_disk_leaves_no_half_file(store, tmp_path, name):
    store.add_seeds("ce", [0.5, 0.6])
    (tmp_path / "there.json").write_text("kept", encoding="utf-8")
    asked = ["compare", "--runs", str(store.runs), "--format", "json", "--output", str(tmp_path / name)]
    done = subprocess.run([sys.executable, "-c", CAPPED, *asked], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "there.json"]
    assert (tmp_path / "there.json").read_text(encoding="utf-8") == "kept"


def test_a_file_that_is_replaced_keeps_its_link_and_its_permissions(tmp_path):
    file, link = tmp_path / "file.csv", tmp_path / "link.csv"
    file.write_text("before", encoding="utf-8")
    file.chmod(0o640)
    link.symlink_to(file)
    write_text("after", link)
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "after"
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("ending", [".ods", ".XLSM", ".parquet"])
def test_text_is_not_written_under_the_name_of_something_else(command, tmp_path, ending):
    outcome = command("compare", "--runs", tmp_path, "--output", tmp_path / f"table{ending}")
    assert outcome.code == 2
    assert f"would be no {ending} file" in outcome.err
    assert not list(tmp_path.iterdir())
