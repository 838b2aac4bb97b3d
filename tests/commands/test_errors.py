"""Which utterances runs got wrong: every error once, with its text, what came before it and the scores."""

import csv
import io
import json

import openpyxl
import pandas as pd
import pytest

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus
from erc_bench_plugins.datasets.demo import Demo


@pytest.fixture
def runs(command, tmp_path):
    """Run the one method that needs no training on two small corpora."""
    fixed = ("--dataset", "demo", "--seeds", "2", "--runs", tmp_path / "runs", "--data-dir", tmp_path / "data")
    for size in (12, 14):
        assert command("run", "--method", "majority", *fixed, "--set", f"dataset.size={size}").code == 0
    return tmp_path / "runs"


@pytest.fixture
def cell(runs):
    return min(runs.rglob("record.json")).parent


def expected(cell, context):
    """Return by a loop what the answers of a cell and its corpus say."""
    size = json.loads((cell / "record.json").read_text())["settings"]["dataset.size"]
    dialogues = {each.id: each.utterances for each in load_corpus(Demo(Demo.Options(size=size)), None).splits.test}
    found = []
    for row in csv.DictReader(io.StringIO((cell / "predictions.csv").read_text(encoding="utf-8"))):
        if row["gold"] == row["predicted"]:
            continue
        turns, place = dialogues[row["dialogue_id"]], int(row["utterance"])
        before = [f"{turn.speaker}: {turn.text}" for turn in turns[:place]]
        scores = [float(row[row[column]]) for column in ("predicted", "gold")]
        said = (row["dialogue_id"], place, turns[place].speaker, turns[place].text, row["gold"], row["predicted"])
        found.append((*said, *scores, "\n".join(before[len(before) - min(context, len(before)) :])))
    return found


@pytest.mark.parametrize("context", [0, 2, 99])
def test_every_error_of_a_cell_once(cell, context):
    frame = erc.load_errors(cell, context=context)
    assert list(frame.itertuples(index=False, name=None)) == expected(cell, context)
    assert len(frame) > 5
    assert (frame["context"] != "").any() == bool(context)


def test_several_cells_are_named(runs):
    frame = erc.load_errors(erc.load_runs(runs))
    assert list(frame.columns[:5]) == ["dataset", "method", "backbone", "seed", "settings_hash"]
    counts = frame.groupby(["settings_hash", "seed"]).size().to_dict()
    files = sorted(runs.rglob("record.json"))
    records = [json.loads(file.read_text()) for file in files]
    cells = {(own["settings_hash"], own["seed"]): file.parent for own, file in zip(records, files, strict=True)}
    assert counts == {key: len(expected(folder, 3)) for key, folder in cells.items()}


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_file_holds_all_of_them(command, cell, tmp_path, ending):
    file = tmp_path / "new" / f"errors.{ending}"
    outcome = command("errors", cell, "--output", file, "--context", 1)
    assert (outcome.code, outcome.out) == (0, "")
    wanted = expected(cell, 1)
    assert f"{len(wanted)} errors" in outcome.err
    text = file.read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text)) if ending == "csv" else map(json.loads, text.splitlines())
    assert [(row["dialogue_id"], int(row["utterance"]), row["text"], row["context"]) for row in rows] == [
        (own[0], own[1], own[3], own[8]) for own in wanted
    ]
    printed = command("errors", cell, "--format", ending, "--context", 1).out
    assert printed == text


def test_the_table_begins_with_the_surest_and_says_how_many_there_are(command, cell):
    wanted = expected(cell, 3)
    outcome = command("errors", cell, "--most", 2)
    assert f"2 of {len(wanted)} errors; --output FILE.csv writes all." in outcome.out
    assert outcome.out.count(": ") >= 2


def test_labels_choose(command, cell):
    wanted = expected(cell, 3)
    label = wanted[0][4]
    lines = command("errors", cell, "--format", "jsonl", "--gold", label).out.splitlines()
    assert [json.loads(line)["gold"] for line in lines] == [label for own in wanted if own[4] == label]
    outcome = command("errors", cell, "--gold", "hapy")
    assert outcome.code == 2
    assert "--gold hapy: no such label" in outcome.err


def test_a_label_that_is_never_missed_has_no_errors(command, cell):
    answered = {own[5] for own in expected(cell, 3)}
    (always,) = answered
    outcome = command("errors", cell, "--format", "jsonl", "--gold", always)
    assert (outcome.code, outcome.out) == (0, "")


def test_a_workbook_holds_all_of_them(command, cell, tmp_path):
    file = tmp_path / "errors.xlsx"
    outcome = command("errors", cell, "--output", file, "--context", 1)
    assert (outcome.code, outcome.out) == (0, "")
    head, *rows = openpyxl.load_workbook(file).active.iter_rows(values_only=True)
    frame = erc.load_errors(cell, context=1)
    assert list(head) == list(frame.columns)
    read = [tuple("" if value is None else value for value in row) for row in rows]
    assert [row[:6] for row in read] == [own[:6] for own in expected(cell, 1)]
    assert [row[8] for row in read] == list(frame["context"])


def test_a_workbook_is_not_printed(command, cell):
    outcome = command("errors", cell, "--format", "xlsx")
    assert outcome.code == 2
    assert "is no text" in outcome.err


def test_runs_of_one_folder_are_told_apart(command, runs):
    outcome = command("errors", runs, "--most", 1)
    assert outcome.code == 0
    assert "settings_hash" in outcome.out.split("\n")[0] + outcome.out.split("\n")[1]
    lines = command("errors", runs, "--method", "majority", "--format", "jsonl").out.splitlines()
    assert {json.loads(line)["seed"] for line in lines} == {1, 2}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--method", "majorty"), "no run of the method 'majorty' is stored; did you mean majority?"),
        (("--readout", "probe"), "was not read by 'probe'"),
        (("--output", "errors.pdf"), "errors.pdf"),
    ],
)
def test_mistakes_are_one_sentence(command, runs, more, said):
    outcome = command("errors", runs, *more)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_folder_without_answers_is_told(command, tmp_path):
    (tmp_path / "empty").mkdir()
    outcome = command("errors", tmp_path / "empty")
    assert outcome.code == 2
    assert "has answers on test" in outcome.err


def test_another_corpus_than_the_one_that_was_scored_is_told(cell, monkeypatch):
    frame = pd.DataFrame({"folder": [str(cell)]})
    assert not erc.load_errors(frame).empty
    monkeypatch.setattr("erc_bench.corpora.corpus.fingerprint", lambda splits: "0" * 64)
    with pytest.raises(erc.ErcBenchError, match="another fingerprint than that of the runs") as caught:
        erc.load_errors(frame)
    # The dataset of a run may be one that stands in a file.
    assert "FILE.py" in caught.value.hint
