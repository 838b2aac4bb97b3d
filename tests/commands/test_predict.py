"""``erc-bench run --save-model`` and ``erc-bench predict``, in this process and in one without a network."""

import csv
import io
import json
import os
import re
import subprocess
import sys

import openpyxl
import pytest

from erc_bench import cli
from erc_bench_plugins.classifiers.head import Head

NOTE = "Note: It was trained on a part of demo alone (--limit 5)"
"""One epoch of a tiny model learns next to nothing, and its user is told."""
CHAT = "Ann: I am so happy today!\nBob: \x1b[31mWhy?\u202e\n\nEve: I am leaving [now].\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_bert):
    """The folder of runs of a cell whose model was saved; never changed."""
    folder = tmp_path_factory.mktemp("saved")
    short = ("training.epochs=1", "encoder.length=48", "dataset.size=10")
    arguments = ["run", "--method", "ce", "--dataset", "demo", "--backbone", str(tiny_bert), "--seeds", "1"]
    arguments += ["--runs", str(folder / "runs"), "--save-model", "--readout", "centroid", "--limit", "5"]
    cli.main([*arguments, *(part for setting in short for part in ("--set", setting))])
    return folder / "runs"


@pytest.fixture
def chat(tmp_path):
    file = tmp_path / "chat.txt"
    file.write_text(CHAT, encoding="utf-8")
    return file


def test_a_table_for_each_conversation_without_what_would_steer_the_terminal(command, runs, chat):
    outcome = command("predict", runs, chat)
    assert (outcome.code, outcome.err.count("\n")) == (0, 1)
    assert outcome.err.startswith(NOTE)
    for part in ("conversation 1", "conversation 2", "speaker", "probability", "�[31mWhy?�", "I am leaving [now]."):
        assert part in outcome.out
    assert "Labels: neutral, excited" in outcome.out
    assert "\u202e" not in outcome.out


@pytest.mark.parametrize("form", ["table", "json", "text"])
def test_turns_taken_for_the_speaker_of_the_line_before_are_counted(command, runs, chat, form):
    chat.write_text("Ann: Hello.\nAnybody?\n\nEve: Yes.\n", encoding="utf-8")
    outcome = command("predict", runs, chat, "--format", form)
    assert outcome.err.splitlines()[0] == "Note: 1 turn names no speaker: taken for the speaker of the line before"
    chat.with_name("a.csv").write_text("speaker,text\nAnn,Hello.\n,Anybody?\n", encoding="utf-8")
    again = command("predict", runs, chat.with_name("a.csv"), "--format", form)
    assert again.code == 0
    assert "Note: 1 turn names no speaker: taken for nobody's\n" in again.err


def test_without_speakers_there_is_no_column_for_them(command, runs, chat):
    chat.write_text("one\ntwo\n", encoding="utf-8")
    outcome = command("predict", runs, chat)
    assert "speaker" not in outcome.out
    assert "conversation" not in outcome.out


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "text"])
def test_every_format_goes_to_a_file_or_to_the_output(command, runs, chat, tmp_path, form):
    chat.write_text(CHAT.replace("\x1b", "é"), encoding="utf-8")
    printed = command("predict", runs, chat, "--format", form)
    written = command("predict", runs, chat, "--format", form, "--output", tmp_path / "new" / "out")
    assert (printed.code, written.code) == (0, 0)
    assert printed.err.startswith(NOTE)
    assert "Written to" in written.err
    assert (tmp_path / "new" / "out").read_text(encoding="utf-8") == printed.out
    for said in ("I am so happy today!", "I am leaving [now]."):
        assert said in printed.out


def test_the_ending_of_the_output_decides_and_else_the_input(command, runs, chat, tmp_path):
    command("predict", runs, chat, "--output", tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["speaker"] for row in rows] == ["Ann", "Bob", "Eve"]
    assert all(max(row, key=lambda name: row[name] if name in LABELS else "") == row["emotion"] for row in rows)
    command("predict", runs, tmp_path / "a.csv", "--output", tmp_path / "b")
    with (tmp_path / "b").open(newline="", encoding="utf-8") as stream:
        again = list(csv.DictReader(stream))
    assert [row["predicted_emotion"] for row in again] == [row["emotion"] for row in rows]


LABELS = ("neutral", "excited", "frustrated", "sad", "happy", "angry")


def test_a_dash_is_standard_output_in_the_format_of_the_input(command, runs, chat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chat.write_text("Ann: I am so happy today!\nBob: Why?\n", encoding="utf-8")
    command("predict", runs, chat, "--output", "answers")
    outcome = command("predict", runs, chat, "--output", "-")
    assert (outcome.code, outcome.err) == (0, f"{NOTE}.\n")
    assert outcome.out == (tmp_path / "answers").read_text(encoding="utf-8")
    assert not (tmp_path / "-").exists()
    assert command("predict", runs, chat, "--output", "-", "--format", "csv").out.startswith("dialogue_id,")


def test_another_readout_answers(command, runs, chat):
    own, other = (json.loads(command("predict", runs, chat, "--format", "json", *asked).out) for asked in ((), READOUT))
    assert own != other
    assert "read by centroid" in command("predict", runs, chat, *READOUT).out


READOUT = ("--readout", "centroid")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nothing", "{chat}"), "there is no folder 'nothing'"),
        (("{runs}", "nothing.csv"), "nothing.csv cannot be read: No such file"),
        (("{runs}", "{chat}", "--output", "{chat}"), "is FILE itself"),
        (("{runs}", "{chat}", "--format", "table", "--output", "x"), "--format table is for the terminal"),
        (("{runs}", "{chat}", "--readout", "hed"), "not read by 'hed'; did you mean head?"),
        (("{runs}", "{chat}", "--device", "gpu"), "the device 'gpu' cannot be used"),
        (("{runs}", "{chat}", "--input-format", "json"), "the JSON is cut off or damaged"),
        (("{runs}", "{chat}", "--output", "/dev/null/x"), "cannot be written"),
    ],
)
def test_a_mistake_is_a_sentence(command, runs, chat, arguments, told):
    outcome = command("predict", *(part.format(runs=runs, chat=chat) for part in arguments))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Error: ")
    assert told in outcome.err
    assert chat.read_text(encoding="utf-8") == CHAT


