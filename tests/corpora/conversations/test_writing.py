"""What was read is written back with answers added: nothing lost, nothing moved."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.corpora.conversations.conversation import FORMATS
from erc_bench.corpora.conversations.forms.reading import read_document
from erc_bench.corpora.conversations.writing import TurnAnswer, write


def answers(document):
    """Answer every turn by its place, so that one that was moved is seen."""
    return [
        [
            TurnAnswer("anger" if (number + position) % 2 else "joy", {"joy": number / 100, "anger": position / 100})
            for position in range(len(conversation.turns))
        ]
        for number, conversation in enumerate(document.conversations)
    ]


def in_order(document):
    given_answers = answers(document)
    return [given_answers[number][position] for number, position in document.order]


@pytest.fixture
def rewritten(tmp_path):
    """Write content to a file, read it, and return the document and its text in a format."""

    def rewritten(name, content, form=None):
        file = tmp_path / name
        file.write_text(content, encoding="utf-8", newline="")
        document = read_document(file)
        return document, write(document, answers(document), form or document.form)

    return rewritten


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("text", "Ann: no\t\n"),
        ("csv", "speaker,text,emotion,joy\nAnn,no,,0.0000\n"),
        ("jsonl", '{"speaker": "Ann", "text": "no", "emotion": "", "scores": {"joy": 0.0}}\n'),
    ],
)
def test_a_turn_without_an_answer_has_an_empty_one(rewritten, form, told):
    document, _ = rewritten("a.csv", "speaker,text\nAnn,no\n")
    assert write(document, [[TurnAnswer("", {"joy": 0.0})]], form) == told


def test_json_keeps_its_fields_their_order_and_its_shape(rewritten):
    content = {
        "id": 3,
        "turns": [{"n": 1.5, "text": "é", "speaker": None, "more": {"a": [True]}}, "bare"],
        "topic": ["x"],
    }
    _, text = rewritten("a.json", json.dumps(content))
    written = json.loads(text)
    assert list(written) == ["id", "turns", "topic"]
    first, second = written["turns"]
    assert list(first) == ["n", "text", "speaker", "more", "emotion", "scores"]
    assert {name: first[name] for name in content["turns"][0]} == content["turns"][0]
    assert first["emotion"] == "joy"
    assert second == {"text": "bare", "emotion": "anger", "scores": {"joy": 0.0, "anger": 0.01}}
    assert "é" in text


def test_csv_keeps_its_columns_and_the_order_of_its_rows(rewritten):
    document, text = rewritten("a.csv", 'dialogue_id,text,x\nb," one, ""two""\n",1\na,,2\nb,three,\n')
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == ["dialogue_id", "text", "x", "emotion", "joy", "anger"]
    assert [(row["dialogue_id"], row["text"], row["x"]) for row in rows] == [
        ("b", ' one, "two"\n', "1"),
        ("a", "", "2"),
        ("b", "three", ""),
    ]
    assert [row["emotion"] for row in rows] == [answer.emotion for answer in in_order(document)]
    assert [row["anger"] for row in rows] == ["0.0000", "0.0000", "0.0100"]


def test_names_that_are_taken_are_not_written_over(rewritten):
    _, text = rewritten("a.csv", "Utterance,Emotion,joy\nHi,neutral,7\n")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row == {
        "Utterance": "Hi",
        "Emotion": "neutral",
        "joy": "7",
        "predicted_emotion": "joy",
        "predicted_joy": "0.0000",
        "anger": "0.0000",
    }
    _, text = rewritten("b.json", '[{"text": "a", "emotion": 1, "predicted_emotion": 2}, {"text": "b"}]')
    first, second = json.loads(text)
    assert (first["emotion"], first["predicted_emotion"], first["predicted_emotion_2"]) == (1, 2, "joy")
    assert second["predicted_emotion_2"] == "anger"


def test_text_keeps_its_lines(rewritten):
    _, text = rewritten("a.txt", "  Ann: Hi \r\nyou\r\n\r\n\r\nBob: Go")
    assert text == "  Ann: Hi \tjoy 0.0000\nyou\tanger 0.0100\n\nBob: Go\tanger 0.0000\n"


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_becomes_every_other(rewritten, form, tmp_path):
    documents = {
        "a.json": '[{"id": "x", "turns": [{"speaker": "Ann", "text": "Hi"}]}, {"turns": [{"text": "Go\\nnow"}]}]',
        "b.jsonl": '{"text": "Hi", "speaker": "Ann", "dialogue_id": "x"}\n{"text": "Go\\nnow", "dialogue_id": "y"}\n',
        "c.csv": 'speaker,text,dialogue_id\nAnn,Hi,x\n,"Go\nnow",y\n',
        "d.txt": "Ann: Hi\n\nGo now\n",
    }
    for name, content in documents.items():
        _, text = rewritten(name, content, form)
        again = tmp_path / f"again-{name}"
        again.write_text(text, encoding="utf-8", newline="")
        second = read_document(again, form)
        assert [len(each.turns) for each in second.conversations] == [1, 1], (name, text)
        said = [turn.text.partition("\t")[0].replace("\n", " ") for _, turn, _ in second.in_order()]
        assert said == ["Hi", "Go now"]
        assert [turn.speaker for _, turn, _ in second.in_order()] == ["Ann", ""]


MOVED = '{"utterances": [{"turn": 2, "text": "b"}, {"turn": 1, "text": "a"}, {"turn": 3, "text": "c"}]}'


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "tsv"])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv", "a.tsv"])
def test_turns_that_are_read_in_another_order_are_written_as_they_stood(rewritten, name, form):
    table = "turn,text\n2,b\n1,a\n3,c\n"
    content = MOVED if "json" in name else table.replace(",", "\t" if "tsv" in name else ",")
    document, text = rewritten(name, content, form)
    assert [turn.text for turn in document.conversations[0].turns] == ["a", "b", "c"]
    # The second turn in reading is the first of the file, and every turn has the answer of its own place.
    assert answered_texts(text, form) == [("b", 0.01), ("a", 0.0), ("c", 0.02)]


def answered_texts(text, form):
    if form in ("csv", "tsv"):
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter="," if form == "csv" else "\t")
        return [(row["text"], float(row["anger"])) for row in rows]
    content = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
    content = content[0] if isinstance(content, list) and "utterances" in content[0] else content
    turns = content if isinstance(content, list) else content["utterances"]
    return [(turn["text"], turn["scores"]["anger"]) for turn in turns]


@pytest.mark.parametrize("name", ["id", "scene_id", "chat", "Dialog ID"])
def test_conversations_that_became_a_table_are_read_apart(rewritten, tmp_path, name):
    content = [{name: f"x{number}", "turns": [{"speaker": "Ann", "text": "hi"}]} for number in range(2)]
    _, text = rewritten("a.json", json.dumps(content), "csv")
    again = tmp_path / "again.csv"
    again.write_text(text, encoding="utf-8")
    assert [each.id for each in read_document(again).conversations] == ["x0", "x1"]


def test_tables_keep_their_separator_and_quote_it(rewritten):
    _, text = rewritten("a.csv", 'text;n\n"a;b";c,d\n')
    assert text == 'text;n;emotion;joy;anger\n"a;b";c,d;joy;0.0000;0.0000\n'
    _, text = rewritten("a.csv", 'text;n\n"a;b";c,d\n', "tsv")
    assert text == "text\tn\temotion\tjoy\tanger\na;b\tc,d\tjoy\t0.0000\t0.0000\n"


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
scalars = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False) | words
)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(words, scalars, max_size=2)
extras = st.dictionaries(words.filter(lambda name: name[:1] == "x"), values, max_size=2)
objects = st.builds(
    lambda text, speaker, more: {**more, "text": text, "speaker": speaker}, words, st.none() | words, extras
)
dialogues = st.builds(
    lambda turns, more: {**more, "utterances": turns}, st.lists(objects | words, min_size=1, max_size=3), extras
)


def without_answers(turn):
    return {name: value for name, value in turn.items() if name not in ("emotion", "scores")}


def as_object(turn):
    return {"text": turn} if isinstance(turn, str) else turn


@given(st.lists(dialogues, min_size=1, max_size=3), st.sampled_from(["json", "jsonl"]))
def test_json_comes_back_with_nothing_but_answers_added(tmp_path_factory, content, form):
    file = tmp_path_factory.getbasetemp() / f"dialogues.{form}"
    lines = json.dumps(content) if form == "json" else "\n".join(map(json.dumps, content))
    file.write_text(lines, encoding="utf-8")
    document = read_document(file)
    text = write(document, answers(document), form)
    written = json.loads(text) if form == "json" else [json.loads(line) for line in text.split("\n") if line]
    assert [{**each, "utterances": [without_answers(turn) for turn in each["utterances"]]} for each in written] == [
        {**each, "utterances": list(map(as_object, each["utterances"]))} for each in content
    ]
    flat = [turn["emotion"] for each in written for turn in each["utterances"]]
    assert flat == [answer.emotion for answer in in_order(document)]


rows = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), words, words, words), min_size=1, max_size=6)


@given(rows)
def test_csv_comes_back_with_nothing_but_answers_added(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "rows.csv"
    header = ("dialogue_id", "speaker", "text", "other")
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerows([header, *content])
    document = read_document(file)
    text = write(document, answers(document), "csv")
    written = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert written[0] == [*header, "emotion", "joy", "anger"]
    assert [tuple(row[:4]) for row in written[1:]] == content
    assert [row[4] for row in written[1:]] == [answer.emotion for answer in in_order(document)]
