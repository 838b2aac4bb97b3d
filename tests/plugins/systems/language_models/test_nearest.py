"""Nearest turns, held against an obvious loop."""

import math
import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench_plugins.systems.language_models.nearest import NearestTurns

texts = st.lists(st.text("abc é", max_size=12), min_size=1, max_size=8)


def words(text):
    return re.findall(r"\w+", text.casefold())


def similarity(text, other, corpus):
    """The cosine of weighted word counts, written out."""
    known = {word for each in corpus for word in words(each)}

    def having(word):
        return sum(word in words(each) for each in corpus)

    def weighted(which):
        counts = Counter(word for word in words(which) if word in known)
        return {word: n * (math.log((1 + len(corpus)) / (1 + having(word))) + 1) for word, n in counts.items()}

    first, second = weighted(text), weighted(other)
    lengths = [math.sqrt(sum(value**2 for value in each.values())) for each in (first, second)]
    if not all(lengths):
        return 0.0
    return sum(value * second.get(word, 0.0) for word, value in first.items()) / (lengths[0] * lengths[1])


@given(texts, st.text("abcd é", max_size=12))
def test_they_are_in_the_order_of_their_cosine(corpus, text):
    found = NearestTurns(corpus).of(text, len(corpus))
    assert sorted(found) == list(range(len(corpus)))
    values = [similarity(text, corpus[place], corpus) for place in found]
    assert all(first > second - 1e-9 for first, second in pairwise(values))
    # None is near: the first ones are taken.
    if not any(values):
        assert found == list(range(len(corpus)))


def test_rare_words_weigh_more():
    nearest = NearestTurns(["I am so so so", "I am glad", "I am here", "I am late"])
    assert nearest.of("I am glad", 1) == [1]
    assert nearest.of("glad", 1) == [1]


def test_the_number_bounds_them():
    assert NearestTurns(["a", "b"]).of("b", 1) == [1]
    assert NearestTurns(["a", "b"]).of("b", 5) == [1, 0]


@pytest.mark.parametrize("text", ["", "!?", "unheard"])
def test_what_has_no_known_word_is_near_to_none_and_gets_the_first(text):
    assert NearestTurns(["a", "b", "c"]).of(text, 2) == [0, 1]
