"""EmoCaps against its equations, written as loops over turns, heads, layers and gates; its size and what it reads."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from erc_bench.contracts.turns import Turns
from erc_bench_plugins.encoders.emocaps import EmoCaps

SMALL = {"heads": 2, "head_width": 3, "feed_forward": 7, "emotion_width": 4, "context_width": 6, "hidden": 5}


def norm_by_loop(norm, state):
    centred = state - state.mean()
    return centred / (centred.square().mean() + norm.eps).sqrt() * norm.weight + norm.bias


def attention_by_loop(emoformer, states, readable):
    rows = []
    for i, state in enumerate(states):
        query, parts = emoformer.attention.query(state).chunk(emoformer.attention.heads), []
        for head, asked in enumerate(query):
            keys = [emoformer.attention.key(states[j]).chunk(emoformer.attention.heads)[head] for j in readable[i]]
            values = [emoformer.attention.value(states[j]).chunk(emoformer.attention.heads)[head] for j in readable[i]]
            weights = torch.stack([asked @ key / math.sqrt(len(asked)) for key in keys]).softmax(0)
            parts.append(sum(weight * value for weight, value in zip(weights, values, strict=True)))
        rows.append(emoformer.attention.out(torch.cat(parts)))
    return rows


def lstm_by_loop(lstm, inputs, suffix=""):
    matrices = [getattr(lstm, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    state = cell = inputs[0].new_zeros(lstm.hidden_size)
    states = []
    for one in inputs:
        gates = matrices[0] @ one + matrices[2] + matrices[1] @ state + matrices[3]
        enter, forget, new, leave = gates.chunk(4)
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        state = leave.sigmoid() * cell.tanh()
        states.append(state)
    return states


def by_loop(encoder, states):
    """Return (turns, hidden) of one dialogue."""
    both, emoformer = encoder.options.direction == "both", encoder.emoformer
    readable = [[j for j in range(len(states)) if both or j <= i] for i in range(len(states))]
    capsules = []
    for state, heard in zip(states, attention_by_loop(emoformer, states, readable), strict=True):
        emotion = norm_by_loop(emoformer.attended, state + heard)
        emotion = norm_by_loop(emoformer.fed, emotion + emoformer.narrow(torch.relu(emoformer.widen(emotion))))
        for layer in emoformer.mapping:
            emotion = torch.relu(layer.weight @ emotion + layer.bias)
        capsules.append(torch.cat([emotion, state]))
    read = lstm_by_loop(encoder.lstm, capsules)
    if both:
        later = lstm_by_loop(encoder.lstm, capsules[::-1], "_reverse")[::-1]
        read = [torch.cat(pair) for pair in zip(read, later, strict=True)]
    return torch.stack([torch.relu(encoder.hidden(each)) for each in read])


@pytest.mark.parametrize("direction", ["both", "past"])
def test_it_computes_its_equations(invented, direction):
    encoder = invented.network(EmoCaps, 5, direction=direction, **SMALL)
    dialogues = invented.conversations([1, 7, 3, 9])
    states = invented.states_of(dialogues, 5)
    own = states.split([len(dialogue.utterances) for dialogue in dialogues])
    slow = torch.cat([by_loop(encoder, each) for each in own])
    # No ReLU hides a part of it.
    assert torch.autograd.grad(slow.sum(), encoder.emoformer.attention.query.weight, retain_graph=True)[0].any()
    invented.assert_same_gradients(encoder, invented.read(encoder, dialogues, states), slow)


@pytest.mark.parametrize("direction", ["both", "past"])
def test_a_dialogue_is_read_alike_whatever_its_batch(invented, direction):
    encoder = invented.network(EmoCaps, 5, direction=direction, **SMALL)
    dialogues = invented.conversations([2, 9, 4])
    states = invented.states_of(dialogues, 5)
    together = invented.read(encoder, dialogues, states).split([2, 9, 4])
    for dialogue, own, read in zip(dialogues, states.split([2, 9, 4]), together, strict=True):
        torch.testing.assert_close(invented.read(encoder, [dialogue], own), read, rtol=0, atol=1e-12)


def test_an_lstm_that_runs_over_padding_would_show(invented, monkeypatch):
    """The tests above would fail: the backward state of a short dialogue would start in its padding."""
    encoder = invented.network(EmoCaps, 5, **SMALL)
    dialogues = invented.conversations([2, 9])
    states = invented.states_of(dialogues, 5)
    before = invented.read(encoder, dialogues, states)
    monkeypatch.setattr(Turns, "recurrent", lambda self, network, padded: network(padded)[0])
    assert not torch.allclose(invented.read(encoder, dialogues, states), before)


def read_from(invented, encoder, place):
    """Return the turns of five that the representation of one of them depends on."""
    dialogue = invented.conversation("d", "ABCAB")
    states = invented.states_of([dialogue], 5).requires_grad_()
    read = invented.read(encoder, [dialogue], states)[place].square().sum()
    gradient = torch.autograd.grad(read, states)[0]
    return {turn for turn in range(5) if gradient[turn].abs().max() > 0}


@pytest.mark.parametrize(("direction", "reached"), [("both", {0, 1, 2, 3, 4}), ("past", {0, 1, 2})])
def test_a_turn_reads_what_its_direction_says(invented, direction, reached):
    encoder = invented.network(EmoCaps, 5, direction=direction, **SMALL)
    assert read_from(invented, encoder, 2) == reached


def test_a_planted_future_is_seen_by_that_gradient(invented, monkeypatch):
    encoder = invented.network(EmoCaps, 5, direction="past", **SMALL)
    causal = type(encoder.emoformer).forward
    opened = lambda self, states, mask: causal(self, states, mask | mask.transpose(1, 2))  # noqa: E731
    monkeypatch.setattr(type(encoder.emoformer), "forward", opened)
    assert read_from(invented, encoder, 2) == {0, 1, 2, 3, 4}


def test_speakers_are_not_read(invented):
    encoder = invented.network(EmoCaps, 5, **SMALL)
    states = invented.states_of([invented.conversation("d", "ABCAB")], 5)
    first, other = (invented.read(encoder, [invented.conversation("d", names)], states) for names in ("ABCAB", "AAAAA"))
    assert torch.equal(first, other)


@pytest.mark.parametrize(("direction", "directions"), [("both", 2), ("past", 1)])
def test_it_has_the_parameters_of_its_equations(invented, direction, directions):
    encoder = invented.network(EmoCaps, 1024, direction=direction)
    size = {
        "attention": 3 * (1024 * 256 + 256) + 256 * 1024 + 1024,
        "feed-forward": 1024 * 512 + 512 + 512 * 1024 + 1024,
        "norms": 2 * 2 * 1024,
        "mapping": 1024 * 128 + 128 + 4 * (128 * 128 + 128),
        "LSTM": directions * 4 * (300 // directions) * (1024 + 128 + 300 // directions + 2),
        "hidden": 300 * 128 + 128,
    }
    assert sum(parameter.numel() for parameter in invented.own_parameters(encoder)) == sum(size.values())
    assert encoder.dim == 128


def test_there_are_five_layers_to_the_emotion_vector_each_behind_a_relu(invented):
    encoder = invented.network(EmoCaps, 5, **SMALL)
    seen = []
    for layer in encoder.emoformer.mapping:
        layer.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0], output)))
    dialogue = invented.conversation("d", "ABC")
    invented.read(encoder, [dialogue], invented.states_of([dialogue], 5))
    assert len(seen) == 5
    for (_, output), (following, _) in pairwise(seen):
        assert torch.equal(following, F.relu(output))


def test_dropout_is_drawn_in_training_alone(invented):
    encoder = invented.network(EmoCaps, 5, dropout=0.5, **SMALL)
    dialogue = invented.conversation("d", "ABCAB")
    states = invented.states_of([dialogue], 5)
    assert torch.equal(invented.read(encoder, [dialogue], states), invented.read(encoder, [dialogue], states))
    encoder.train()
    assert not torch.equal(invented.read(encoder, [dialogue], states), invented.read(encoder, [dialogue], states))
    assert isinstance(encoder.lstm, nn.LSTM)
