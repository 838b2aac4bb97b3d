"""Texts are read as they were meant: encoded once, with the signs that stand-ins stand for; fields stay as they are."""

import json

import pytest

MEANT = [("José", "¡Qué alegría! 😀"), ("Ann", "I\u2019m so \u201chappy\u201d \u2013 really\u2026"), ("Ann", "plain")]
GARBLED = "characters that were encoded twice: read as they were once"


def misread(text, encoding):
    return "".join(bytes([byte]).decode(encoding, errors="ignore") or chr(byte) for byte in text.encode())


def rows(said):
    return json.dumps([{"sender_name": speaker, "content": text} for speaker, text in said])


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize(
    "said",
    [
        MEANT,
        [("Ann", "é")],
        [("Ann", "哦")] * 2 + [("小明", "没有啊")],
        [("Аня", "привет")],
        [("Ann", "שלום")],
        [("Ann", "안녕")],
    ],
)
def test_what_was_encoded_twice_is_read_as_it_was_once(read, turns, said, encoding):
    twice = [tuple(misread(text, encoding) for text in turn) for turn in said]
    document = read("a.json", rows(twice))
    assert turns(document) == [said]
    assert GARBLED in document.notes[-1]
    # What is written back is what was there.
    assert [turn.fields["content"] for _, turn, _ in document.in_order()] == [text for _, text in twice]
    assert turns(read("b.json", rows(said))) == [said]


@pytest.mark.parametrize(
    "text",
    ["Où êtes-vous ? « né…» naïïf", "né…»", "20 °C, 3 µm, 5 £", "Ça va ? Ünïcödé", "ÀÉÎÕÜ", "no: “yes”", "„Ja“, Öl"],
)
def test_letters_that_are_meant_stay(read, turns, text):
    document = read("a.json", rows([("Zoë", text), ("Ann", text)]))
    assert turns(document) == [[("Zoë", text), ("Ann", text)]]
    assert document.notes == ()
    assert turns(read("b.json", rows([("Ann", text)]))) == [[("Ann", text)]]


def test_a_file_that_is_garbled_in_part_is_told_and_stays(read, turns):
    said = [("Ann", "café"), ("Bob", misread("café", "latin-1"))]
    document = read("a.json", rows(said))
    assert turns(document) == [said]
    assert document.notes == ("1 turn has garbled characters ('Ã©'), and others have none: read as they stand",)


def test_signs_of_html_are_signs(read, turns):
    cue = "00:01.000 --> 00:02.000\n{}\n\n"
    document = read(
        "a.vtt", "WEBVTT\n\n" + cue.format("Tom &amp; Eve: it&#39;s &gt; 3 &lt;3") + cue.format("AT&T; &x &c.")
    )
    assert turns(document) == [[("Tom & Eve", "it's > 3 <3"), ("", "AT&T; &x &c.")]]
    assert document.notes[-1] == "1 turn has signs as HTML writes them (&amp; for &): read as the signs"


def test_the_commas_of_empathetic_dialogues_are_commas(read, turns):
    document = read(
        "a.csv",
        "conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags\n"
        "hit:0_conv:1,1,sad,Once_comma_ I,1,Well_comma_ no_comma_ thanks.,5|5,\n"
        "hit:0_conv:1,2,sad,Once_comma_ I,0,Why?,5|5,\n",
    )
    assert turns(document) == [[("1", "Well, no, thanks."), ("0", "Why?")]]
    assert document.notes[-1] == "1 turn has _comma_ for a comma: read as one"
