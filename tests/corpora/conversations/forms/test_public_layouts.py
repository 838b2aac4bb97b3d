"""Layouts of public exports and corpora are read as they are meant, or refused with what to do."""

import json

import pytest

from erc_bench.corpora.conversations.fields import Columns
from erc_bench.corpora.conversations.forms.nesting import read_conversation
from erc_bench.errors import ErcBenchError


def lines(items):
    return "".join(json.dumps(item) + "\n" for item in items)


def said(name, *rows):
    """Return messages of Messenger, the newest first, as it exports them."""
    return [{"sender_name": who, "timestamp_ms": 1700000000000 - n, name: text} for n, (who, text) in enumerate(rows)]


def test_messages_that_stand_newest_first_are_read_from_the_last(read, turns):
    content = {"participants": [{"name": "Ann"}], "messages": said("content", ("Ann", "c"), ("Bob", "b"), ("Ann", "a"))}
    document = read("message_1.json", json.dumps(content))
    assert turns(document) == [[("Ann", "a"), ("Bob", "b"), ("Ann", "c")]]
    assert [turn.text for _, turn, _ in document.in_order()] == ["c", "b", "a"]
    assert document.notes == (
        "not read: participants",
        "timestamp_ms falls throughout: the turns of 1 conversation are read from the last to the first",
    )
    asked = read("message_1.json", json.dumps(content), Columns(utterance="none"))
    assert turns(asked) == [[("Ann", "c"), ("Bob", "b"), ("Ann", "a")]]


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        (
            ["2024-01-01T10:02:00.5+01:00", "2024-01-01T10:01:00.5+01:00", "2024-01-01T10:00:00.5+01:00"],
            ["3", "2", "1"],
        ),
        (["2024-01-01T10:02:00Z", "2024-01-01T10:02:00Z", "2024-01-01T10:02:00Z"], list("123")),
        # Times of two zones cannot be compared as they are written.
        (["2024-01-01T10:02:00+01:00", "2024-01-01T10:01:00+01:00", "2024-01-01T09:03:00+00:00"], list("123")),
        (["2024-01-01T10:02:00Z", "2024-01-01T10:01:00Z", "2024-01-01T10:03:00Z"], list("123")),
    ],
)
def test_only_times_that_fall_throughout_turn_a_conversation_round(read, times, texts):
    rows = [{"speaker": "Ann", "createdAt": time, "text": str(n)} for n, time in enumerate(times, start=1)]
    assert [turn.text for turn in read("a.json", json.dumps(rows)).conversations[0].turns] == texts


def test_names_of_messages_that_count_nothing_leave_the_order_to_times(read):
    rows = [{"id": str(n), "speaker": "Ann", "created_at": n, "text": str(n)} for n in (900000, 5000, 20)]
    assert [turn.text for turn in read("a.json", json.dumps(rows)).conversations[0].turns] == ["20", "5000", "900000"]


def utterance(name, chat, answers, text="x"):
    return {"id": name, "conversation_id": chat, "reply-to": answers, "speaker": "s", "text": text, "timestamp": None}


@pytest.mark.parametrize("reply", ["reply-to", "reply_to"])
def test_what_is_answered_is_read_before_its_answer(read, reply):
    links = [("L5", "L1", "L4"), ("L4", "L1", "L2"), ("L3", "L1", "L1"), ("L2", "L1", "L1"), ("L1", "L1", None)]
    links += [("M1", "M1", None), ("M2", "M1", "M1"), ("M3", "M1", "elsewhere")]
    rows = [{name.replace("reply-to", reply): value for name, value in utterance(*link).items()} for link in links]
    document = read("utterances.jsonl", lines(rows))
    names = [[turn.fields["id"] for turn in each.turns] for each in document.conversations]
    assert names == [["L1", "L2", "L4", "L5", "L3"], ["M1", "M2", "M3"]]
    assert [turn.fields["id"] for _, turn, _ in document.in_order()] == [name for name, _, _ in links]
    assert document.notes == ("turns of 1 conversation stand before those that they answer: read after them",)


def test_answers_in_a_circle_stay_as_they_stand(read):
    rows = [utterance("a", "a", "b"), utterance("b", "a", "a")]
    (conversation,) = read("utterances.jsonl", lines(rows)).conversations
    assert sorted(turn.fields["id"] for turn in conversation.turns) == ["a", "b"]


def test_messages_without_words_keep_their_place_and_are_told(read, turns):
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "x"}}],
        },
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "assistant", "photos": [{"uri": "x.jpg"}]},
    ]
    document = read("a.jsonl", lines([{"messages": messages}]))
    assert turns(document) == [[("user", "look"), ("assistant", ""), ("assistant", "")]]
    assert document.notes == (
        "not read: tool_calls, photos",
        "1 turn has parts that are no text: left out",
        "2 turns have no words: labels of such say nothing",
    )


def test_a_text_under_another_name_is_no_message_without_words(read):
    with pytest.raises(ErcBenchError, match="'text' is missing"):
        read("a.json", '[{"speaker": "Ann", "words": "hi", "audio": "a.wav"}]')
    with pytest.raises(ErcBenchError, match="handed over, turn 1: 'text' is missing"):
        read_conversation({"utterances": [{"speaker": "Ann", "words": "hi", "audio": "a.wav"}]}, "handed over")
    with pytest.raises(ErcBenchError, match="there is no 'word' for"):
        read("a.json", '[{"speaker": "Ann", "words": "hi", "audio": "a.wav"}]', Columns(text="word"))


