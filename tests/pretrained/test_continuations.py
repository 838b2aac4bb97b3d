"""Log-likelihoods of continuations: those of the model's own loss, whatever stands beside them in a batch."""

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.testing.tiny import LLAMA, tiny_generative

ARCHITECTURES = {
    "llama": LLAMA,
    "grouped": {**LLAMA, "num_key_value_heads": 2},
    # Its tokenizer adds a token of its own.
    "qwen": {"model_type": "qwen2", "tie_word_embeddings": True, "num_key_value_heads": 2, "vocab_size": 400},
    "mistral": {"model_type": "mistral", "tie_word_embeddings": True, "num_key_value_heads": 2, "sliding_window": None},
    "learned positions": {"model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512},
}
LABELS = [[7], [8, 9], [10, 11, 12], [8, 13]]
BEGINNING = list(range(20, 34))
PROMPTS = [[*BEGINNING, 40], [*BEGINNING, 41, 42, 43, 44, 45], [*BEGINNING, 41, 42, 46]]


def by_loss(loaded, prompts, continuations):
    """Return the same by the model's own loss, a token of a label of a prompt after the other."""
    found = torch.zeros(len(prompts), len(continuations), max(map(len, continuations)))
    for row, prompt in enumerate(prompts):
        for number, continuation in enumerate(continuations):
            for place, _ in enumerate(continuation):
                ids = torch.tensor([[*prompt, *continuation[: place + 1]]])
                labels = torch.full_like(ids, -100)
                labels[0, -1] = ids[0, -1]
                with torch.no_grad():
                    found[row, number, place] = -loaded.model(input_ids=ids, labels=labels).loss
    return found


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_they_are_those_of_the_models_own_loss(architecture):
    loaded = tiny_generative(ARCHITECTURES[architecture])
    scored = erc.Continuations(loaded, LABELS).score(PROMPTS)
    assert torch.allclose(scored, by_loss(loaded, PROMPTS, LABELS), atol=1e-5)


def test_what_is_read_once_for_all_changes_nothing():
    loaded = tiny_generative()
    together = erc.Continuations(loaded, LABELS).score(PROMPTS)
    # One prompt shares its beginning with nobody.
    alone = torch.cat([erc.Continuations(loaded, LABELS).score([prompt]) for prompt in PROMPTS])
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("tokens", [1, 12, 10_000])
def test_the_size_of_a_batch_changes_nothing(tokens):
    loaded = tiny_generative()
    prompts = [[20 + place for place in range(length)] for length in (3, 9, 1, 30)]
    scored = erc.Continuations(loaded, LABELS, batch_tokens=tokens).score(prompts)
    assert torch.allclose(scored, by_loss(loaded, prompts, LABELS), atol=1e-5)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.integers(10, 60), min_size=1, max_size=12), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(10, 60), min_size=1, max_size=4), min_size=1, max_size=4),
)
def test_any_prompts_and_labels(prompts, labels):
    loaded = tiny_generative()
    assert torch.allclose(erc.Continuations(loaded, labels).score(prompts), by_loss(loaded, prompts, labels), atol=1e-5)


def test_behind_a_short_label_stand_zeros():
    scored = erc.Continuations(tiny_generative(), LABELS).score(PROMPTS)
    assert scored.shape == (3, 4, 3)
    assert scored[:, 0, 1:].eq(0).all()
    assert scored[:, 2].lt(0).all()


def test_every_prompt_is_told_once_it_is_scored():
    told = []
    erc.Continuations(tiny_generative(), LABELS, batch_tokens=30).score(PROMPTS, lambda: told.append(1))
    assert len(told) == len(PROMPTS)


def test_a_prompt_that_is_too_long_is_refused():
    loaded = replace(tiny_generative(), maximum_length=20)
    scorer = erc.Continuations(loaded, LABELS)
    assert scorer.room == 17
    with pytest.raises(ErcBenchError, match="a prompt has 18 tokens, and the model reads 1 to 17 before a label"):
        scorer.score([list(range(20, 38))])
    with pytest.raises(ErcBenchError, match="a prompt has 0 tokens"):
        scorer.score([[]])


def test_a_sliding_window_bounds_a_prompt():
    loaded = tiny_generative({**ARCHITECTURES["mistral"], "sliding_window": 16})
    assert erc.Continuations(loaded, LABELS).room == 13


def test_a_label_without_tokens_is_refused():
    with pytest.raises(ErcBenchError, match="Every label needs a token at least"):
        erc.Continuations(tiny_generative(), [[1], []])


class Counted:
    """Counts the passes of a model."""

    def __init__(self, model):
        self.passes = 0
        model.register_forward_hook(self._count)

    def _count(self, *_):
        self.passes += 1


def test_what_is_remembered_is_not_computed_again():
    loaded, memory = tiny_generative(), {}
    counted = Counted(loaded.model)
    first = erc.Continuations(loaded, LABELS).score(PROMPTS, memory=memory)
    assert counted.passes == 2
    assert torch.equal(erc.Continuations(loaded, LABELS).score(PROMPTS, memory=memory), first)
    assert counted.passes == 2
    erc.Continuations(loaded, LABELS[:2]).score(PROMPTS, memory=memory)
    assert counted.passes == 4


def test_what_no_longer_fits_is_computed_again():
    loaded, memory = tiny_generative(), {}
    first = erc.Continuations(loaded, LABELS).score(PROMPTS, memory=memory)
    memory.update({name: content[:-4] for name, content in memory.items()})
    assert torch.equal(erc.Continuations(loaded, LABELS).score(PROMPTS, memory=memory), first)


def test_batches_that_were_scored_before_an_end_are_not_scored_again():
    loaded, memory = tiny_generative(), {}
    whole = erc.Continuations(loaded, LABELS, batch_tokens=1).score(PROMPTS)
    scorer, done = erc.Continuations(loaded, LABELS, batch_tokens=1), []

    def stop():
        done.append(1)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scorer.score(PROMPTS, stop, memory)
    counted = Counted(loaded.model)
    assert torch.equal(scorer.score(PROMPTS, memory=memory), whole)
    # The beginning that all share, and the one batch that was left.
    assert counted.passes == 2
