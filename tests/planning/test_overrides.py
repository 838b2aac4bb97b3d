"""What is typed behind ``--set``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.errors import ErcBenchError
from erc_bench.planning.request import Request
from erc_bench.planning.settings import Override, parse_override


@pytest.mark.parametrize(
    ("text", "override"),
    [
        ("objective.temperature=0.1", Override("objective.temperature", 0.1)),
        (" objective.temperature = 0.1 ", Override("objective.temperature", 0.1)),
        ("eacl:objective.temperature=0.1", Override("objective.temperature", 0.1, "eacl")),
        ("classifier=probe", Override("classifier", "probe")),
        ("training.patience=none", Override("training.patience", "none")),
        ("backbone.path=C:/models=new", Override("backbone.path", "C:/models=new")),
        ("backbone.path=", Override("backbone.path", "")),
    ],
)
def test_a_setting_is_read(text, override):
    assert parse_override(text) == override


@pytest.mark.parametrize("text", ["", "objective.temperature", "=1", ":objective.temperature=1", "eacl:=1", " = "])
def test_what_is_no_setting_is_refused_with_an_example(text):
    with pytest.raises(ErcBenchError, match=r"is not of the form slot\.option=value") as error:
        parse_override(text)
    assert repr(text) in error.value.message
    assert "--set objective.temperature=0.1" in error.value.hint


@given(st.text())
def test_any_text_is_a_setting_or_refused(text):
    try:
        override = parse_override(text)
    except ErcBenchError:
        return
    assert override.address


def test_whom_a_setting_speaks_to():
    assert Override("a.b", 1).speaks_to("eacl")
    assert Override("a.b", 1, "eacl").speaks_to("eacl")
    assert not Override("a.b", 1, "ce").speaks_to("eacl")


def test_settings_for_methods_that_are_not_selected():
    overrides = [Override("a.b", 1), Override("a.b", 1, "eacl"), Override("a.c", 1, "eakl")]
    assert Request(("ce", "eacl"), ("demo",), overrides=overrides).unknown_methods() == [
        "--set eakl:a.c speaks to the method 'eakl', which is not selected; did you mean eacl?"
    ]
