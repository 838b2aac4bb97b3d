"""Options: what is admitted, what is refused and in which words, and values as they are typed."""

import math
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc_bench.contracts.component import Component
from erc_bench.contracts.options import format_value, option, parse_value, specs
from erc_bench.errors import ErcBenchError


@dataclass(frozen=True)
class Options:
    """One option of each type."""

    plain: str = "no option"
    rate: float = option(0.1, "A number.", above=0, at_most=1)
    count: int = option(3, "A whole number.", at_least=1, below=10, frozen=5, small=4)
    on: bool = option(False, "A truth value.", frozen=True)
    text: str = option("main", "A text.")
    choice: Literal["dev", "last"] = option("dev", "A choice.")
    number_or_word: int | Literal["all", "none"] = option("all", "A number or a word.", at_least=1)
    maybe: int | None = option(None, "A number or nothing.", at_least=1)
    path: str | None = option(None, "A text or nothing.")
    sizes: tuple[int, ...] = option((1, 2), "Several numbers.", at_least=1)
    names: tuple[str, ...] = option((), "Several texts.")
    one: Literal[1, 2] = option(1, "A choice of numbers.")


SPECS = specs(Options)


def test_options_are_those_declared_in_their_order():
    assert list(SPECS) == [name for name in Options.__dataclass_fields__ if name != "plain"]
    assert SPECS["rate"].description == "A number."


def test_a_dataclass_without_options_has_none():
    @dataclass(frozen=True)
    class Nothing:
        """No options."""

    assert specs(Nothing) == {}


class Undecorated:
    rate: float = option(0.1, "A number.", above=0)


class BelowADataclass(Component.Options):
    rate: float = option(0.1, "A number.", above=0)


@pytest.mark.parametrize("options", [Undecorated, BelowADataclass])
def test_what_is_no_dataclass_is_told_with_the_remedy(options):
    with pytest.raises(ErcBenchError) as caught:
        specs(options)
    assert caught.value.message == f"{options.__name__} is not a dataclass"
    assert caught.value.hint == "Write @dataclass(frozen=True) above it."


def test_an_object_has_the_declared_defaults():
    assert Options().rate == 0.1
    assert Options(rate=0.5).rate == 0.5


@pytest.mark.parametrize(
    ("name", "value", "converted"),
    [
        ("rate", 1, 1.0),
        ("rate", 0.25, 0.25),
        ("count", 9, 9),
        ("on", True, True),
        ("text", "", ""),
        ("choice", "last", "last"),
        ("number_or_word", "none", "none"),
        ("number_or_word", 2, 2),
        ("maybe", None, None),
        ("maybe", "none", None),
        ("maybe", 4, 4),
        ("path", "none", None),
        ("path", "here", "here"),
        ("sizes", [3, 4], (3, 4)),
        ("sizes", (), ()),
        ("names", ["a", "none"], ("a", "none")),
        ("one", 2, 2),
    ],
)
def test_what_fits_is_converted(name, value, converted):
    result = SPECS[name].convert(value)
    assert result == converted
    assert type(result) is type(converted)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("rate", 0, "must be above 0, got 0.0"),
        ("rate", 1.5, "must be at most 1, got 1.5"),
        ("rate", math.nan, "must be a finite number, got nan"),
        ("rate", math.inf, "must be a finite number, got inf"),
        ("rate", 10**400, "must be a finite number, got 1000"),
        ("rate", "fast", "must be a number, got 'fast'"),
        ("rate", True, "must be a number, got True"),
        ("count", 0, "must be at least 1, got 0"),
        ("count", 10, "must be below 10, got 10"),
        ("count", 2.0, "must be a whole number, got 2.0"),
        ("count", False, "must be a whole number, got False"),
        pytest.param("count", 10**5000, "must be below 10, got a number of thousands of digits", id="huge"),
        ("on", "yes", "must be true or false, got 'yes'"),
        ("on", 1, "must be true or false, got 1"),
        ("text", 3, "must be a text, got 3"),
        ("choice", "best", "must be dev or last, got 'best'"),
        ("choice", ["dev"], "must be dev or last, got ['dev']"),
        ("number_or_word", "some", "must be a whole number or all or none, got 'some'"),
        ("number_or_word", 0, "must be at least 1, got 0"),
        ("maybe", "no", "must be a whole number or none, got 'no'"),
        ("sizes", "1,2", "must be a list, each a whole number, got '1,2'"),
        ("sizes", [1, "x"], "must be a whole number, got 'x'"),
        ("sizes", [1, 0], "must be at least 1, got 0"),
        ("one", True, "must be 1 or 2, got True"),
        ("one", 3, "must be 1 or 2, got 3"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(name, value, sentence):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 (the words are compared below)
        SPECS[name].convert(value)
    assert str(refusal.value).startswith(sentence)


def test_a_long_value_is_not_shown_whole():
    with pytest.raises(ValueError, match=r"must be dev or last, got 'aaa.*\.\.\.$") as refusal:
        SPECS["choice"].convert("a" * 1000)
    assert len(str(refusal.value)) < 100


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rate", "a number, above 0, at most 1"),
        ("count", "a whole number, below 10, at least 1"),
        ("on", "true or false"),
        ("choice", "dev or last"),
        ("number_or_word", "a whole number or all or none, at least 1"),
        ("path", "a text or none"),
        ("names", "a list, each a text"),
    ],
)
def test_what_is_expected_in_words(name, words):
    assert SPECS[name].expected() == words


