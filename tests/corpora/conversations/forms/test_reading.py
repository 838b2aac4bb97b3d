"""Files of conversations: read whole or refused with file and line."""

import io
import json
import sys
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.corpora.conversations.conversation import UNKNOWN_SPEAKER, sealed
from erc_bench.corpora.conversations.forms.reading import LARGEST, STDIN, InputFormat, read_document
from erc_bench.errors import ErcBenchError

ROOT = Path(__file__).resolve().parents[4]


def read(tmp_path, name, content, form=None):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_document(file, form)


def turns(document):
    return [[(turn.speaker, turn.text) for turn in each.turns] for each in document.conversations]


ANN, BOB = '{"speaker": "Ann", "text": "Hello, you!"}', '{"Speaker": "Bob", "text": "Go."}'
MELD = "Sr No.,Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID"
ANN_AND_BOB = [[("Ann", "Hello, you!"), ("Bob", "Go.")]]
SHAPES = {
    "object.json": f'{{"id": 7, "utterances": [{ANN}, {BOB}]}}',
    "list.json": '[{"turns": [{"speaker": "Ann", "Utterance": "Hello, you!"}, {"speaker": " Bob ", "text": "Go."}]}]',
    "turns.json": '[{"speaker": "Ann", "text": "Hello, you!"}, {"speaker": "Bob", "text": "Go."}]',
    "dialogue.jsonl": f'{{"utterances": [{ANN}, {BOB}]}}\n',
    "turns.ndjson": '{"speaker": "Ann", "text": "Hello, you!"}\r\n\r\n{"speaker": "Bob", "text": "Go."}',
    "plain.csv": 'speaker,text\nAnn,"Hello, you!"\nBob,Go.\n',
    "meld.CSV": f'{MELD}\r\n1,"Hello, you!",Ann,joy,0,0\r\n2,Go.,Bob,anger,0,1\r\n',
    "chat.txt": "Ann: Hello, you!\r\nBob:  Go. \r\n",
    "chat": "\n\nAnn: Hello, you!\nBob: Go.\n\n\n",
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_every_format_holds_the_same_conversation(tmp_path, name, mark):
    document = read(tmp_path, name, mark + SHAPES[name].encode())
    assert turns(document) == ANN_AND_BOB
    assert document.order == ((0, 0), (0, 1))


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (SHAPES["object.json"], "json"),
        (SHAPES["turns.ndjson"], "jsonl"),
        (SHAPES["chat"], "text"),
        ("[sighs] Ann: no", "text"),
        ("{ not json", "text"),
    ],
)
def test_without_a_known_ending_only_what_is_json_throughout_is_taken_for_it(tmp_path, monkeypatch, content, form):
    assert read(tmp_path, "file.log", content).form == form
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    assert read_document(STDIN).form == form


def test_the_format_that_is_named_wins(tmp_path):
    assert read(tmp_path, "chat.json", "Ann: Hello.", "text").form == "text"


def test_turns_are_grouped_by_the_conversation_that_they_name_and_keep_their_order(tmp_path):
    document = read(tmp_path, "a.csv", "text,dialogue_id\none,b\ntwo,a\nthree,b\n")
    assert turns(document) == [[("", "one"), ("", "three")], [("", "two")]]
    assert [conversation.id for conversation in document.conversations] == ["b", "a"]
    assert document.order == ((0, 0), (1, 0), (0, 1))


def test_lines_of_text(tmp_path):
    text = "Mr. Grey: I am: fine.\nand you?\nhttp://x.org 12:30\nWhat he said was this: no\nEve:\n\nalone\nBob : hi"
    assert turns(read(tmp_path, "a.txt", text)) == [
        [
            ("Mr. Grey", "I am: fine."),
            ("Mr. Grey", "and you?"),
            ("Mr. Grey", "http://x.org 12:30"),
            ("Mr. Grey", "What he said was this: no"),
            ("Eve", ""),
        ],
        [("", "alone"), ("Bob", "hi")],
    ]


