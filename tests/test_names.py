"""Near matches for names that are not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.names import did_you_mean, fault_of_name


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


@pytest.mark.parametrize("name", ["eacl", "my-2nd-loss", "a" * 30])
def test_what_a_component_may_be_called(name):
    assert fault_of_name(name) == ""


@pytest.mark.parametrize("name", ["Smooth Loss", "../../mine", "my_loss", "a--b", "2nd", "", "a" * 31, "é"])
def test_what_it_may_not_be_called(name):
    assert fault_of_name(name).startswith(f"{name!r} is no name for a component: small letters")


def test_words_of_commands_are_no_names():
    assert fault_of_name("none") == "'none' is a word that means something else"
    assert fault_of_name("training")


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_any_text_gets_an_answer(name, known):
    assert did_you_mean(name, known)


@given(st.lists(st.from_regex(r"[a-z]{1,8}(-[a-z]{1,8})?", fullmatch=True), min_size=1, unique=True), st.data())
def test_a_known_name_is_offered_for_itself(known, data):
    name = data.draw(st.sampled_from(known))
    assert name in did_you_mean(name.upper(), known)
