"""The files of KET: concepts as ConceptNet has them or plain, affect as the NRC VAD lexicon has it; both untrusted."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.errors import ErcBenchError
from erc_bench_plugins.encoders.ket.affect_file import read_affect
from erc_bench_plugins.encoders.ket.concept_file import read_concepts

PLAIN = ("glad\thappy\t2", "glad\tjoy\t1.5")
LEXICON = ("Word\tValence\tArousal\tDominance", "rage\t0.1\t0.9\t0.6", "calm\t0.6\t0.1\t0.5", "table\t0.5\t0.3\t0.4")


@pytest.fixture
def write(tmp_path):
    """Return a function that writes lines into a file; what is bytes stays as it is."""

    def write(*lines, end="\n"):
        file = tmp_path / "file.txt"
        written = (each if isinstance(each, bytes) else each.encode() for each in lines)
        file.write_bytes(b"".join(each + end.encode() for each in written))
        return file

    return write


def assertion(start, end, weight, relation="RelatedTo"):
    return f'/a/[{relation}]\t/r/{relation}\t{start}\t{end}\t{{"dataset": "/d/x", "weight": {weight}}}'


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_plain_lines_speak_of_their_word(write, end):
    assert read_concepts(write(*PLAIN, end=end)) == {"glad": {"happy": 2.0, "joy": 1.5}}


def test_assertions_between_english_terms_connect_both(write):
    lines = [
        assertion("/c/en/ice_cream/n", "/c/en/Cold", 2.0),
        assertion("/c/en/ice_cream", "/c/fr/froid", 9.0),
        assertion("/c/en/hot", "/c/en/cold/a", 0.5),
        assertion("/c/en/cold", "/c/en/cold/a", 3.0),
        assertion("/c/en/cold", "/c/en/ice_cream", 1.0, "Antonym"),
    ]
    assert read_concepts(write(*lines)) == {"ice cream": {"cold": 2.0}, "cold": {"ice cream": 2.0}}


def test_of_a_pair_the_largest_score_counts_whatever_the_order(write):
    for order in (PLAIN, PLAIN[::-1]):
        assert read_concepts(write(*order, "GLAD\tjoy\t7", "glad\tJoy\t1"))["glad"] == {"happy": 2.0, "joy": 7.0}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("glad happy 2", "line 3: 1 fields stand in it"),
        ("glad\thappy", "line 3: 2 fields stand in it"),
        ("glad\thappy\tvery", "line 3: 'very' is no number above 0"),
        ("glad\thappy\t0", "line 3: '0' is no number above 0"),
        ("glad\thappy\tinf", "line 3: 'inf' is no number above 0"),
        (b"gl\xff\thappy\t1", "line 3: it is no UTF-8"),
        ("/a/x\t/r/x\t/c/en/a\t/c/en/b\t[]", 'line 3: its last field is no object with a "weight"'),
        ("/a/x\t/r/x\t/c/en/a\t/c/en/b\t{}", 'line 3: its last field is no object with a "weight"'),
        ("/a/x\t/r/x\t/c/en/a\t/c/en/b\t" + "[" * 100_000, 'line 3: its last field is no object with a "weight"'),
        (assertion("/c/en/a", "/c/en/b", '"x"'), "line 3: 'x' is no number above 0"),
        (assertion("/c/en/a", "/c/en/b", "1" * 5000), 'line 3: its last field is no object with a "weight"'),
    ],
)
def test_a_line_of_concepts_that_is_none_is_named(write, line, told):
    with pytest.raises(ErcBenchError) as refused:
        read_concepts(write(*PLAIN, line))
    assert told in refused.value.message
    assert "tabs between them" in refused.value.hint


@pytest.mark.parametrize(
    "lines", [(), (assertion("/c/fr/a", "/c/fr/b", 2.0),), (assertion("/c/en/a", "/c/en/b", 0.9),)]
)
def test_a_file_without_a_concept_is_refused(write, lines):
    with pytest.raises(ErcBenchError, match="holds no concept of an English word that weighs 1 at least"):
        read_concepts(write(*lines))


@pytest.mark.parametrize("lines", [LEXICON, LEXICON[1:], ("term\tvalence\tarousal\tdominance", *LEXICON[1:])])
def test_affect_is_the_distance_from_neutral_over_the_file(write, lines):
    found = read_affect(write(*lines))
    rage, calm, table = math.hypot(0.4, 0.45), math.hypot(0.1, 0.05), math.hypot(0.0, 0.15)
    low, high = min(rage, calm, table), max(rage, calm, table)
    assert found == pytest.approx(
        {"rage": 1.0, "calm": (calm - low) / (high - low), "table": (table - low) / (high - low)}, abs=1e-12
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("glad\t.9\t.5", "line 5: 3 fields stand in it"),
        ("glad\t.9\t.5\tx", "line 5: what follows the word are no numbers"),
        ("glad\t-.9\t.5\t.2", "line 5: -.9 .5 .2 are not all from 0 to 1"),
        ("glad\tnan\t.5\t.2", "line 5: nan .5 .2 are not all from 0 to 1"),
        ("word\tvalence\tarousal\tdominance", "line 5: what follows the word are no numbers"),
        (b"gl\xff\t1\t1\t1", "line 5: it is no UTF-8"),
    ],
)
def test_a_line_of_affect_that_is_none_is_named(write, line, told):
    with pytest.raises(ErcBenchError) as refused:
        read_affect(write(*LEXICON, line))
    assert told in refused.value.message
    assert "(x + 1) / 2" in refused.value.hint


@pytest.mark.parametrize("lines", [(), LEXICON[:2], ("a\t.5\t.5\t.1", "b\t.5\t.5\t.9")])
def test_words_that_do_not_differ_are_refused(write, lines):
    with pytest.raises(ErcBenchError, match="holds no words that differ in affect"):
        read_affect(write(*lines))


@given(st.binary(max_size=200))
def test_whatever_stands_in_a_file_is_read_or_named(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "file"
    file.write_bytes(content)
    for read in (read_concepts, read_affect):
        with suppress(ErcBenchError):
            assert read(file)
