"""Text written behind prompts is what choosing the likeliest token again and again gives."""

import pytest
import torch

from erc_bench.testing.tiny import tiny_generative
from erc_bench_plugins.systems.language_models.greedy import written

LONGEST = 6


@pytest.fixture(scope="module")
def loaded():
    return tiny_generative()


@pytest.fixture(scope="module")
def prompts(loaded):
    texts = ["We won", "He left me . The phone rang", "See you today , said the man at the door", "We won again"]
    return [loaded.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]


def by_hand(loaded, prompt, longest=LONGEST):
    ids = list(prompt)
    for _ in range(longest):
        with torch.no_grad():
            ids.append(int(loaded.model(torch.tensor([ids])).logits[0, -1].argmax()))
        if ids[-1] == loaded.tokenizer.eos_token_id:
            break
    return loaded.tokenizer.decode(ids[len(prompt) :], skip_special_tokens=True)


def ask(loaded, prompts, memory=None, done=lambda: None, longest=LONGEST):
    return written(loaded, prompts, longest, "cpu", done, {} if memory is None else memory)


def test_it_is_the_likeliest_token_at_each_place(loaded, prompts):
    found = ask(loaded, prompts)
    assert found == [by_hand(loaded, prompt) for prompt in prompts]
    assert len(set(found)) > 1


def test_a_prompt_alone_gives_the_same(loaded, prompts):
    together = ask(loaded, prompts)
    assert [ask(loaded, [prompt])[0] for prompt in prompts] == together


def test_the_models_own_settings_for_drawing_count_nowhere(loaded, prompts):
    config = loaded.model.generation_config
    config.do_sample, config.temperature, config.repetition_penalty = True, 5.0, 9.0
    try:
        assert ask(loaded, prompts) == [by_hand(loaded, prompt) for prompt in prompts]
    finally:
        config.do_sample, config.temperature, config.repetition_penalty = False, 1.0, 1.0


def test_it_stops_at_an_end_token(loaded, prompts, monkeypatch):
    with torch.no_grad():
        first = int(loaded.model(torch.tensor([prompts[0]])).logits[0, -1].argmax())
    monkeypatch.setattr(loaded.model.generation_config, "eos_token_id", [first])
    assert ask(loaded, prompts[:1]) == [loaded.tokenizer.decode([first])]


def test_what_was_written_is_not_written_again(loaded, prompts, monkeypatch):
    memory, done = {}, []
    first = ask(loaded, prompts, memory)
    monkeypatch.setattr(loaded.model, "generate", None)
    assert ask(loaded, prompts, memory, lambda: done.append(1)) == first
    assert len(done) == len(prompts)


@pytest.mark.parametrize("damaged", [b"", b"[]", b"[1, 2, 3, 4]", b"{"])
def test_a_damaged_memory_is_written_anew(loaded, prompts, damaged):
    memory = {}
    first = ask(loaded, prompts, memory)
    memory.update(dict.fromkeys(memory, damaged))
    assert ask(loaded, prompts, memory) == first
