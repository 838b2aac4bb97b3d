"""A file that cannot be written is told before the work for it, and the attempt leaves nothing behind."""

import os
import threading

import pytest

from erc_bench.commands.output_file import check_target
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
