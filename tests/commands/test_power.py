"""``erc-bench power``: what it prints, and what it asks for."""

import json
from importlib import import_module

import click
import pytest


@pytest.fixture
def pilot(store):
    store.add_seeds("ce", [0.3, 0.32, 0.28])
    store.add_seeds("eacl", [0.7, 0.72, 0.69])
    return ("--runs", store.runs, "--method", "eacl", "--baseline", "ce", "--dataset", "meld")


def test_a_pilot_speaks_of_seeds_and_of_dialogues(command, pilot):
    outcome = command("power", *pilot, "--comparisons", "6")
    told = " ".join(outcome.out.split())
    assert outcome.code == 0
    for words in ("pilot: eacl - ce on meld, 3 seeds", "more seeds cannot help below", "0.05 divided by 6 comparisons"):
        assert words in told


@pytest.mark.parametrize("form", ["rich", "markdown"])
def test_a_standard_deviation_is_enough(command, form):
    outcome = command("power", "--sd", "0.8", "--correlation", "0.5", "--format", form, "--difference", "1.5")
    assert "0.80 points (sd 0.8 of the scores of either method, correlation 0.5" in " ".join(outcome.out.split())
    assert "1.5" in outcome.out


def test_json_has_every_number(command, pilot):
    content = json.loads(command("power", *pilot, "--format", "json").out)
    assert [each["seeds"] for each in content["detectable"]] == list(range(2, 21))
    assert [each["difference"] for each in content["needed"]] == [0.5, 1.0, 2.0]
    assert content["joint_floor"] > 0


def test_a_printed_table_is_read_without_any_run(command):
    told = " ".join(command("power", "--reported", "eacl2024/table-2", "--dataset", "meld").out.split())
    assert "meld: EACL - CoMPM 5 67.12 66.52 +0.60 0.48" in told
    assert "emorynlp" not in told
    assert "no run of ours takes part" in told
    content = json.loads(command("power", "--reported", "eacl2024", "--alpha", "0.01", "--format", "json").out)
    assert (content["alpha"], len(content["columns"])) == (0.01, 7)
    assert (
        "| meld weighted F1: EACL - CoMPM |"
        in command(*("power", "--reported", "eacl2024", "--format", "markdown")).out
    )
    for arguments, message in (
        (("eacl2024/table-2", "--sd", "1"), "--sd does not go with --reported"),
        (("eacl2024/table-2", "--dataset", "meldd"), "did you mean meld"),
        (("eacl2024/table-5",), "sets no system of its own beside another one"),
    ):
        outcome = command("power", "--reported", *arguments)
        assert (outcome.code, message in outcome.err) == (2, True)


@pytest.mark.parametrize("form", ["rich", "json"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("--sd", "nan"),
        ("--sd", "inf"),
        ("--sd", "1e308"),
        ("--sd", "1", "--difference", "nan"),
        ("--sd", "1", "--difference", "inf"),
        ("--sd", "1", "--correlation", "nan"),
        ("--sd", "1", "--alpha", "nan"),
        ("--sd", "1", "--power", "nan"),
        ("--sd", "1", "--alpha", "1e-323", "--comparisons", "10"),
    ],
)
def test_what_is_no_number_of_points_is_a_mistake(command, arguments, form):
    outcome = command("power", *arguments, "--format", form)
    assert outcome.code == 2
    assert not outcome.out


@pytest.mark.parametrize("name", ["compare", "plot", "report", "score", "power"])
def test_no_command_takes_nan_or_infinity(name):
    for option in getattr(import_module(f"erc_bench.commands.{name}"), name).params:
        if isinstance(option.type, click.FloatRange):
            for text in ("nan", "inf", "-inf"):
                with pytest.raises(click.BadParameter):
                    option.type.convert(text, option, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--runs", "x"), "--method and --dataset missing"),
        ((), "--runs and --method and --dataset missing"),
        (("--sd", "1", "--runs", "x"), "--runs is one too many"),
        (("--correlation", "0.5"), "--correlation belongs to --sd"),
    ],
)
def test_what_does_not_go_together_is_told(command, arguments, message):
    outcome = command("power", *arguments)
    assert outcome.code == 2
    assert message in outcome.err
