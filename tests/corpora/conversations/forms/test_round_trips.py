"""What is written in each form is read as the same conversations: any order of columns, any quoting, any nesting."""

import csv
import io
import json
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.corpora.conversations.forms.reading import read_document
from erc_bench.errors import ErcBenchError

# Without such as the beginnings of what was encoded twice, which is read as what was meant (test_traces.py).
misread = "".join(map(chr, range(0xC2, 0xF5)))
characters = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=misread)
names = st.sampled_from(["Ann", "Bob Lee", "Éva", "+49 170"])
texts = st.text(characters, min_size=1, max_size=25).map(lambda text: f"x{text}x")
conversations = st.lists(st.lists(st.tuples(names, texts), min_size=1, max_size=4), min_size=1, max_size=4)
headers = st.permutations(["dialogue", "number", "speaker", "text", "beside"])
SPELT = {
    "dialogue": ["dialogue_id", "Dialog ID", "conv_id", "chat"],
    "number": ["utterance_id", "Turn", "utt_no"],
    "speaker": ["speaker", "Author", "from"],
    "text": ["text", "Utterance", "message"],
    "beside": ["Emotion", "Start_Time", "season"],
}


def turns_of(document):
    return [[(turn.speaker, turn.text) for turn in each.turns] for each in document.conversations]


@given(conversations, headers, st.data())
def test_tables(tmp_path_factory, content, roles, data):
    quoting = data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    separator = data.draw(st.sampled_from([",", "\t", ";", "|"]))
    ending = data.draw(st.sampled_from(["csv", "tsv", "txt"]))
    spelt = [data.draw(st.sampled_from(SPELT[role])) for role in roles]
    rows = [
        {"dialogue": number, "number": position, "speaker": speaker, "text": text, "beside": "s"}
        for number, turns in enumerate(content)
        for position, (speaker, text) in enumerate(turns)
    ]
    # Rows may stand in any order; conversations are then in that of their first turns.
    rows = data.draw(st.permutations(rows))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=quoting, delimiter=separator, lineterminator=data.draw(line_ends))
    writer.writerows([spelt, *([row[role] for role in roles] for row in rows)])
    file = tmp_path_factory.getbasetemp() / f"table.{ending}"
    file.write_bytes(stream.getvalue().encode())
    document = read_document(file)
    first = list(dict.fromkeys(row["dialogue"] for row in rows))
    assert turns_of(document) == [content[number] for number in first]
    assert [turn.text for _, turn, _ in document.in_order()] == [row["text"] for row in rows]


line_ends = st.sampled_from(["\n", "\r\n"])
WRAPPED = [
    lambda scenes: scenes,
    lambda scenes: [{"id": str(number), "turns": turns} for number, turns in enumerate(scenes)],
    lambda scenes: {f"d{number}": turns for number, turns in enumerate(scenes)},
    lambda scenes: {"episodes": [{"scenes": [{"scene_id": n, "utterances": turns}]} for n, turns in enumerate(scenes)]},
    lambda scenes: {"data": [{"messages": turns} for turns in scenes]},
    lambda scenes: [{"chat": n, **turn} for n, turns in enumerate(scenes) for turn in turns],
]


@given(conversations, st.sampled_from(WRAPPED), st.booleans())
def test_json(tmp_path_factory, content, wrapped, as_lines):
    value = wrapped([[{"author": speaker, "content": text} for speaker, text in turns] for turns in content])
    lines = "\n".join(map(json.dumps, value if isinstance(value, list) else [value]))
    file = tmp_path_factory.getbasetemp() / ("nested.jsonl" if as_lines else "nested.json")
    file.write_text(lines if as_lines else json.dumps(value), encoding="utf-8")
    assert turns_of(read_document(file)) == content


stamps = st.sampled_from(["{:02}:{:02}", "[{:02}:{:02}:00]", "5/12/24, {}:{:02} PM -", "[12.05.24, {:02}:{:02}]"])
lines = st.text(characters, min_size=1, max_size=20).map(lambda text: f"x{' '.join(text.split())}x")
chats = st.lists(st.tuples(names, st.lists(lines, min_size=1, max_size=3)), min_size=1, max_size=5)


@given(st.lists(chats, min_size=1, max_size=3), stamps, line_ends)
def test_chats(tmp_path_factory, content, stamp, end):
    blocks = []
    for chat in content:
        heads = (stamp.format(1 + number // 60, number % 60) for number in range(len(chat)))
        blocks.append(
            "\n".join(f"{head} {name}: " + "\n".join(said) for head, (name, said) in zip(heads, chat, strict=True))
        )
    file = tmp_path_factory.getbasetemp() / "chat.txt"
    file.write_bytes("\n\n".join(blocks).replace("\n", end).encode())
    expected = [[(name, "\n".join(said)) for name, said in chat] for chat in content]
    if all(len(chat) == 1 for chat in content):
        # With a blank line before every message, none is the end of a conversation.
        expected = [[turn for chat in expected for turn in chat]]
    assert turns_of(read_document(file)) == expected


@given(st.lists(st.tuples(names, lines), min_size=1, max_size=5), st.booleans(), line_ends)
def test_subtitles(tmp_path_factory, content, is_vtt, end):
    mark = "." if is_vtt else ","
    cues = [
        f"{number}\n00:00:{number:02}{mark}000 --> 00:00:{number:02}{mark}900\n{name}: {said}"
        for number, (name, said) in enumerate(content)
    ]
    file = tmp_path_factory.getbasetemp() / ("cues.vtt" if is_vtt else "cues.srt")
    file.write_bytes("\n\n".join(["WEBVTT", *cues] if is_vtt else cues).replace("\n", end).encode())
    said = [(name, text) for name, text in content if "<" not in text and "{" not in text]
    read = turns_of(read_document(file))[0]
    assert [turn for turn in read if turn in said] == said
    assert len(read) == len(content)


@given(st.lists(st.tuples(st.sampled_from(["0", "1", "2"]), texts), min_size=1, max_size=8))
def test_counted_ids_without_numbers_are_grouped_only_where_they_stand_together(tmp_path_factory, rows):
    file = tmp_path_factory.getbasetemp() / "rows.jsonl"
    file.write_text("\n".join(json.dumps({"chat": chat, "text": text}) for chat, text in rows), encoding="utf-8")
    runs = [[text for _, text in run] for _, run in groupby(rows, key=lambda row: row[0])]
    if len(runs) > len({chat for chat, _ in rows}):
        with pytest.raises(ErcBenchError, match="begins anew after others"):
            read_document(file)
        return
    document = read_document(file)
    assert [[turn.text for turn in each.turns] for each in document.conversations] == runs
