"""Requests to an endpoint: what is kept, what is asked again after a fault, and what is said of those that stay."""

import json
import re
import threading

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench_plugins.systems.language_models.endpoint import OFFICIAL, Access, Endpoint

KEY = "ERC_BENCH_TEST_KEY"


def access(server, **more):
    told = {"parallel": 3, "per_minute": 0.0, "retries": 3, "seconds": 20.0}
    return Access(server.address, KEY, **{**told, **more})


def endpoint(server, memory, parameters=None, **more):
    return Endpoint(access(server, **more), {"model": "small", **(parameters or {})}, memory)


def prompts(number):
    return [
        [{"role": "system", "content": "Emotions."}, {"role": "user", "content": f"line {i}"}] for i in range(number)
    ]


def texts(replies):
    return [reply.text for reply in replies]


def test_replies_come_in_the_order_of_the_prompts(chat_server):
    chat_server.answer = lambda prompt: f"about {prompt}"
    done = []
    found = endpoint(chat_server, {}).ask(prompts(20), lambda: done.append(1))
    assert texts(found) == [f"about line {i}" for i in range(20)]
    assert len(done) == 20
    assert {reply.model for reply in found} == {"small-2026"}
    assert (found[0].prompt_tokens, found[0].completion_tokens, found[0].fingerprint) == (20, 2, "fp1")
    assert found[0].log_probability is None


def test_nothing_is_asked_twice(chat_server):
    memory = {}
    first = endpoint(chat_server, memory).ask(prompts(5), lambda: None)
    done = []
    assert endpoint(chat_server, memory).ask([*prompts(8), *prompts(2)], lambda: done.append(1))[:5] == first
    assert set(chat_server.times_asked().values()) == {1}
    assert (len(chat_server.asked), len(done)) == (8, 8)


def test_another_model_or_another_setting_is_asked_anew(chat_server):
    memory = {}
    for parameters in ({}, {"model": "large"}, {"temperature": 0.5}):
        endpoint(chat_server, memory, parameters).ask(prompts(1), lambda: None)
    assert [(each["model"], each.get("temperature")) for each in chat_server.asked] == [
        ("small", None),
        ("large", None),
        ("small", 0.5),
    ]


def test_log_probabilities_are_kept(chat_server):
    memory = {}
    (reply,) = endpoint(chat_server, memory, {"logprobs": True}).ask(prompts(1), lambda: None)
    assert reply.log_probability == -1.0
    (kept,) = memory.values()
    assert json.loads(kept)["log_probability"] == -1.0


@pytest.mark.parametrize("fault", [429, 500, 503, "cut", "nonsense", "page", "empty"])
def test_faults_that_may_pass_are_tried_again(chat_server, fault):
    chat_server.faults = [fault, fault]
    assert texts(endpoint(chat_server, {}, parallel=1).ask(prompts(3), lambda: None)) == ["joy"] * 3
    assert len(chat_server.seen) == 5


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (401, f"refuses the key.*{KEY}"),
        (403, "refuses the key"),
        (404, "does not know what is asked for: .*fault 404.*one of its models"),
        (400, "refuses a request: .*fault 400"),
        (429, "wants fewer requests: .*fault 429.*requests_per_minute"),
        (500, "refuses a request: .*fault 500.*not asked again"),
        ("nonsense", "2 times what is no answer of a chat"),
        ("cut", "cannot be reached"),
    ],
)
def test_faults_that_stay_are_said_in_a_sentence(chat_server, fault, said):
    memory = {}
    chat_server.faults = [None, *[fault] * 99]
    with pytest.raises(ErcBenchError) as raised:
        endpoint(chat_server, memory, parallel=1, retries=1).ask(prompts(3), lambda: None)
    text = f"{raised.value.message} {raised.value.hint}"
    assert re.search(said, text), text
    assert len(memory) == 1  # what was answered before stays
    assert "line" not in text  # what was said in a dialogue is nobody's error message


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_an_endpoint_on_this_machine_is_asked_through_no_proxy(chat_server, monkeypatch, name):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert texts(endpoint(chat_server, {}, retries=0).ask(prompts(1), lambda: None)) == ["joy"]


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://localhost:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://127.1.2.3/v1", True),
        ("http://10.0.0.1/v1", False),
        ("https://localhost.example/v1", False),
    ],
)
def test_what_is_on_this_machine(address, here):
    assert Access(address, KEY, 1, 0.0, 0, 5.0).is_here() == here


