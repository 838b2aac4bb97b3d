"""The program: help, exit codes, and mistakes as a sentence and a hint."""

import pytest

from erc_bench import __version__, cli
from erc_bench.errors import ErcBenchError


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command(command, option):
    outcome = command(option)
    assert outcome.code == 0
    for name in cli.COMMANDS:
        assert f"\n  {name} " in outcome.out


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(command, name):
    outcome = command(name, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: erc-bench {name} ")


def test_the_version(command):
    assert command("--version").out == f"erc-bench, version {__version__}\n"


def test_without_a_command_there_is_help_and_the_request_was_wrong(command):
    outcome = command()
    assert outcome.code == 2
    assert "Usage: erc-bench" in outcome.err


def test_an_unknown_command_has_near_matches(command):
    outcome = command("rnu")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "Error: there is no command 'rnu'; did you mean run?\n"


def test_an_unknown_option_of_the_program_is_refused(command):
    outcome = command("--verbos")
    assert outcome.code == 2
    assert "--verbos" in outcome.err


@pytest.fixture
def failing(monkeypatch):
    """Return a function that makes ``erc-bench list`` raise."""

    def fail(error):
        def raise_it(*_):
            raise error

        monkeypatch.setattr("erc_bench.plugin_host.catalogue.Catalogue", raise_it)

    return fail


def test_a_mistake_is_a_sentence_and_a_hint(command, failing):
    failing(ErcBenchError("this is wrong", "Do that."))
    outcome = command("list")
    assert (outcome.code, outcome.out, outcome.err) == (2, "", "Error: this is wrong\nDo that.\n")


def test_a_mistake_without_a_hint(command, failing):
    failing(ErcBenchError("this is wrong"))
    assert command("list").err == "Error: this is wrong\n"


def test_a_defect_keeps_its_traceback(command, failing):
    failing(ZeroDivisionError("a defect"))
    with pytest.raises(ZeroDivisionError):
        command("list")


def test_an_interruption(command, failing):
    failing(KeyboardInterrupt())
    outcome = command("list")
    assert outcome.code == 130
    assert outcome.err.strip() == "Interrupted."
