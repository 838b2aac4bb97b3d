"""Plain files of answers: what is read at once is what a parser of CSV reads, and nothing wrong gets through."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import store_fixture
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.errors import ErcBenchError
from erc_bench.store.plain_predictions import plain_answers
from erc_bench.store.predictions import read_answers, read_coded
from erc_bench.store.reading import read_cell

LABELS = ["joy", "Überraschung", "no emotion", "neutral"]
HEADER = "dialogue_id,utterance,gold,predicted"

labels = st.sampled_from(LABELS)
ids = st.text(st.characters(exclude_characters=',"\r\n\0', exclude_categories=["Cs"]), max_size=12)
rows = st.lists(
    st.tuples(ids, st.integers(-3, 10**6), labels, labels), min_size=1, max_size=30, unique_by=lambda row: row[:2]
)


def written(lines, scores=(), end="\n"):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end)
    writer.writerow([*HEADER.split(","), *scores])
    writer.writerows([*line, *("0.5" for _ in scores)] for line in lines)
    return text.getvalue().encode()


@given(rows, st.sampled_from([(), ("joy",), ("a label", "b", "c")]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_all_that_was_written_is_read(lines, scores, end, cut):
    content = written(lines, scores, end)
    found = plain_answers(content.removesuffix(end.encode()) if cut else content, LABELS)
    if '"' in content.decode():  # csv quotes some that need none, such as an id that is empty
        assert found is None
        return
    asked = found.asked
    answers = [LABELS[place] for place in found.predicted]
    assert list(zip(asked.dialogue_ids, asked.utterances, asked.gold, answers, strict=True)) == lines
    assert found.score_labels == scores


@pytest.mark.parametrize(
    "content",
    [
        "",
        HEADER,
        f"{HEADER}\n",
        "dialogue,utterance,gold,predicted\n0,0,joy,joy\n",
        f"{HEADER}\n0,0,joy,joy\n\n",
        f"{HEADER}\n0,0,joy\n",
        f"{HEADER}\n0,0\njoy,joy\n",
        f"{HEADER}\n0,0,joy,joy,1\n",
        f"{HEADER},joy\n0,0,joy,joy,1,1\n0,1,joy,joy\n",
        f"{HEADER},joy\n0,0,joy,joy\n0,1,joy,joy,1,1\n",
        f"{HEADER}\n0,first,joy,joy\n",
        f"{HEADER}\n0,0,joy,joy\n0,0,joy,joy\n",
        f"{HEADER}\n0,0,joy,boredom\n",
        f"{HEADER}\n0,0,boredom,joy\n",
        f"{HEADER}\n0,0,joy,joyful\n",
        f"{HEADER}\n0,0,joy,jo\n",
        f"{HEADER}\n0,0,joy,joy\0\n",
        f"{HEADER}\n0,0,joy,joy\r0,1,joy,joy\n",
        f'{HEADER}\n"0",0,joy,joy\n',
        f"{HEADER}\n{'0' * 257},0,joy,joy\n",
    ],
)
def test_what_is_not_plain_or_wrong_is_left_to_the_parser(content):
    assert plain_answers(content.encode(), LABELS) is None


def test_labels_that_no_file_can_hold_match_nothing():
    content = f"{HEADER}\n0,0,joy,neutral\n".encode()
    assert plain_answers(content, ["joy", "neutral\0"]) is None
    assert plain_answers(content, ["\ud800", "joy", "neutral"]).predicted.tolist() == [2]


def test_what_is_not_utf_8_is_an_error_wherever_it_stands():
    with pytest.raises(UnicodeDecodeError):
        plain_answers(f"{HEADER},joy\n0,0,joy,joy,".encode() + b"\xff\n", LABELS)


def test_files_that_ask_the_same_share_it():
    first, second, other = (
        plain_answers(f"{HEADER}\n0,0,joy,{answer}\n0,1,{gold},joy\n".encode(), LABELS)
        for answer, gold in (("joy", "joy"), ("neutral", "joy"), ("joy", "neutral"))
    )
    assert first.asked is second.asked
    assert first.asked is not other.asked


def test_coded_answers_are_those_that_are_read_as_text(store):
    plain = read_cell(store.add("ce", 1))
    quoted = read_cell(store.add("ce", 2))
    file = quoted.folder / "predictions.csv"
    file.write_text((plain.folder / "predictions.csv").read_text().replace("anger,", '"anger",'))
    texts = [read_answers(cell) for cell in (plain, quoted)]
    assert texts[0] == texts[1] == replace(read_answers(plain, with_scores=True), scores=[])
    coded = [read_coded(cell) for cell in (plain, quoted)]
    assert np.array_equal(coded[0].predicted, coded[1].predicted)
    assert [plain.record["labels"][place] for place in coded[0].predicted] == texts[0].predicted
    for found in coded:
        assert list(found.asked.dialogue_ids) == texts[0].dialogue_ids
        assert list(found.asked.utterances) == texts[0].utterances
        assert list(found.asked.gold) == texts[0].gold
        assert found.score_labels == texts[0].score_labels


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("0,99,joy,joy,0,1", "line 98: it does not have 7 fields"),
        ("0,99,joy,boredom,0,1,0", "line 98: 'boredom' is not a label of the dataset"),
        ("0,x,joy,joy,0,1,0", "line 98: the position or a score is not a number"),
        ("0,0,joy,joy,0,1,0", "line 2: utterance 0 of dialogue '0' appears 2 times"),
    ],
)
def test_a_mistake_in_a_plain_file_is_named_with_its_line(store, line, error):
    cell = read_cell(store.add("ce", 1))
    with (cell.folder / "predictions.csv").open("a") as stream:
        stream.write(f"{line}\r\n")
    for read in (read_answers, read_coded):
        with pytest.raises(ErcBenchError, match=error):
            read(cell)


def test_answers_are_checked_against_the_labels_of_their_own_record(store):
    first, second = (read_cell(store.add("ce", seed)) for seed in (1, 2))
    read_coded(first)
    file = second.folder / "record.json"
    file.write_text(json.dumps(second.record | {"labels": ["anger", "joy"]}))
    store_fixture.write_status(second.folder)
    with pytest.raises(ErcBenchError, match="'neutral' is not a label of the dataset"):
        read_coded(read_cell(second.folder))
