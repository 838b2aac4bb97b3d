"""RGAT against its equations, written as loops over turns, neighbours and heads."""

import pytest
import torch
from torch.nn import functional as F

from erc_bench_plugins.encoders.rgat import Rgat


def layer_by_loop(layer, states, speakers, window, later):
    turns, heads = range(len(states)), layer.matrices.shape[1]
    rows = []
    for i in turns:
        near = [j for j in turns if i - window <= j <= i + later]
        parts = []
        for head in range(heads):
            scores, values = [], []
            for j in near:
                r = 2 * (speakers[i] != speakers[j]) + (j > i)
                matrix = layer.matrices[r, head]
                one, other = states[i] @ matrix, states[j] @ matrix
                attention = torch.cat([layer.asking[r, head], layer.offering[r, head]])
                encoding = layer.slopes[r] * (j - i) + layer.offsets[r]
                scores.append(F.leaky_relu(attention @ torch.cat([one, other]) + encoding, 0.2))
                values.append(other)
            weights = torch.stack(scores).softmax(0)
            parts.append(sum(weight * value for weight, value in zip(weights, values, strict=True)))
        rows.append(torch.cat(parts))
    return torch.stack(rows)


def by_loop(encoder, dialogue, states):
    options = encoder.options
    speakers = [turn.speaker for turn in dialogue.utterances]
    later = options.window if options.direction == "both" else 0
    current = states
    for layer, norm in zip(encoder.layers, encoder.norms, strict=True):
        current = norm(layer_by_loop(layer, current, speakers, options.window, later))
    return torch.relu(encoder.hidden(torch.cat([states, current], -1)))


@pytest.mark.parametrize("direction", ["both", "past"])
def test_it_computes_its_equations(invented, direction):
    options = {"window": 2, "layers": 2, "heads": 3, "head_width": 4, "hidden": 5}
    encoder = invented.network(Rgat, 6, direction=direction, **options)
    with torch.no_grad():
        for layer in encoder.layers:
            layer.slopes.normal_()
            layer.offsets.normal_()
    dialogues = invented.conversations([1, 7, 3, 12])
    states = invented.states_of(dialogues, 6)
    own = states.split([len(dialogue.utterances) for dialogue in dialogues])
    slow = torch.cat([by_loop(encoder, d, s) for d, s in zip(dialogues, own, strict=True)])
    invented.assert_same_gradients(encoder, invented.read(encoder, dialogues, states), slow)
