import json
from dataclasses import replace

import pytest
import store_fixture

from erc_bench.output.report import ReportRequest, answer_explorer, collect
from erc_bench.output.report.answer_explorer import explorer
from erc_bench.output.report.report_data import Text
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.predictions import read_predictions


@pytest.fixture
def small(tmp_path):
    """A store with two dialogues of three turns."""
    return store_fixture.Store(tmp_path / "runs", store_fixture.TestSplit(dialogues=2, length=3))


def shown_of(store, catalogue):
    return collect(read_cells(store.runs), ReportRequest(figures=()), catalogue).shown


def decoded(column, row, seed):
    """Return what a row answered, read from the page's form: {(dialogue, turn): (gold, answer)}."""
    found = column["rows"][row]
    line = found["answers"][found["seeds"].index(seed)]
    dialogues = [name for name, size in zip(column["dialogues"], column["sizes"], strict=True) for _ in range(size)]
    labels = column["labels"]
    return {
        (dialogue, position): (labels[ord(gold) - 48], labels[ord(answer) - 48])
        for dialogue, position, gold, answer in zip(dialogues, column["positions"], column["gold"], line, strict=True)
    }


def test_every_answer_is_there(found):
    for column in found.explorer["columns"]:
        members = [each for each in found.shown if each.column.title == column["title"]]
        assert [row["label"] for row in column["rows"]] == [each.row.label for each in members]
        for place, each in enumerate(members):
            for seed, cell in each.cells.items():
                expected = {
                    (row.dialogue_id, row.utterance): (row.gold, row.predicted)
                    for row in read_predictions(cell).itertuples()
                }
                assert decoded(column, place, seed) == expected


def test_it_opens_on_the_best_compared_row_and_its_baseline(found):
    for column in found.explorer["columns"]:
        means = {
            each.row.label: each.score.summary.mean for each in found.shown if each.column.title == column["title"]
        }
        best, baseline = (column["rows"][place]["label"] for place in column["opens"])
        compared = {label for label in means if label.endswith("minilm") and not label.startswith("ce")}
        assert best == max(compared, key=means.get)
        assert baseline == "ce · minilm"


def test_without_comparisons_it_opens_on_the_best_row_alone(small, catalogue):
    small.add_seeds("ce", [1.0])
    (column,) = explorer(shown_of(small, catalogue), {})[0]["columns"]
    assert column["opens"] == [0]


def test_it_is_plain_json(found):
    assert json.loads(json.dumps(found.explorer)) == found.explorer


def test_turns_have_their_speakers(found, talk):
    column = next(each for each in found.explorer["columns"] if each["title"] == "talk")
    dialogues = {dialogue.id: dialogue for dialogue in talk().load(None).test}
    assert set(column["speakers"]) == {"Ann", "Bob"}
    for name, flat in zip(column["dialogues"], column["turns"], strict=True):
        told = [(column["speakers"][who], said) for who, said in zip(flat[::2], flat[1::2], strict=True)]
        assert told == [(turn.speaker, turn.text) for turn in dialogues[name].utterances]


def test_a_dialogue_ends_with_its_last_scored_turn_and_one_that_is_too_short_is_left_out(small, catalogue):
    small.add("ce")
    shown = shown_of(small, catalogue)
    turns = [("Ann", "one"), ("Bob", "two"), ("Ann", "three"), ("Bob", "never scored")]
    data, _ = explorer(shown, {"meld": Text("", {"0": turns, "1": turns[:2]})})
    assert data["columns"][0]["turns"] == [[0, "one", 1, "two", 0, "three"], []]


def test_files_in_another_order_are_read_by_their_keys(small, catalogue):
    small.add_seeds("ce", [0.5, 0.5])
    file = next(small.runs.rglob("seed-2/predictions.csv"))
    header, *rows = file.read_text().splitlines()
    before, _ = explorer(shown_of(small, catalogue), {})
    file.write_text("\n".join([header, *reversed(rows)]) + "\n")
    store_fixture.write_status(file.parent)
    after, notes = explorer(shown_of(small, catalogue), {})
    assert after == before
    assert notes == []


def test_a_run_that_answered_other_utterances_is_named(small, catalogue):
    small.add_seeds("ce", [0.5, 0.5])
    shown = shown_of(small, catalogue)
    file = next(small.runs.rglob("seed-2/predictions.csv"))
    file.write_text("\n".join(file.read_text().splitlines()[:-1]) + "\n")
    data, notes = explorer(shown, {})
    assert data["columns"][0]["rows"][0]["seeds"] == [1]
    assert len(notes) == 1
    assert "seed-2 is not in the confusion explorer: it answered other utterances" in notes[0]


def test_seeds_go_where_there_are_too_many_answers(small, catalogue, monkeypatch):
    small.add_seeds("ce", [0.5, 0.5, 0.5])
    small.add_seeds("eacl", [0.5])
    shown = [
        replace(each, column=replace(each.column, utterances=6)) for each in shown_of(small, catalogue)
    ]  # fmt: skip
    monkeypatch.setattr(answer_explorer, "MOST_ANSWERS", 6 * 3)
    data, notes = explorer(shown, {})
    assert [row["seeds"] for row in data["columns"][0]["rows"]] == [[1, 2], [1]]
    assert "only the first 2 of up to 3 seeds" in notes[0]
    monkeypatch.setattr(answer_explorer, "MOST_ANSWERS", 6)
    data, notes = explorer(shown, {})
    assert data["columns"] == []
    assert "nothing is in it" in notes[0]


def test_text_goes_where_there_is_too_much(small, catalogue, monkeypatch):
    small.add("ce")
    monkeypatch.setattr(answer_explorer, "MOST_TEXT", 10)
    turns = [("Ann", "a long sentence")] * 3
    data, notes = explorer(shown_of(small, catalogue), {"meld": Text("", {"0": turns, "1": turns})})
    assert data["columns"][0]["turns"] == []
    assert "the text of meld would make this page too large" in notes[0]


def test_many_classes_have_letters_of_their_own(tmp_path, catalogue):
    labels = tuple(f"class {i:02d}" for i in range(90))
    store = store_fixture.Store(tmp_path / "runs", store_fixture.TestSplit(dialogues=30, length=10, labels=labels))
    store.add("ce", accuracy=1.0)
    (column,) = explorer(shown_of(store, catalogue), {})[0]["columns"]
    found = decoded(column, 0, 1)
    assert found == {(dialogue, turn): (gold, gold) for dialogue, turn, gold in store.split.rows()}


def test_no_answer_is_a_column_of_its_own(small, catalogue):
    answers = ["", *small.split.answers(0.6, 1)[1:]]
    small.add("ce", 1)
    small.add("llm", 1, predicted=answers)
    (column,) = explorer(shown_of(small, catalogue), {})[0]["columns"]
    assert column["labels"][-1] == "(no answer)"
    row = next(place for place, row in enumerate(column["rows"]) if row["label"].startswith("llm"))
    assert sorted(answer for _, answer in decoded(column, row, 1).values()) == sorted(
        answer or "(no answer)" for answer in answers
    )
