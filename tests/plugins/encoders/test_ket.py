"""KET against its equations, written as loops over words and heads; what it reads and how far it looks back."""

import math
from random import Random

import pytest
import torch
from torch import nn

from erc_bench.contracts.component import sees_future
from erc_bench.contracts.encoder import EncoderBatch
from erc_bench.errors import ErcBenchError
from erc_bench.testing.encoders import check_encoder
from erc_bench_plugins.encoders import ket
from erc_bench_plugins.encoders.ket import Ket

DIM = 6
SMALL = {"width": 8, "heads": 2, "feed_forward": 7, "dropout": 0.0, "window": 2}


def made(invented, **options):
    return invented.network(Ket, DIM, **{**SMALL, **options})


def read_of(encoder, dialogues, seed=0):
    """Return the examples of dialogues, random states of the tokens of each of their turns, and the batch."""
    examples = encoder.examples(dialogues, False, Random(0))
    generator = torch.Generator().manual_seed(seed)
    counts = [[row.state_count for row in encoder.rows(example)] for example in examples]
    states = torch.randn(sum(map(sum, counts)), DIM, generator=generator, dtype=torch.float64)
    parts = iter(states.split([count for own in counts for count in own]))
    turns = [[next(parts) for _ in own] for own in counts]
    return states, turns, EncoderBatch(examples, [sum(own) for own in counts])


def norm_by_loop(norm, state):
    centred = state - state.mean()
    return centred / (centred.square().mean() + norm.eps).sqrt() * norm.weight + norm.bias


def attention_by_loop(module, asking, offering):
    rows = []
    for state in asking:
        parts = []
        for head, asked in enumerate(module.query(state).chunk(module.heads)):
            keys = [module.key(other).chunk(module.heads)[head] for other in offering]
            values = [module.value(other).chunk(module.heads)[head] for other in offering]
            weights = torch.stack([asked @ key / math.sqrt(len(asked)) for key in keys]).softmax(0)
            parts.append(sum(weight * value for weight, value in zip(weights, values, strict=True)))
        rows.append(module.out(torch.cat(parts)))
    return rows


def layer_by_loop(layer, words):
    heard = attention_by_loop(layer.attention, words, words)
    read = [norm_by_loop(layer.attended, word + own) for word, own in zip(words, heard, strict=True)]
    return [norm_by_loop(layer.fed, word + layer.narrow(torch.relu(layer.widen(word)))) for word in read]


def words_by_loop(encoder, states):
    width, words = encoder.options.width, []
    for place, state in enumerate(states):
        position = [(math.cos if d % 2 else math.sin)(place / 10_000 ** ((d - d % 2) / width)) for d in range(width)]
        words.append(encoder.narrow(state) + torch.tensor(position, dtype=torch.float64))
    return words


def by_loop(encoder, turns):
    """turns: of each turn read (tokens, DIM), the target's last → (width,)."""
    *context, target = [words_by_loop(encoder, states) for states in turns]
    memory = [word for words in context for word in layer_by_loop(encoder.context, words)]
    memory = layer_by_loop(encoder.context, memory)
    heard = attention_by_loop(encoder.itself, target, target)
    said = [norm_by_loop(encoder.norms[0], word + own) for word, own in zip(target, heard, strict=True)]
    remembered = attention_by_loop(encoder.across, said, memory) if memory else [0] * len(said)
    said = [norm_by_loop(encoder.norms[1], word + own) for word, own in zip(said, remembered, strict=True)]
    fed = [norm_by_loop(encoder.norms[2], word + encoder.shrink(torch.relu(encoder.widen(word)))) for word in said]
    return torch.stack(fed).amax(0)


@pytest.mark.parametrize("window", [0, 2, 6])
def test_it_computes_its_equations(invented, window):
    encoder = made(invented, window=window)
    states, turns, batch = read_of(encoder, invented.conversations([1, 4, 3]))
    fast, slow = encoder(states, batch).z, torch.stack([by_loop(encoder, own) for own in turns])
    if window:
        assert torch.autograd.grad(slow.sum(), encoder.context.widen.weight, retain_graph=True)[0].any()
    invented.assert_same_gradients(encoder, fast, slow)


def test_the_window_counts_turns_and_ends_at_the_target(invented):
    (dialogue,) = invented.conversations([5])
    examples = made(invented).examples([dialogue], False, Random(0))
    assert [example.context for example in examples] == [(), (0,), (0, 1), (1, 2), (2, 3)]
    assert not sees_future(Ket)