TAKEN = "{} no speaker: taken for the speaker of the line before"
WORDLESS = "1 turn has no words: labels of such say nothing"
NOBODY = "{} no speaker: taken for nobody's"


@pytest.mark.parametrize(
    ("name", "text", "notes"),
    [
        (
            "a.txt",
            "Mr. Grey: I am: fine.\nand you?\nat 12:30\nWhat he said was this: no\nEve:\n\nalone\nBob : hi",
            (TAKEN.format("3 turns name"), NOBODY.format("1 turn names"), WORDLESS),
        ),
        ("a.txt", "one\ntwo\n\nthree", ("no turn names a speaker",)),
        ("a.txt", "Ann: one\nAnn two\nAnn:three", (TAKEN.format("2 turns name"),)),
        ("a.txt", "Ann: one\nBob: two", ()),
        ("a.csv", "speaker,text\nAnn,one\nAnn,two\n,three\n", (NOBODY.format("1 turn names"),)),
    ],
)
def test_turns_of_a_text_without_a_speaker_of_their_own_are_counted(tmp_path, name, text, notes):
    assert read(tmp_path, name, text).notes == notes


def test_a_name_has_at_most_three_words_and_forty_characters(tmp_path):
    long = "x" * 40
    text = f"{long}: one\n\n{long}x: two\n\na b c: three\n\na b c d: four"
    assert [turn[0] for (turn,) in turns(read(tmp_path, "a.txt", text))] == [long, "", "a b c", ""]
    for place in (ROOT / "docs" / "predict.md", ROOT / "docs" / "reference" / "commands" / "predict.md"):
        assert "at most three words and 40 characters" in place.read_text(encoding="utf-8")


def test_a_model_reads_clean_text_and_a_name_for_every_speaker(tmp_path):
    document = read(tmp_path, "a.json", json.dumps([{"text": "it\x92s\xa0me"}, {"speaker": None, "text": "x"}]))
    (dialogue,) = sealed(document.conversations)
    assert dialogue.utterances[0].text == "it\u2019s me"
    assert {utterance.speaker for utterance in dialogue.utterances} == {UNKNOWN_SPEAKER}
    assert dialogue.targets() == (0, 1)


def test_conversations_of_one_name_stay_apart(tmp_path):
    document = read(tmp_path, "a.json", '[{"id": 1, "utterances": ["a"]}, {"id": "1", "utterances": ["b"]}]')
    assert len({dialogue.id for dialogue in sealed(document.conversations)}) == 2


WRONG = [
    ("a.json", "", "column 1: the JSON is cut off"),
    ("a.json", '{"utterances": [\n{"text": "x"}', "line 2, column 14: the JSON is cut off"),
    ("a.json", '{"uterances": []}', "'utterances' is missing; did you mean uterances"),
    ("a.json", '{"utterances": "x"}', "expected a list of turns, found a text"),
    ("a.json", '{"utterances": []}', "holds no turn"),
    ("a.json", "[]", "holds no turn"),
    ("a.json", "3", "found a number"),
    ("a.json", '[{"speaker": "Ann"}]', "item 1: 'text' is missing"),
    ("a.json", '[{"text": 3}]', "item 1, 'text': expected a text, found a number"),
    ("a.json", '[{"text": "x", "speaker": [["Ann"]]}]', "'speaker': expected a text, found a list"),
    ("a.json", '[{"text": "x"}, 3]', "item 2: a turn is a text or an object"),
    ("a.json", '[{"utterances": ["x"]}, {"text": "x"}]', "item 2: a turn among conversations"),
    ("a.json", '[{"text": "x", "text": "y"}]', "'text' occurs twice in one object"),
    ("a.json", '[{"text": "x", "score": NaN}]', "NaN is not JSON"),
    ("a.json", '[{"text": "x", "score": 1e999}]', "too large a number"),
    ("a.json", '[{"text": "\\ud800"}]', "half of a character"),
    ("a.json", "[" * 100_000, "cannot be read"),
    ("a.json", '[{"text": "x", "n": ' + "9" * 5000 + "}]", "cannot be read"),
    ("a.jsonl", '{"text": "x"}\n\n{"text": "y"', "line 3, column"),
    ("a.jsonl", '{"text": "x"}\n{"words": "y"}', "line 2: 'text' is missing"),
    ("a.jsonl", '{"text": "x", "dialogue_id": "1"}\n{"text": "y"}', "line 2: this turn names no conversation"),
    ("a.csv", "", "no column 'text'"),
    ("a.csv", "speaker;words\nAnn;Hi\n", "line 1: there is no column 'text'"),
    ("a.csv", "text\n", "holds no turn"),
    ("a.csv", "text,text\na,b\n", "line 1: the column 'text' occurs twice"),
    ("a.csv", 'speaker,text\n\n"Ann\nLee",x\nBob\n', "line 5: 1 fields, but the header has 2"),
    ("a.csv", 'text\n"never closed\n', "the record that begins on line 2 is damaged"),
    ("a.csv", "text,dialogue_id\na,1\nb,\n", "line 3: this turn names no conversation"),
    ("a.txt", "\n \n", "holds no turn"),
    ("a.txt", b"ok\ncaf\xe9", "line 2: the file is not UTF-8 (byte 0xe9)"),
    ("a.txt", "hi".encode("utf-16"), "looks like UTF-16 or a binary file"),
    ("a.txt", b"a\0b", "looks like UTF-16 or a binary file"),
]


