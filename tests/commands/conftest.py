"""Commands in this process: what they print, and the exit code of the program."""

from dataclasses import dataclass

import pytest

from erc_bench import cli


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys, monkeypatch):
    """Return a function that runs ``erc-bench`` with arguments, its output going to a pipe."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")

    def command(*arguments):
        capsys.readouterr()
        try:
            cli.main([str(argument) for argument in arguments])
            code = 0
        except SystemExit as end:
            code = end.code
        told = capsys.readouterr()
        assert "\x1b" not in told.out + told.err
        assert "Traceback" not in told.err
        return Outcome(code, told.out, told.err)

    return command