def test_an_example_is_read_alike_whatever_its_batch(invented):
    encoder = made(invented)
    _, turns, batch = read_of(encoder, invented.conversations([1, 5]))
    states = torch.cat([turn for own in turns for turn in own])
    together = encoder(states, batch).z
    for example, own, z in zip(batch.examples, turns, together, strict=True):
        alone = encoder(torch.cat(own), EncoderBatch([example], [sum(map(len, own))])).z[0]
        torch.testing.assert_close(alone, z, rtol=0, atol=1e-12)


def test_attention_to_padding_would_show(invented, monkeypatch):
    encoder = made(invented)
    states, _, batch = read_of(encoder, invented.conversations([1, 5]))
    before = encoder(states, batch).z
    monkeypatch.setattr(ket, "_pairs", lambda asking, offering: torch.ones_like(asking[:, :, None] & offering[:, None]))
    assert not torch.allclose(encoder(states, batch).z, before)


def test_what_comes_first_matters(invented):
    encoder = made(invented, window=0)
    (own,) = torch.randn(1, 4, DIM, dtype=torch.float64)
    one, other = (encoder.represent([states], [()]) for states in (own, own.flip(0)))
    assert not torch.allclose(one, other)


def test_dropout_is_drawn_in_training_alone(invented):
    encoder = made(invented, dropout=0.5)
    states, _, batch = read_of(encoder, invented.conversations([3]))
    assert torch.equal(encoder(states, batch).z, encoder(states, batch).z)
    encoder.train()
    assert not torch.equal(encoder(states, batch).z, encoder(states, batch).z)


def test_a_head_that_does_not_fit_is_told(invented):
    with pytest.raises(ErcBenchError, match=r"encoder\.heads=3 does not divide encoder\.width=8") as refused:
        made(invented, heads=3)
    assert refused.value.hint


def test_it_has_the_parameters_of_its_equations(invented):
    """The defaults, on vectors of 100 numbers, seven emotions."""
    encoder = invented.network(Ket, 100)
    square = (100 + 1) * 100
    size = {"words": square, "context": 4 * square + 2 * square + 2 * 200, "head": (100 + 1) * 7}
    size |= {"target": 2 * 4 * square + 2 * square + 3 * 200}
    assert invented.parameters_with_head(encoder, 7) == sum(size.values())


CUE, CLASSES = ("red", "green", "blue"), 3


def accuracy(encoder, corpus, epochs):
    """Train on three quarters of (words of turns, label), and return the share of right labels of the others."""
    table = nn.Embedding(8, DIM).double()
    head = nn.Linear(encoder.dim, CLASSES).double()
    optimiser = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=3e-3)
    cut = 3 * len(corpus) // 4

    def logits(part):
        turns = [[table.weight[words].detach() for words in dialogue] for dialogue, _ in part]
        return head(encoder.represent([own[-1] for own in turns], [own[:-1] for own in turns]))

    for _ in range(epochs):
        for start in range(0, cut, 30):
            part = corpus[start : start + 30]
            optimiser.zero_grad()
            nn.functional.cross_entropy(logits(part), torch.tensor([label for _, label in part])).backward()
            optimiser.step()
    with torch.no_grad():
        right = logits(corpus[cut:]).argmax(-1) == torch.tensor([label for _, label in corpus[cut:]])
    return float(right.double().mean())


def cued(place, seed=0):
    """Return 400 dialogues of three turns of four noise words, the label's word among those of the turn ``place``."""
    rng, found = Random(seed), []
    for _ in range(400):
        label, turns = rng.randrange(CLASSES), [[rng.randrange(CLASSES, 8) for _ in range(4)] for _ in range(3)]
        if place is not None:
            turns[place][rng.randrange(4)] = label
        found.append((turns, label))
    return found


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_word_of_any_turn_that_is_read_is_found(invented, place):
    assert accuracy(made(invented, width=16, feed_forward=16).train(), cued(place), epochs=12) >= 0.95


def test_a_word_that_nobody_said_is_not(invented):
    assert accuracy(made(invented, width=16, feed_forward=16).train(), cued(None), epochs=4) <= 0.48


@pytest.mark.parametrize("options", [{}, {"window": 1, "length": 8}], ids=str)
def test_it_conforms(options):
    check_encoder(Ket, Ket.Options(**options))
