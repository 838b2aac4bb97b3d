"""``erc-bench check --set``: methods are checked with other settings than their own."""

import json

import pytest

from erc_bench.cli import main


def checked(capsys, *words):
    with pytest.raises(SystemExit):
        main(["check", *words])
    return capsys.readouterr()


def test_a_setting_reaches_the_method(capsys, chat_server):
    settings = ["model=small", f"endpoint={chat_server.address}", "shots=2"]
    words = [word for setting in settings for word in ("--set", f"system.{setting}")]
    chat_server.answer = lambda prompt: ("joy", "anger", "sadness", "well")[len(prompt) % 4]
    main(["check", "llm-api", *words, "--format", "json"])
    (component,) = json.loads(capsys.readouterr().out)["components"]
    found = {each["name"]: each for each in component["checks"]}
    assert found["runs"]["outcome"] == "passed"
    assert {request["model"] for request in chat_server.seen} == {"small"}
    assert {len(request["messages"]) for request in chat_server.seen} == {6}


def test_an_option_that_there_is_none_fails_the_checks(capsys):
    told = checked(capsys, "majority", "--set", "system.nothing=1")
    assert "system.nothing" in told.out


@pytest.mark.parametrize("words", [["anchor", "--set", "system.model=small"], ["majority", "--set", "what"]])
def test_what_takes_no_setting_or_is_none_is_refused(capsys, words):
    told = checked(capsys, *words)
    assert told.err.startswith("Error: ")
    assert told.out == ""
