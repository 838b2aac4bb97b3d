"""What msgspec finds wrong, as a place and a sentence."""

from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct, convert

from erc_bench.errors import ErcBenchError
from erc_bench.validation import fits, json_object, place_of, table_problems

Count = Annotated[int, Meta(ge=0, description="a whole number")]


class Inner(Struct):
    name: str
    kinds: dict[str, list[int]] = {}


class Outer(Struct):
    inner: Inner
    more: dict[str, Inner] = {}
    rows: list[Inner] = []


class Table(Struct):
    count: Count
    perhaps: Count | None = None
    counts: Annotated[list[Count], Meta(min_length=1, description="a list of counts")] = []
    anything: Any = None


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ([], ""),
        ({}, "inner"),
        ({"inner": {}}, "inner.name"),
        ({"inner": {"name": 1}}, "inner.name"),
        ({"inner": {"name": "a", "kinds": {"b c": [1, "2"]}}}, "inner.kinds.*.*"),
        ({"inner": {"name": "a"}, "more": {"$.x`": {"name": None}}}, "more.*.name"),
        ({"inner": {"name": "a"}, "rows": [{"name": "a"}, {}]}, "rows.*.name"),
        ({"inner": {"name": "a"}, "rows": {}}, "rows"),
    ],
)
def test_a_place_is_named_from_the_root(value, place):
    with pytest.raises(ValueError, match=r"Object|Expected") as refused:
        convert(value, Outer)
    assert place_of(refused.value) == place


def test_all_that_is_wrong_with_a_table_is_told():
    assert table_problems({"count": 3, "perhaps": 0, "counts": [1], "anything": {}}, Table, "table[1]") == []
    assert table_problems({"perhapps": 1, "perhaps": True, "counts": ["1"]}, Table, "table[1]") == [
        "table[1]: count is missing",
        "table[1].perhapps: there is no such key; did you mean perhaps?",
        "table[1].perhaps: it must be a whole number",
        "table[1].counts: it must be a list of counts",
    ]


@pytest.mark.parametrize(("value", "kind"), [(True, int), (1, bool), ("1", int), (1.0, int), (1, str), (None, list)])
def test_nothing_is_taken_for_something_else(value, kind):
    assert not fits(value, kind)


def test_what_is_no_strict_json_is_read_as_python_reads_it():
    text = b'{"a": [1, 2.5e3, null], "\\ud83d\\ude00": true}'
    assert json_object(text, "x.json") == {"a": [1, 2500.0, None], "😀": True}
    assert json_object(b'{"a": "\\ud800", "b": Infinity}', "x.json") == {"a": "\ud800", "b": float("inf")}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"a": 1,\n  }', "x.json cannot be read: .* line 2 column 3 "),
        (b'{"a": "\xff"}', "x.json cannot be read: 'utf-8' codec can't decode byte 0xff in position 7"),
        (b"[" * 100_000, "x.json cannot be read: maximum recursion depth"),
        (b"[1, 2]", "x.json does not hold an object$"),
    ],
    ids=["cut off", "bytes", "deep", "list"],
)
def test_what_is_no_json_object_is_named_by_its_place(data, sentence):
    with pytest.raises(ErcBenchError, match=sentence):
        json_object(data, "x.json")
