"""A model behind an endpoint, from the settings to what is sent and recorded."""

import numpy as np
import pytest

import erc_bench.api as erc
from erc_bench.contracts.types import seal
from erc_bench.errors import ErcBenchError
from erc_bench_plugins.systems.language_models.api_answer import ApiAnswer

LABELS, WORDS = ("pos", "neg"), ("joy", "sadness")


def dialogues(number, start=0):
    lines = ["We won!", "He left me.", "The phone rang."]
    turns = tuple(erc.Utterance("AB"[i % 2], line, LABELS[i % 2], scored=True) for i, line in enumerate(lines))
    return [erc.Dialogue(f"d{start + each}", turns) for each in range(number)]


def asked(server, told=None, **options):
    options = {"model": "small", "endpoint": server.address, **options}
    system = ApiAnswer(ApiAnswer.Options(**options))
    system.fit(dialogues(4), dialogues(1, 10), told or erc.SystemContext(LABELS, WORDS, seed=7, send_text=True))
    return system


def test_the_answer_is_the_label_that_is_written(chat_server):
    chat_server.answer = lambda prompt: "Sadness." if '"He left me."?' in prompt else "well"
    answers = asked(chat_server).predict(seal(dialogues(1, 20)))
    np.testing.assert_array_equal(answers["d20", 1], [0, 1])
    assert answers["d20", 0] is None
    assert answers["d20", 2] is None


def test_what_is_sent_is_the_past_and_no_label(chat_server):
    asked(chat_server, shots=1).predict(seal(dialogues(1, 20)))
    first = min(chat_server.asked, key=lambda request: len(request["messages"][-1]["content"]))
    roles = [message["role"] for message in first["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert "The phone rang" not in first["messages"][-1]["content"]
    assert first["messages"][2]["content"] in WORDS
    assert "Speaker 0" in first["messages"][-1]["content"]
    assert (first["model"], first["max_completion_tokens"], first["temperature"]) == ("small", 10, 0.0)
    assert "seed" not in first
    assert "logprobs" not in first


@pytest.mark.parametrize(
    ("options", "sent", "left"),
    [
        ({"temperature": 0.7}, {"temperature": 0.7, "seed": 7}, ()),
        ({"sampling": "own"}, {}, ("temperature", "seed")),
        ({"limit_name": "max_tokens", "longest": 4}, {"max_tokens": 4}, ("max_completion_tokens",)),
        ({"logprobs": True}, {"logprobs": True}, ()),
    ],
)
def test_settings_are_sent(chat_server, options, sent, left):
    asked(chat_server, **options).predict(seal(dialogues(1, 20)))
    for request in chat_server.asked:
        assert {name: request[name] for name in sent} == sent
        assert not set(left) & request.keys()


def test_nothing_is_sent_without_the_users_word(chat_server):
    with pytest.raises(ErcBenchError, match="sends the text"):
        asked(chat_server, erc.SystemContext(LABELS, WORDS))
    assert not chat_server.seen


def test_a_model_must_be_named(chat_server):
    with pytest.raises(ErcBenchError, match="which model to ask"):
        asked(chat_server, model="")


def test_the_record_says_who_was_asked_and_what_it_cost(chat_server):
    system = asked(chat_server, price_in=2.0, price_out=8.0)
    assert system.facts()["tokens"] == {"read": 0, "written": 0}
    system.predict(seal(dialogues(2, 20)))
    facts = system.facts()
    assert facts["models"] == ["small-2026"]
    assert facts["fingerprints"] == ["fp1"]
    assert facts["tokens"] == {"read": 120, "written": 12}
    assert facts["cost"] == pytest.approx((120 * 2 + 12 * 8) / 1e6)
    assert (facts["cut_off"], facts["answers"]) == (0, {"read": 6, "without_label": 0})
    (day,) = facts["days"]
    assert facts["caption"].startswith(f"small at 127.0.0.1, asked {day} with template expert")


def test_it_is_not_saved():
    assert not ApiAnswer.can_be_saved()