def test_defaults_by_regime():
    count, on = SPECS["count"], SPECS["on"]
    assert [count.default_in(regime) for regime in ("frozen", "small", "large")] == [5, 4, 3]
    assert [on.default_in(regime) for regime in ("frozen", "small", "large")] == [True, False, False]
    assert dict(on.regimes) == {"frozen": True}
    assert dict(SPECS["rate"].regimes) == {}


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("0.1", 0.1),
        ("1e-5", 1e-5),
        ("3", 3),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ('["a", "b"]', ["a", "b"]),
        ('"3"', "3"),
        ("none", "none"),
        ("average-last-k", "average-last-k"),
        ("", ""),
        ("a/b", "a/b"),
        ("nan", pytest.approx(math.nan, nan_ok=True)),
        # What TOML would drop or turn into something else is a text as it stands.
        ("1 # half", "1 # half"),
        ("1, 2", "1, 2"),
        ("1, other = 2", "1, other = 2"),
        ("1\nother = 2", "1\nother = 2"),
        ("1 }\nit2 = { value = 2", "1 }\nit2 = { value = 2"),
        ("2024-05-01", "2024-05-01"),
        ("{ a = 1 }", "{ a = 1 }"),
        pytest.param("9" * 5000, "9" * 5000, id="huge number"),
        pytest.param("[" * 100_000, "[" * 100_000, id="deep list"),
    ],
)
def test_what_is_typed_behind_set(typed, value):
    assert parse_value(typed) == value


@given(st.text())
def test_any_text_can_be_typed(text):
    parse_value(text)


SCALARS = st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(SCALARS | st.lists(SCALARS))
def test_what_is_written_is_read_back(value):
    written = format_value(value)
    read = parse_value(written)
    assert read == value
    assert type(read) is type(value)
    # The command line strips what stands around a value.
    assert parse_value(written.strip()) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "none"),
        (True, "true"),
        (1e-5, "1e-05"),
        ("mask", "mask"),
        ("3", '"3"'),
        (" x", '" x"'),
        ((1, 2), "[1, 2]"),
        (("a", "none"), '["a", "none"]'),
    ],
)
def test_values_are_written_as_they_are_typed(value, written):
    assert format_value(value) == written


@pytest.mark.parametrize("name", SPECS)
def test_every_default_survives_writing_and_reading(name):
    spec = SPECS[name]
    for regime in ("frozen", "small", "large"):
        default = spec.default_in(regime)
        assert spec.convert(parse_value(format_value(default))) == default
