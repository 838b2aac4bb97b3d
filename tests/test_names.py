"""Near matches for names that are not known."""

from hypothesis import given
from hypothesis import strategies as st

from erc_bench.names import did_you_mean


def test_a_near_name_is_offered():
    assert did_you_mean("sup-con", ["supcon", "eacl", "ce"]) == "did you mean supcon?"


def test_case_and_underscores_do_not_matter():
    assert did_you_mean("Cross_Entropy", ["cross-entropy", "eacl"]) == "did you mean cross-entropy?"


def test_two_near_names_are_both_offered_the_nearer_first():
    assert did_you_mean("eacl-lit", ["eacl", "eacl-literal", "simcse"]) == "did you mean eacl-literal or eacl?"


def test_without_a_near_name_all_are_listed_in_order():
    assert did_you_mean("xyz", ["meld", "demo"]) == "known: demo, meld"


def test_nothing_known():
    assert did_you_mean("xyz", []) == "there are none"


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_any_text_gets_an_answer(name, known):
    assert did_you_mean(name, known)


@given(st.lists(st.from_regex(r"[a-z]{1,8}(-[a-z]{1,8})?", fullmatch=True), min_size=1, unique=True), st.data())
def test_a_known_name_is_offered_for_itself(known, data):
    name = data.draw(st.sampled_from(known))
    assert name in did_you_mean(name.upper(), known)