def test_an_answer_without_text_is_one_that_names_nothing(chat_server):
    memory = {}
    chat_server.answer = lambda prompt: None
    assert texts(endpoint(chat_server, memory).ask(prompts(1), lambda: None)) == [""]
    assert (len(chat_server.seen), len(memory)) == (1, 1)


def test_a_server_that_is_not_there(chat_server):
    address = chat_server.address
    chat_server.server.server_close()
    there = Access(address, KEY, 1, 0.0, 0, 5.0)
    with pytest.raises(ErcBenchError, match="cannot be reached"):
        Endpoint(there, {"model": "small"}, {}).ask(prompts(1), lambda: None)


def test_the_key_is_that_of_the_environment(chat_server, monkeypatch):
    endpoint(chat_server, {}).ask(prompts(1), lambda: None)
    monkeypatch.setenv(KEY, "secret")
    memory = {}
    endpoint(chat_server, memory).ask(prompts(1), lambda: None)
    assert chat_server.keys == ["Bearer none", "Bearer secret"]
    assert b"secret" not in b"".join(memory.values())


def test_the_official_endpoint_wants_a_key(monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(ErcBenchError, match="wants a key"):
        Access(OFFICIAL, KEY, 1, 0.0, 0, 5.0).key()


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://there/v1", "", "http:///v1"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ErcBenchError, match="is no address"):
        Access(address, KEY, 1, 0.0, 0, 5.0)


@pytest.mark.parametrize("address", ["https://me:secret@there/v1", "https://there/v1?key=secret"])
def test_an_address_with_a_secret_is_refused_without_saying_it(address):
    with pytest.raises(ErcBenchError, match="would stand in every record") as raised:
        Access(address, KEY, 1, 0.0, 0, 5.0)
    assert "secret" not in f"{raised.value.message} {raised.value.hint}"


def test_so_many_requests_are_under_way_at_a_time(chat_server):
    together, most = threading.Semaphore(0), []
    under_way = set()
    lock = threading.Lock()

    def before(prompt):
        with lock:
            under_way.add(prompt)
            most.append(len(under_way))
            if len(under_way) == 3:
                for _ in range(9):
                    together.release()
        together.acquire(timeout=20)
        with lock:
            under_way.discard(prompt)

    chat_server.before = before
    endpoint(chat_server, {}, parallel=3).ask(prompts(9), lambda: None)
    assert max(most) == 3


@pytest.mark.parametrize("damaged", [b"", b"{}", b"[1]", b'{"text": 3', b"\xff"])
def test_what_is_kept_and_damaged_is_asked_again(chat_server, damaged):
    memory = {}
    endpoint(chat_server, memory).ask(prompts(1), lambda: None)
    (name,) = memory
    memory[name] = damaged
    assert texts(endpoint(chat_server, memory).ask(prompts(1), lambda: None)) == ["joy"]
    assert len(chat_server.asked) == 2


def test_a_prompt_that_a_filter_refuses_has_an_answer_without_text_and_stops_nothing(chat_server):
    chat_server.faults = [None, "filtered"]
    memory = {}
    found = endpoint(chat_server, memory, parallel=1).ask(prompts(3), lambda: None)
    assert [(reply.text, reply.finish) for reply in found] == [("joy", "stop"), ("", "content_filter"), ("joy", "stop")]
    assert endpoint(chat_server, memory).ask(prompts(3), lambda: None) == found
    assert len(chat_server.seen) == 3
