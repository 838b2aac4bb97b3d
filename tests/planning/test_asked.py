"""A request is declared once: its values are checked alike, whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from erc_bench.errors import ErcBenchError, python_words, speaking
from erc_bench.planning.asked import Asked, StrPath, asked, fields_of, shared


@dataclass(frozen=True, kw_only=True)
class Walk(Asked):
    names: Sequence[str] = asked((), "Whom to meet.", several=True)
    pace: float = asked(0.5, "How fast.", above=0, below=1)
    steps: int | None = asked(None, "How far.", usual="until dark", at_least=1)
    gait: Literal["amble", "stride"] = asked("amble", "Which gait.")
    map_file: StrPath | None = asked(None, "Where to look.")
    loud: bool = asked(False, "Sing.")
    title: str = asked("", "What it is called.")


def test_values_are_taken_over_in_their_types():
    walk = Walk(names="ada", pace=0.25, steps=3, map_file=Path("here"), title=None)
    assert (walk.names, walk.pace, walk.steps, walk.map_file, walk.title) == (("ada",), 0.25, 3, Path("here"), "")
    assert Walk(names=["ada", "bob"]).names == ("ada", "bob")
    assert Walk(names=None, steps=None) == Walk()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"names": 3}, "names must be a name or a list of names, and is 3"),
        ({"names": [3]}, "names must be a name or a list of names, and is [3]"),
        ({"pace": 1}, "pace must be a number between 0 and 1, such as 0.5, and is 1"),
        ({"pace": float("nan")}, "pace must be a number between 0 and 1, such as 0.5, and is nan"),
        ({"pace": None}, "pace must be a number between 0 and 1, such as 0.5, and is None"),
        ({"steps": 0}, "steps must be a whole number, at least 1, and is 0"),
        ({"steps": True}, "steps must be a whole number, at least 1, and is True"),
        ({"gait": "strid"}, "there is no gait 'strid'; did you mean stride?"),
        ({"gait": 3}, "gait must be amble or stride, and is 3"),
        ({"map_file": 3}, "map_file must be a path, and is 3"),
        ({"loud": 1}, "loud must be true or false, and is 1"),
        ({"title": 3}, "title must be a text, and is 3"),
    ],
)
def test_a_wrong_value_is_a_sentence_in_the_words_of_whoever_asked(wrong, sentence):
    with speaking(python_words), pytest.raises(ErcBenchError) as caught:
        Walk(**wrong)
    assert str(caught.value) == sentence
    with pytest.raises(ErcBenchError) as caught:
        Walk(**wrong)
    typed = sentence.replace("map_file", "--map-file").replace("names must", "--name must")
    assert str(caught.value) == (typed if typed.startswith(("--", "there")) else f"--{typed}")


def test_a_field_tells_what_it_is_for():
    told = {field.name: field.told() for field in fields_of(Walk)}
    assert told["steps"] == "How far (default: until dark)"
    assert told["gait"] == "Which gait (amble, stride)"


def test_values_are_shared_with_another_class_by_name():
    @dataclass(frozen=True)
    class Trip:
        pace: float
        guide: str = ""

    assert shared(Walk(pace=0.75), Trip) == {"pace": 0.75}
