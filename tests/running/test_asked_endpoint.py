"""A method that asks an endpoint, from the command line to the record: allowed, killed, resumed, side by side."""

import json
import re
import signal

import pytest

import erc_bench.api as erc
from erc_bench.cli import main
from erc_bench.errors import ErcBenchError


def settings(server, **more):
    own = {"model": "small", "endpoint": server.address, "parallel": 1, "window": 1, "template": "bare", **more}
    return {"dataset.size": 12, **{f"system.{name}": value for name, value in own.items()}}


def words(server, tmp_path, *more, seeds="1"):
    changed = [word for name, value in settings(server).items() for word in ("--set", f"{name}={value}")]
    places = ["--data-dir", tmp_path / "data", "--runs", tmp_path / "runs", "--device", "cpu"]
    return list(
        map(str, ["run", "--method", "llm-api", "--dataset", "demo", "--seeds", seeds, *places, *changed, *more])
    )


def run(server, tmp_path, seeds=(1,), send_text=True, overwrite="missing", **more):
    return erc.run(
        "llm-api",
        "demo",
        seeds=list(seeds),
        settings=settings(server, **more),
        runs=tmp_path / "runs",
        data_dir=tmp_path / "data",
        send_text=send_text,
        overwrite=overwrite,
        progress=False,
    )


def records(tmp_path):
    return [json.loads(file.read_text()) for file in sorted((tmp_path / "runs").rglob("record.json"))]


def test_nothing_leaves_without_the_users_word(chat_server, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(words(chat_server, tmp_path))
    said = re.sub(r"\s+", " ", capsys.readouterr().err)
    assert "llm-api sends the text of demo to another machine" in said
    assert "--send-text" in said
    with pytest.raises(ErcBenchError, match="sends the text of demo"):
        run(chat_server, tmp_path, send_text=False)
    assert not chat_server.seen
    assert not (tmp_path / "runs").exists()


def test_a_search_asks_with_the_users_word_alone(chat_server, tmp_path, capsys):
    pytest.importorskip("optuna")
    space = tmp_path / "space.toml"
    space.write_text('[llm-api]\n"system.template" = ["expert", "question"]\n', encoding="utf-8")
    own = {name: value for name, value in settings(chat_server).items() if name != "system.template"}
    changed = [word for name, value in own.items() for word in ("--set", f"{name}={value}")]
    places = ["--space", space, "--study", tmp_path / "study", "--data-dir", tmp_path / "data", "--device", "cpu"]
    search = list(map(str, ["tune", "--method", "llm-api", "--dataset", "demo", "--trials", 2, *places, *changed]))
    with pytest.raises(SystemExit) as ended:
        main(search)
    assert ended.value.code == 2
    assert "--send-text" in capsys.readouterr().err
    assert not chat_server.seen
    main([*search, "--send-text"])
    assert chat_server.seen
    assert set(chat_server.times_asked().values()) == {1}
    assert (tmp_path / "study" / "tuned.toml").is_file()


def test_answers_without_a_label_are_wrong_and_told(chat_server, tmp_path):
    chat_server.answer = lambda prompt: "happy, I think" if len(prompt) % 2 else "who knows"
    outcome = run(chat_server, tmp_path)
    assert not outcome.failed
    (record,) = records(tmp_path)
    test, told = record["metrics"]["test"], record["provenance"]["system"]
    assert 0 < test["unanswered"] < sum(test["support"].values())
    assert told["answers_without_label"] == {"who knows": told["answers"]["without_label"]}
    assert record["backbone"] == "none"
    assert record["provenance"]["generates"] is True
    caption = " ".join(outcome.compare().caption)
    share = 100 * test["unanswered"] / sum(test["support"].values())
    assert f"Answers that are no label count as wrong: llm-api on demo {share:.1f} %." in caption


def test_further_seeds_ask_nothing_again_and_score_alike(chat_server, tmp_path):
    run(chat_server, tmp_path, seeds=(1,))
    asked = len(chat_server.asked)
    run(chat_server, tmp_path, seeds=(1, 2, 3))
    assert len(chat_server.asked) == asked
    scores = [record["metrics"] for record in records(tmp_path)]
    assert scores[0] == scores[1] == scores[2]


def test_a_killed_run_asks_nothing_twice(chat_server, tmp_path, start):
    enough = 15
    process = start(*words(chat_server, tmp_path, "--send-text"))
    chat_server.before = lambda prompt: process.popen.kill() if len(chat_server.seen) == enough else None
    assert process.end()[0] == -signal.SIGKILL
    assert len(chat_server.seen) == enough

    chat_server.before = lambda prompt: None
    code, _, errors = start(*words(chat_server, tmp_path, "--send-text")).end()
    assert code == 0, errors
    prompts = [json.dumps(request["messages"]) for request in chat_server.seen]
    twice = {prompt for prompt in prompts if prompts.count(prompt) > 1}
    # It may have been killed before the last reply was kept.
    assert twice <= {prompts[enough - 1]}
    assert len(set(prompts)) > 2 * enough


def test_cells_side_by_side_ask_nothing_twice(chat_server, tmp_path, start):
    code, _, errors = start(*words(chat_server, tmp_path, "--send-text", "--jobs", 2, seeds="1,2")).end()
    assert code == 0, errors
    assert len(records(tmp_path)) == 2
    prompts = [json.dumps(request["messages"]) for request in chat_server.seen]
    assert len(prompts) == len(set(prompts))


def test_an_endpoint_that_fails_fails_the_cell_and_the_next_run_goes_on(chat_server, tmp_path):
    chat_server.faults = [*[None] * 10, *[429] * 2]
    outcome = run(chat_server, tmp_path, retries=1)
    (failed,) = outcome.failed
    assert "wants fewer requests" in failed.reason
    assert len(chat_server.asked) >= 10
    assert not run(chat_server, tmp_path, retries=1, overwrite="failed").failed
    prompts = [json.dumps(request["messages"]) for request in chat_server.asked]
    assert len(prompts) == len(set(prompts))


def test_text_and_keys_are_in_no_file_of_the_runs(chat_server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret-key")
    run(chat_server, tmp_path)
    assert chat_server.keys[-1] == "Bearer a-secret-key"
    said = chat_server.asked[-1]["messages"][-1]["content"].splitlines()[0].encode()
    for file in (tmp_path / "runs").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"a-secret-key" not in content
            assert said not in content