def test_instructions_to_a_language_model_are_told(read):
    chat = [("system", "Be kind."), ("user", "hi"), ("assistant", "hello")]
    messages = {"messages": [{"role": role, "content": text} for role, text in chat]}
    assert read("a.json", json.dumps(messages)).notes == ("1 turn is by system: read as if it were said",)
    # In MultiWOZ the system is who answers.
    assert read("b.json", json.dumps({"turns": [{"speaker": "SYSTEM", "utterance": "Where to?"}]})).notes == ()


SEGMENT = {"start": 0.1, "end": 1.2, "text": " Hi.", "words": [{"word": "Hi", "start": 0.1, "end": 0.5}]}


def test_segments_of_recognised_speech_are_turns(read, turns):
    whole = {"text": " Hi. Hi.", "segments": [{"id": 0, **SEGMENT}, {"id": 1, **SEGMENT}], "language": "en"}
    assert turns(read("whisper.json", json.dumps(whole))) == [[("", " Hi."), ("", " Hi.")]]
    speakers = {"segments": [{**SEGMENT, "speaker": "SPEAKER_00"}], "word_segments": SEGMENT["words"]}
    assert turns(read("whisperx.json", json.dumps(speakers))) == [[("SPEAKER_00", " Hi.")]]
    # Segments of other kinds are fields of a turn.
    turn = [{"speaker": "Ann", "text": "hi", "segments": [{"start": 0, "end": 1}]}]
    assert turns(read("a.json", json.dumps(turn))) == [[("Ann", "hi")]]


@pytest.mark.parametrize("name", ["transcript_id", "call_id", "MeetingID", "interview no", "ticket_number"])
def test_talks_of_other_names_are_conversations(read, turns, name):
    table = f"quality,{name},utterance_id,interlocutor,utterance_text\nhigh,0,0,a,x\nhigh,1,0,a,y\n"
    assert turns(read("a.csv", table)) == [[("a", "x")], [("a", "y")]]


def test_an_utterance_with_a_row_for_each_annotator_is_no_two_conversations(read):
    table = "transcript_id,utterance_id,text,annotator_id\n0,0,x,3\n0,0,x,4\n0,1,y,3\n"
    with pytest.raises(ErcBenchError, match="is there twice") as caught:
        read("a.csv", table)
    assert caught.value.hint.startswith("Keep one row for each utterance")


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("train.txt", "id\tturn1\tturn2\tturn3\tlabel\n0\ta\tb\tc\tothers\n", Columns()),
        ("train.tsv", "id\tturn1\tturn2\tturn3\tlabel\n0\ta\tb\tc\tothers\n", Columns()),
        ("peld.csv", "Speaker_1,Speaker_2,Utterance_1,Utterance_2,Emotion_1\nCy,Di,a,b,joy\n", Columns()),
    ],
)
def test_a_column_for_each_turn_is_refused(read, name, content, columns):
    with pytest.raises(ErcBenchError, match="it has a column for each turn") as caught:
        read(name, content, columns)
    assert "Write a row for each turn" in caught.value.hint


WHOLE = [
    ("samsum.json", json.dumps([{"id": "1", "dialogue": "Ann: hi\r\nBob: yo"}]), "dialogue"),
    ("dialogsum.jsonl", lines([{"dialogue": "#Person1#: Hi.\n#Person2#: Go!", "fname": "a"}]), "dialogue"),
    ("samsum.csv", 'id,dialogue\n1,"Ann: hi\nBob: yo"\n', "dialogue"),
    ("dailydialog.csv", "dialog,emotion\n\"['Hi , Jim .' ' Yo .'\n 'Yes']\",[0 0 0]\n", "dialog"),
]


@pytest.mark.parametrize(("name", "content", "column"), WHOLE)
def test_a_whole_conversation_in_one_text_is_no_turn(read, name, content, column):
    with pytest.raises(ErcBenchError, match="is a whole conversation") as caught:
        read(name, content, Columns(text=column))
    assert "for each turn" in caught.value.hint


def test_a_message_of_several_lines_by_somebody_is_a_turn(read, turns):
    content = json.dumps([{"speaker": "Ann", "text": "Pro: cheap\nContra: far"}])
    assert turns(read("a.json", content)) == [[("Ann", "Pro: cheap\nContra: far")]]


def test_a_long_name_is_one_where_it_comes_again(read, turns):
    names = ("Bob van der Berg (he/him)", "Ann", "Bob van der Berg (he/him)", "What I mean is this")
    cues = [f"{n}\n00:00:0{n}.000 --> 00:00:0{n}.900\n{name}: go\n" for n, name in enumerate(names, start=1)]
    document = read("zoom.vtt", "\n".join(["WEBVTT\n", *cues]))
    assert turns(document) == [[*((name, "go") for name in names[:3]), ("", "What I mean is this: go")]]


@pytest.mark.parametrize("content", ["Sprecher;Text\nÄnne;hi\n".encode("cp1252"), "speaker\ttext\n".encode("utf-16")])
def test_what_a_spreadsheet_saved_in_another_encoding_is_refused_with_its_own_remedy(read, content):
    with pytest.raises(ErcBenchError, match="not UTF-8") as caught:
        read("a.csv", content)
    assert "spreadsheets save it as CSV UTF-8" in caught.value.hint
