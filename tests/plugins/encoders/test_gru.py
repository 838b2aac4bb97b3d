"""A GRU over the dialogue against its equations, written as a loop over turns."""

import torch

from erc_bench_plugins.encoders.gru import Gru


def by_loop(encoder, _, states):
    gru = encoder.gru
    state = torch.zeros(gru.hidden_size, dtype=states.dtype)
    rows = []
    for said in states:
        given = (gru.weight_ih_l0 @ said + gru.bias_ih_l0).chunk(3)
        kept = (gru.weight_hh_l0 @ state + gru.bias_hh_l0).chunk(3)
        reset, update = torch.sigmoid(given[0] + kept[0]), torch.sigmoid(given[1] + kept[1])
        state = (1 - update) * torch.tanh(given[2] + reset * kept[2]) + update * state
        rows.append(state)
    return torch.stack(rows)


def test_it_computes_its_equations(invented):
    encoder = invented.network(Gru, 5, hidden=4)
    dialogues = invented.conversations([1, 7, 3, 12])
    states = invented.states_of(dialogues, 5)
    own = states.split([len(dialogue.utterances) for dialogue in dialogues])
    slow = torch.cat([by_loop(encoder, d, s) for d, s in zip(dialogues, own, strict=True)])
    invented.assert_same_gradients(encoder, invented.read(encoder, dialogues, states), slow)
