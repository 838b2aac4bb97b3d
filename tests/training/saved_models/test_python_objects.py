"""Conversations from Python code, in any of their shapes or refused in a sentence."""

import numpy as np
import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.training.saved_models.saved_model import as_conversation


@pytest.mark.parametrize(
    "turn",
    [
        ("Ann", "Hello!"),
        {"speaker": " Ann", "text": "Hello!"},
        {"Speaker": np.str_("Ann"), "utterance": np.str_("Hello!")},
    ],
)
def test_a_turn_has_many_shapes(turn):
    (read,) = as_conversation([turn]).turns
    assert (read.speaker, read.text) == ("Ann", "Hello!")


@pytest.mark.parametrize(("speaker", "read"), [(None, ""), (7, "7"), ("", "")])
def test_a_speaker_may_be_a_number_or_nobody(speaker, read):
    assert as_conversation([{"speaker": speaker, "text": "Hello!"}]).turns[0].speaker == read


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("Hello!", "a conversation is a Dialogue, or a list of turns, found str"),
        ([("Ann", "Hello!", "joy")], "turn 1: a tuple is (speaker, text), found ('Ann', 'Hello!', 'joy')"),
        (["Hi.", ("Ann", None)], "turn 2: a tuple is (speaker, text), found ('Ann', None)"),
        ([{"text": {"a"}}], "turn 1, 'text': expected a text, found set"),
        ([{"text": "Hello!", "speaker": True}], "turn 1, 'speaker': expected a text, found true or false"),
        ([3.5], "turn 1: a turn is a text or an object with 'text' and 'speaker', found a number"),
    ],
)
def test_anything_else_is_refused(given, sentence):
    with pytest.raises(ErcBenchError) as refused:
        as_conversation(given)
    assert refused.value.message == sentence
