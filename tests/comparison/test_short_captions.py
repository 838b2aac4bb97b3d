"""A short caption keeps what a reader needs to read the marks and to trust the rows; nothing else is lost."""

import pytest

from erc_bench.comparison import compare
from erc_bench.output.tables import render
from erc_bench.store.index.all_cells import read_cells


@pytest.fixture
def cells(store):
    store.add_seeds("ce", [0.5, 0.52, 0.48])
    store.add_seeds("eacl", [0.6, 0.58, 0.63])
    return read_cells(store.runs)


def test_a_short_caption_and_its_further_facts_are_the_whole_one(cells):
    whole, short = compare(cells, baseline="ce"), compare(cells, baseline="ce", short_caption=True)
    assert not whole.further_facts
    assert sorted((*short.caption, *short.further_facts)) == sorted(whole.caption)
    assert len(short.caption) < len(whole.caption)
    assert [sentence for sentence in whole.caption if sentence in short.caption] == list(short.caption)


def test_what_makes_marks_honest_is_never_cut(cells):
    told = " ".join(compare(cells, baseline="ce", short_caption=True).caption)
    for fact in ("in points", "† better than ce", "after Holm over", "Epoch selected by", "Configurations"):
        assert fact in told


def test_latex_keeps_the_rest_in_comments(cells):
    short = compare(cells, baseline="ce", short_caption=True)
    comments = [line for line in render(short, "latex").splitlines() if line.startswith("% Not in the short caption: ")]
    assert len(comments) == len(short.further_facts) > 0
