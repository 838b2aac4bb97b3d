"""Chats, subtitles and tables under the name of text are read as what they are, never as speech."""

import pytest

from erc_bench.errors import ErcBenchError

CHAT = "read as an export of a chat, with a time before each of 2 messages"
ANN_AND_BOB = [[("Ann Lee", "hi: you"), ("Bob", "yo")]]


@pytest.mark.parametrize(
    "form",
    [
        "12/05/2024, 10:2{} - {}: {}",
        "[12.05.24, 10:24:0{}] {}: {}",
        "\u200e[5/12/24, 10:2{}:00\u202fPM] {}: {}",
        "5/12/24, 1:2{} p.m. - {}: {}",
        "[10:2{}] {}: {}",
        "(10:2{}:00) {}: {}",
        "2024-05-12 10:22:0{} {}: {}",
        "2024-05-12T10:2{}:00Z {}: {}",
        "00:00:0{} {}: {}",
        "[10:2{}] <{}> {}",
        "{1} (10:2{0}): {2}",
        "{1} [00:00:0{0}.123]: {2}",
        "{1}  0:0{0}\n{2}",
    ],
)
def test_a_line_with_a_time_is_a_message(read, turns, form):
    lines = [form.format(number, *said) for number, said in enumerate(ANN_AND_BOB[0])]
    document = read("chat.txt", "\n".join(lines))
    assert turns(document) == ANN_AND_BOB
    assert document.notes == (CHAT,)
    assert [turn.fields["line"] for _, turn, _ in document.in_order()] == lines
    assert turns(read("spaced.txt", "\n\n".join(lines))) == ANN_AND_BOB


def test_a_message_keeps_its_lines_and_one_by_nobody_is_told(read, turns):
    head = "12/05/2024, 10:2{} - "
    content = [
        f"{head.format(1)}Messages are encrypted.",
        f"{head.format(2)}+49 170 123 4567: one",
        "two",
        "",
        "Note: three",
        f'{head.format(3)}Ann created group "Trip: Rome"',
        "",
        f"{head.format(4)}Ann: four",
    ]
    document = read("chat.txt", "\n".join(content))
    assert turns(document) == [
        [
            ("", "Messages are encrypted."),
            ("+49 170 123 4567", "one\ntwo\n\nNote: three"),
            ("", 'Ann created group "Trip: Rome"'),
        ],
        [("Ann", "four")],
    ]
    assert document.notes[1] == "2 turns name no speaker: taken for nobody's"


def test_a_time_in_what_is_said_makes_no_chat(read, turns):
    document = read("a.txt", "Ann: hi\n12:30 works for me\nBob: ok\n[10:22] Eve: quoted\n")
    assert turns(document) == [
        [("Ann", "hi"), ("Ann", "12:30 works for me"), ("Bob", "ok"), ("Bob", "[10:22] Eve: quoted")]
    ]


SRT = (
    "1\n00:00:01,000 --> 00:00:02,000\n<i>Ann: Hi</i>\nthere\n\n"
    "2\n00:00:03,000 --> 00:00:04,000\n- Go!\n- No - never.\n"
)
VTT = (
    "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000 align:start\n<v Ann>Hi <b>there</b></v>\n\nx\n"
    "00:03.000 --> 00:04.000\n- Go!\n- No - never.\n"
)


@pytest.mark.parametrize(("name", "content"), [("a.srt", SRT), ("a.vtt", VTT), ("a.txt", SRT), ("none", VTT)])
def test_a_cue_is_a_turn(read, turns, name, content):
    document = read(name, content)
    assert turns(document) == [[("Ann", "Hi there"), ("", "Go!"), ("", "No - never.")]]
    assert document.notes == ("2 of 3 cues name no speaker",)
    assert document.conversations[0].turns[0].fields["end"].endswith(("02,000", "02.000"))


TABLE = 'Speaker\tUtterance\tEmotion\nAnn\tHi "you"\tjoy\nBob\t"Go\tanger\n'


@pytest.mark.parametrize("name", ["a.tsv", "a.tab", "a.csv", "a.txt", "none"])
def test_tabs_are_a_table_and_a_quotation_mark_in_it_is_one(read, turns, name):
    document = read(name, TABLE)
    assert turns(document) == [[("Ann", 'Hi "you"'), ("Bob", '"Go')]]
    assert document.form == "tsv"
    assert turns(read("b.tsv", 'speaker\ttext\nAnn\t"a\tb ""c"""\n')) == [[("Ann", 'a\tb "c"')]]


