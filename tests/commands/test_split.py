"""A corpus in one file, split by the command: rows verbatim, dialogues whole, files that are kept."""

import csv
import json

import pytest

HEADER = "conv_id,who,message,emotion,extra"


def rows_of(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def table(tmp_path):
    """Write 40 chats of three turns, of two people each, pairs of chats between the same two."""
    file = tmp_path / "chats.csv"
    labels = ("joy", "anger", "")
    lines = [
        f'c{chat},P{chat // 2}{"ab"[turn % 2]},"says {turn}, ""so""",{labels[(chat + turn) % 3]},{chat}-{turn}'
        for chat in range(40)
        for turn in range(3)
    ]
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("disjoint", ["dialogue", "speaker"])
def test_rows_are_in_one_part_as_they_stood(command, table, tmp_path, disjoint):
    outcome = command("split", table, "--out", tmp_path / "parts", "--disjoint", disjoint)
    assert outcome.code == 0
    parts = {name: rows_of(tmp_path / "parts" / f"{name}.csv") for name in ("train", "dev", "test")}
    original = rows_of(table)
    assert sorted((row for own in parts.values() for row in own), key=original.index) == original
    for own in parts.values():
        assert sorted(own, key=original.index) == own
    for column in ("conv_id", "who") if disjoint == "speaker" else ("conv_id",):
        seen = [{row[column] for row in own} for own in parts.values()]
        assert sum(map(len, seen)) == len(set.union(*seen))
    assert [len(own) for own in parts.values()] == pytest.approx([84, 12, 24], abs=6)
    assert "no label" in outcome.out


def test_in_folds_every_dialogue_is_in_test_once(command, table, tmp_path):
    assert command("split", table, "--out", tmp_path / "cv", "--folds", 4).code == 0
    tested = []
    for fold in range(1, 5):
        names = {
            name: {row["conv_id"] for row in rows_of(tmp_path / "cv" / f"fold-{fold}" / f"{name}.csv")}
            for name in ("train", "dev", "test")
        }
        assert sum(map(len, names.values())) == len(set.union(*names.values())) == 40
        tested += names["test"]
    assert sorted(tested) == sorted(f"c{chat}" for chat in range(40))


def test_conversations_of_json_become_tables(command, tmp_path):
    file = tmp_path / "chats.json"
    turn = {"speaker": "A", "text": "hm", "label": "joy", "scores": [1, 2]}
    chats = [{"id": f"x{n}", "utterances": [turn] * 2} for n in range(20)]
    file.write_text(json.dumps(chats), encoding="utf-8")
    assert command("split", file, "--out", tmp_path / "parts").code == 0
    rows = [row for name in ("train", "dev", "test") for row in rows_of(tmp_path / "parts" / f"{name}.csv")]
    assert len(rows) == 40
    assert {row["label"] for row in rows} == {"joy"}
    assert {row["scores"] for row in rows} == {"[1, 2]"}
    assert len({tuple(row.values()) for row in rows}) == 20


def test_files_that_are_there_stay_unless_it_is_asked_for(command, table, tmp_path):
    fixed = ("split", table, "--out", tmp_path / "parts")
    assert command(*fixed).code == 0
    before = (tmp_path / "parts" / "test.csv").read_bytes()
    outcome = command(*fixed, "--seed", 1)
    assert outcome.code == 2
    assert "is there already" in outcome.err
    assert (tmp_path / "parts" / "test.csv").read_bytes() == before
    assert command(*fixed, "--seed", 1, "--overwrite").code == 0
    assert (tmp_path / "parts" / "test.csv").read_bytes() != before
    assert command(*fixed, "--overwrite").code == 0
    assert (tmp_path / "parts" / "test.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--dev", "0.5", "--test", "0.5"), "leave nothing to train on"),
        (("--label-column", "emotions"), "there is no column 'emotions'; did you mean emotion?"),
        (("--folds", "2"), "2"),
        (("--folds", "4", "--test", "0.4"), "--test does not go with --folds 4"),
        (("--disjoint", "episode"), "episode"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(command, table, tmp_path, more, said):
    outcome = command("split", table, "--out", tmp_path / "parts", *more)
    assert outcome.code == 2
    assert said in outcome.err
    assert not (tmp_path / "parts").exists()


def test_turns_without_a_speaker_cannot_be_kept_apart_by_speakers(command, tmp_path):
    file = tmp_path / "chats.csv"
    file.write_text("dialogue_id,text\n" + "".join(f"{n},hello\n" for n in range(9)), encoding="utf-8")
    outcome = command("split", file, "--out", tmp_path / "parts", "--disjoint", "speaker")
    assert outcome.code == 2
    assert "9 turns name no speaker" in outcome.err
    assert "--speaker-column" in outcome.err


def test_a_label_column_that_is_named_is_read_and_without_one_no_label_is_counted(command, table, tmp_path):
    table.write_text(table.read_text(encoding="utf-8").replace("emotion", "feeling"), encoding="utf-8")
    plain = command("split", table, "--out", tmp_path / "plain")
    assert "No column of labels was found" in plain.out
    assert "no label" not in plain.out
    assert "Note: not read: feeling, extra" in plain.err
    named = command("split", table, "--out", tmp_path / "named", "--label-column", "Feeling")
    assert "joy 3" in named.out
    assert "Note: not read: extra" in named.err
    chats = tmp_path / "chats.json"
    chats.write_text(
        '{"a": [{"text": "x", "mood": "joy"}], "b": [{"text": "y"}], "c": [{"text": "z"}]}', encoding="utf-8"
    )
    nested = command("split", chats, "--out", tmp_path / "nested", "--label-column", "mood")
    assert "not read" not in nested.err


@pytest.mark.parametrize(
    ("text", "turns", "is_told"), [("so", (1, 2), False), ("so", (2, 1), True), ("so &amp; so", (1, 2), True)]
)
def test_what_is_read_otherwise_than_it_stands_is_told(command, tmp_path, text, turns, is_told):
    rows = "".join(f"{chat},{turn},P,{text},joy\n" for chat in range(20) for turn in turns)
    (tmp_path / "chats.csv").write_text(f"chat,turn,speaker,text,emotion\n{rows}", encoding="utf-8")
    outcome = command("split", tmp_path / "chats.csv", "--out", tmp_path / "parts")
    assert ("rows stay as they stand in FILE" in outcome.err) == is_told
    assert all(row["text"] == text for row in rows_of(tmp_path / "parts" / "train.csv"))
