"""The layouts of the shipped corpora are read from any file, and written back in their own shape."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from erc_bench.corpora.conversations.writing import TurnAnswer, write


def written(document, form=None):
    answers = [[TurnAnswer("joy", {"joy": 1.0})] * len(each.turns) for each in document.conversations]
    return write(document, answers, form or document.form)


FLAT = [
    [
        {"text": "Tea?", "speaker": "Eve Hill", "label": "Neutral"},
        {"text": "Please.", "speaker": "Joe", "label": "sad"},
    ],
    [{"text": "Goal!", "speaker": "Ses01F_impro01_F"}],
]
TURNS = [[("Eve Hill", "Tea?"), ("Joe", "Please.")], [("Ses01F_impro01_F", "Goal!")]]
OFFICIAL = {
    "season_id": "s09",
    "episodes": [
        {
            "episode_id": "s09_e01",
            "scenes": [
                {
                    "scene_id": f"s09_e01_c0{number}",
                    "utterances": [
                        {
                            "utterance_id": f"s09_e01_c0{number}_u00{position}",
                            "speakers": [turn["speaker"], "Nobody"],
                            "transcript": turn["text"],
                            "tokens": [["x"]],
                            "emotion": "Mad",
                        }
                        for position, turn in enumerate(scene)
                    ],
                }
                for number, scene in enumerate([*FLAT, []])
            ],
        }
    ],
}


def test_lists_of_lists_keep_their_shape(read, turns):
    document = read("a.json", json.dumps(FLAT))
    assert turns(document) == TURNS
    again = json.loads(written(document))
    assert [[turn["emotion"] for turn in scene] for scene in again] == [["joy", "joy"], ["joy"]]
    assert [[turn["text"] for turn in scene] for scene in again] == [["Tea?", "Please."], ["Goal!"]]
    rows = written(document, "csv").splitlines()
    assert [row.split(",")[0] for row in rows] == ["dialogue_id", "1", "1", "2"]


def test_official_scenes_keep_their_shape_and_an_empty_one_is_no_loss(read, turns):
    document = read("a.json", json.dumps(OFFICIAL))
    assert turns(document) == [*TURNS, []]
    assert [each.id for each in document.conversations] == ["s09_e01_c00", "s09_e01_c01", "s09_e01_c02"]
    assert document.notes == ("3 turns name several speakers: the first is taken",)
    scenes = json.loads(written(document))["episodes"][0]["scenes"]
    assert [turn["predicted_emotion"] for scene in scenes for turn in scene["utterances"]] == ["joy"] * 3
    assert written(document, "jsonl").count("\n") == 3


DIALOG = {"dialog": ["Hi .", "Yo .", "Hm ."], "act": [1, 2, 1], "emotion": [0, 4, 0]}
ALTERNATE = [[("A", "Hi ."), ("B", "Yo ."), ("A", "Hm .")]]


def test_dailydialogs_lists_and_lines(read, turns):
    for name, content in (("a.json", [DIALOG]), ("b.json", DIALOG), ("c.jsonl", DIALOG)):
        document = read(name, json.dumps(content))
        assert turns(document) == ALTERNATE
        assert "alternate between A and B" in document.notes[0]
    lines = read("dialogues_test.txt", "Hi . __eou__ Yo . __eou__ Hm .\n\n One __eou__\n")
    assert turns(lines) == [*ALTERNATE, [("A", "One")]]
    assert "A and B in turn" in lines.notes[0]
    first, _ = map(json.loads, written(lines).splitlines())
    assert first["utterances"][1] == {"speaker": "B", "text": "Yo .", "emotion": "joy", "scores": {"joy": 1.0}}
    # Other lists of texts name nobody.
    assert turns(read("d.json", '{"dialog": ["a", "b"]}')) == [[("", "a"), ("", "b")]]


def test_parquet_of_rows_and_of_lists(read, turns):
    rows = {"dialogue_id": [1, 1, 2], "speaker": ["Ann", "Bob", None], "text": ["a", "b", "c"], "f": [1.5, None, 2.0]}
    for name in ("a.parquet", "no-ending"):
        document = read(name, parquet(rows))
        assert turns(document) == [[("Ann", "a"), ("Bob", "b")], [("", "c")]]
        assert document.notes == ("not read: f", "1 turn names no speaker: taken for nobody's")
        assert json.loads(written(document).splitlines()[1])["f"] is None
    lists = read("b.parquet", parquet({name: [value] for name, value in DIALOG.items()}))
    assert turns(lists) == ALTERNATE
    speakers = {"id": ["x"], "utterances": [["a", "b"]], "speakers": [["Ann", "Bob"]]}
    assert turns(read("c.parquet", parquet(speakers))) == [[("Ann", "a"), ("Bob", "b")]]


def parquet(columns):
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


RELEASE = (
    "Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.\n"
    "Ses01F_impro01_M000 [001.0000-002.0000]: Do you?\n"
    "M: [LAUGHTER]\n"
    "Ses01F_impro01_FXX0 [009.0000-010.0000]: Yeah.\n"
)


def test_a_transcription_of_iemocap_is_read_in_the_order_of_time(read, turns):
    document = read("Ses01F_impro01.txt", RELEASE)
    assert turns(document) == [[("M", "Do you?"), ("F", "Excuse me."), ("F", "Yeah.")]]
    assert document.conversations[0].id == "Ses01F_impro01"
    assert [turn.text for _, turn, _ in document.in_order()] == ["Excuse me.", "Do you?", "Yeah."]
    assert len(document.notes) == 3


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"d1": [{"speaker": "A", "text": "a"}], "d2": [{"text": "b"}]}, [[("A", "a")], [("", "b")]]),
        ({"tr_1": [[{"turn": 1, "speaker": "A", "utterance": "a"}]]}, [[("A", "a")]]),
        ({"x": {"turns": ["a"]}, "y": {"turns": ["b"]}}, [[("", "a")], [("", "b")]]),
        ({"dialogues": [{"id": 1, "turns": ["a"]}, {"id": 2, "turns": ["b"]}]}, [[("", "a")], [("", "b")]]),
        ({"train": [[{"text": "a"}]], "test": [[{"text": "b"}]]}, [[("", "a")], [("", "b")]]),
        ([{"conversations": [{"from": "human", "value": "a"}]}], [[("human", "a")]]),
        ({"messages": [{"role": "user", "content": "a"}]}, [[("user", "a")]]),
        ({"messages": [{"author": {"id": "1", "name": "Ann"}, "content": "a"}]}, [[("Ann", "a")]]),
        ({"messages": [{"from": "A", "text": ["see ", {"type": "link", "text": "x"}]}]}, [[("A", "see x")]]),
        ({"speaker": "A", "text": "a"}, [[("A", "a")]]),
        ({"PMUL1.json": {"log": [{"text": "a"}, {"text": "b"}]}}, [[("", "a"), ("", "b")]]),
    ],
)
def test_other_nestings_in_circulation(read, turns, content, expected):
    document = read("a.json", json.dumps(content))
    assert turns(document) == expected
    assert written(document).count('"joy"') == 2 * sum(map(len, expected))