@pytest.mark.parametrize(("name", "content", "told"), WRONG)
def test_what_is_wrong_is_told_with_its_place(tmp_path, name, content, told):
    with pytest.raises(ErcBenchError) as caught:
        read(tmp_path, name, content)
    assert told in caught.value.message
    assert str(tmp_path / name) in caught.value.message
    assert "\n" not in caught.value.message


def test_what_cannot_be_opened_and_what_is_too_large_is_told(tmp_path):
    for wrong in (tmp_path, tmp_path / "nothing.csv"):
        with pytest.raises(ErcBenchError, match="cannot be read"):
            read_document(wrong)
    with (tmp_path / "large.txt").open("wb") as stream:
        stream.truncate(LARGEST + 1)
    with pytest.raises(ErcBenchError, match="larger than 256 MiB"):
        read_document(tmp_path / "large.txt")


@given(st.binary(max_size=200), st.sampled_from([*get_args(InputFormat), None]))
def test_any_bytes_are_read_or_refused_in_one_sentence(tmp_path_factory, content, form):
    file = tmp_path_factory.getbasetemp() / "any"
    file.write_bytes(content)
    outcome = attempt(file, form)
    if isinstance(outcome, ErcBenchError):
        assert "\n" not in outcome.message
    else:
        assert len(outcome.order) == sum(len(each.turns) for each in outcome.conversations) > 0


def attempt(file, form):
    try:
        return read_document(file, form)
    except ErcBenchError as error:
        return error


# Beginnings of what was encoded twice, and controls that stand for signs (test_traces.py).
MISREAD = "".join(map(chr, (*range(0x80, 0xA0), *range(0xC2, 0xF5))))


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0" + MISREAD), max_size=30), max_size=8))
def test_no_line_of_text_is_lost(tmp_path_factory, lines):
    file = tmp_path_factory.getbasetemp() / "lines.txt"
    content = "\n".join(lines)
    file.write_bytes(content.encode())
    kept = [line.removesuffix("\r") for line in content.removeprefix("\ufeff").split("\n") if line.strip()]
    if not kept:
        with pytest.raises(ErcBenchError, match="no turn"):
            read_document(file, "text")
        return
    document = read_document(file, "text")
    assert "\n".join(turn.fields["line"] for _, turn, _ in document.in_order()).split("\n") == kept
    for _, turn, _ in document.in_order():
        whole, split = turn.text, f"{turn.speaker}:{turn.text}"
        assert "".join(turn.fields["line"].split()) in ("".join(whole.split()), "".join(split.split()))
