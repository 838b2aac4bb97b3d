"""``erc-bench power``: what it prints, and what it asks for."""

import json

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