def test_blank_lines_in_a_table_without_ids_end_conversations(read, turns):
    header, ann, bob, _ = TABLE.split("\n")
    document = read("a.txt", f"{header}\n\n{ann}\n{ann}\n\n{bob}\n")
    assert [len(each) for each in turns(document)] == [2, 1]
    assert document.notes[-1] == "blank lines stand between 2 conversations"
    doubled = read("a.csv", "speaker,text\r\n\r\nAnn,a\r\n\r\nBob,b\r\n\r\nAnn,c\r\n")
    assert [len(each) for each in turns(doubled)] == [3]
    assert "after every row" in doubled.notes[0]


@pytest.mark.parametrize("separator", [";", "|", "\t"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt"])
def test_the_header_shows_what_separates_fields(read, turns, separator, name):
    rows = (("speaker", "text", "dialogue_id"), ("Ann", "a, b", "1"), ("Bob", "c", "2"))
    document = read(name, "\n".join(map(separator.join, rows)))
    assert turns(document) == [[("Ann", "a, b")], [("Bob", "c")]]


@pytest.mark.parametrize(
    ("name", "content", "told", "hint"),
    [
        ("a.txt", "M\tHi\tneu\nF\tGo\tang\n", "every line has 3 fields with tabs", "Put their names on the first line"),
        ("a.srt", "hello\nworld\n", "line 1: a cue without times", "00:00:01,000 --> "),
        ("a.csv", b"speaker,text\nAnn,a long text\0b\n", "line 2: a NUL byte", "drop the byte"),
        ("a.csv", b"PK\x03\x04\0\0", "packed archive", "save a spreadsheet as CSV"),
        ("a.txt", "{\\rtf1 Ann: hi}", "a document of a word processor", "as plain text"),
        ("a.csv", "# exported\nspeaker,text\nAnn,hi\n", "there is no column 'text'", "The first line names"),
        ("a.json", '{"text": {"0": "a"}, "speaker": {"0": "A"}}', "a table by columns", "orient='records'"),
        ("a.json", "[" * 50 + "]" * 50, "no turn within 12 lists", "For example"),
        ("a.parquet", "nothing", "the parquet file cannot be read", ""),
    ],
)
def test_what_is_no_conversation_is_refused_with_a_remedy(read, name, content, told, hint):
    with pytest.raises(ErcBenchError) as caught:
        read(name, content)
    assert told in caught.value.message
    assert hint in caught.value.hint


def test_a_spreadsheet_may_tell_its_separator_first(read, turns):
    document = read("a.csv", "sep=;\r\nspeaker;text\r\nAnn;a\r\nBob;b, c\r\n")
    assert turns(document) == [[("Ann", "a"), ("Bob", "b, c")]]


def test_marks_of_markdown_are_no_part_of_a_name(read, turns):
    assert turns(read("a.md", "**Ann:** hi *you*\n__Bob__: yo\n*Cy:* no\n")) == [
        [("Ann", "hi *you*"), ("Bob", "yo"), ("Cy", "no")]
    ]


def test_a_speaker_for_every_turn_is_told(read):
    assert read("a.txt", "1. Ann: a\n2. Bob: b\n3. Ann: c\n4. Bob: d\n").notes == ("no two turns have one speaker",)


def test_a_text_that_ends_with_a_time_is_no_chat(read, turns):
    assert turns(read("a.txt", "Dinner at 10:30\nsee you")) == [[("", "Dinner at 10:30"), ("", "see you")]]


def test_columns_without_names_are_text_where_that_is_asked_for(read, turns):
    assert turns(read("a.txt", "M\tHi\nF\tGo\n", form="text")) == [[("", "M\tHi"), ("", "F\tGo")]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '{"text": "a"}\n{"text": "b"}\n'),
        ("a.jsonl", '[\n{"text": "a"},\n{"text": "b"}\n]'),
        ("a.txt", '[{"text": "a"}, {"text": "b"}]'),
        ("a.txt", '{"text": "a"}\n{"text": "b"}\n'),
    ],
)
def test_json_under_another_name_is_json(read, turns, name, content):
    assert turns(read(name, content)) == [[("", "a"), ("", "b")]]