def test_what_a_component_prints_is_no_part_of_the_answers(command, runs, chat, tmp_path, monkeypatch):
    talks = tmp_path / "talks.py"
    talks.write_text('import erc_bench.api as erc\nprint("plugin talks")\nclass Own(erc.Observer):\n    name = "own"\n')
    score = Head.scores
    monkeypatch.setattr(Head, "scores", lambda self, *given: sys.stdout.write("head talks\n") and score(self, *given))
    outcome = command("predict", runs, chat, "--format", "json", "--plugin", talks)
    assert len(json.loads(outcome.out)) == 2
    assert "plugin talks\nhead talks\n" in outcome.err


ALONE = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("the network was asked")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from erc_bench.cli import main
main(sys.argv[1:])
"""


def test_a_process_without_network_corpus_or_caches_labels_what_it_is_told(runs, tmp_path):
    hidden = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "ERC_BENCH_DATA")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"HF_HOME": str(tmp_path / "hub"), "ERC_BENCH_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", ALONE, "predict", str(runs), "-", "--input-format", "csv", "--format", "csv"]
    content = 'speaker,text,n\nAnn,Hello.,1\nBob,"Go \x1b[1maway,\nplease",2\n'
    done = subprocess.run(
        command, input=content, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (0, 2)
    unread, note = done.stderr.splitlines()
    assert unread.startswith("Note: not read: n; no field names the conversation: all 2 turns are one")
    assert note.startswith(NOTE)
    first, second = csv.DictReader(io.StringIO(done.stdout, newline=""))
    assert (first["text"], first["n"], second["speaker"]) == ("Hello.", "1", "Bob")
    assert second["text"] == "Go \x1b[1maway,\nplease"
    assert list(first) == ["speaker", "text", "n", "emotion", *LABELS]
    # What somebody said to somebody is not kept anywhere.
    assert not (tmp_path / "cache").exists()


def test_notes_go_where_they_do_not_disturb_the_answers(command, tmp_path, chat):
    chat.write_text("Ann: Hello.\n", encoding="utf-8")
    runs = tmp_path / "runs"
    arguments = ("--dataset", "demo", "--seeds", "1", "--runs", runs, "--limit", "3", "--save-model")
    assert re.search(r"model saved, [1-9] kB: ", command("run", "--method", "majority", *arguments).out)
    outcome = command("predict", runs, chat, "--format", "csv")
    assert outcome.err.startswith(
        "Note: It was trained on a part of demo alone (--limit 3).\nNote: On test it was degen"
    )
    table = command("predict", runs, chat)
    assert " score " in table.out.replace("\n", " ")
    assert "Note: " in table.err


def test_a_script_that_the_tokenizer_does_not_know_is_told_with_its_share(command, runs, chat):
    chat.write_text("Ann: I am so happy today!\n", encoding="utf-8")
    assert "unknown" not in command("predict", runs, chat).err
    chat.write_text("安娜: 汤是凉的。\n阿博: 退回去吧。\n", encoding="utf-8")
    for form in ("table", "json"):
        told = command("predict", runs, chat, "--format", form)
        assert told.code == 0
        assert re.search(
            r"^Note: \d\d+ % of the tokens of this file are unknown to the model's backbone, ", told.err, re.M
        )


def test_a_workbook_holds_texts_as_texts(command, runs, tmp_path):
    file, sheet = tmp_path / "turns.csv", tmp_path / "answers.xlsx"
    file.write_text('speaker,text,n\nAnn,=1+1,1\nBob,"@SUM(A1)\x07",2\n', encoding="utf-8")
    told = command("predict", runs, file, "--output", sheet)
    assert told.code == 0
    head, *rows = openpyxl.load_workbook(sheet)["predictions"].iter_rows()
    assert [cell.value for cell in head][:5] == ["speaker", "text", "n", "emotion", "neutral"]
    assert [row[1].value for row in rows] == ["=1+1", "@SUM(A1)\ufffd"]
    assert {row[1].data_type for row in rows} == {"s"}
    assert sum(cell.value for cell in rows[0][4:]) == pytest.approx(1, abs=1e-3)
    command("predict", runs, file, "--output", tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(encoding="utf-8", newline="") as stream:
        # A table of text is read again: its cells stay as they were.
        assert [row["text"] for row in csv.DictReader(stream)] == ["=1+1", "@SUM(A1)\x07"]
    file.write_text('[{"text": "Hello", "tags": ["a", "b"], "age": 3, "none": null}]', encoding="utf-8")
    file.rename(file.with_suffix(".json"))
    assert command("predict", runs, file.with_suffix(".json"), "--output", sheet, "--format", "xlsx").code == 0
    rows = list(openpyxl.load_workbook(sheet)["predictions"].iter_rows(values_only=True))
    assert rows[1][:3] == ("Hello", '["a", "b"]', 3)
    assert rows[1][3] in (None, "")
