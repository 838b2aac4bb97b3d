"""DialogueGCN against its equations, written as loops over turns and neighbours."""

import pytest
import torch

from erc_bench.contracts.turns import Turns
from erc_bench_plugins.encoders.dialogue_gcn import DialogueGcn, edges


def by_loop(encoder, dialogue, states):
    options = encoder.options
    names = list(dict.fromkeys(turn.speaker for turn in dialogue.utterances))
    speakers = [min(names.index(turn.speaker), options.speakers - 1) for turn in dialogue.utterances]
    context = encoder.lstm(states[None])[0][0]
    turns = range(len(states))
    later = options.window if options.direction == "both" else 0
    near = [[j for j in turns if i - options.window <= j <= i + later] for i in turns]
    graph = encoder.relational
    first = []
    for i in turns:
        weights = torch.stack([encoder.scorer(context[i]) @ context[j] for j in near[i]]).softmax(0)
        message = graph.itself(context[i])
        for weight, j in zip(weights, near[i], strict=True):
            relation = (speakers[i] * options.speakers + speakers[j]) * 2 + (j <= i)
            matrix = sum(share * base for share, base in zip(graph.shares[relation], graph.bases, strict=True))
            message = message + weight * (context[j] @ matrix)
        first.append(message)
    second = [encoder.neighbours(sum(first[j] for j in near[i])) + encoder.itself(first[i]) for i in turns]
    read = torch.cat([context, torch.stack(second)], -1)
    if encoder.attention is not None:
        bound = torch.tanh if options.attention == "official" else torch.clone
        attended = []
        for i, one in enumerate(read):
            readable = read if options.direction == "both" else read[: i + 1]
            weights = torch.stack([bound(encoder.attention(one) @ other) for other in readable]).softmax(0)
            attended.append(sum(weight * other for weight, other in zip(weights, readable, strict=True)))
        read = torch.stack(attended)
    return torch.relu(encoder.hidden(read))


@pytest.mark.parametrize("direction", ["both", "past"])
@pytest.mark.parametrize("attention", ["none", "paper", "official"])
def test_it_computes_its_equations(invented, direction, attention):
    widths = {"context_width": 6, "graph_width": 4, "window": 3, "speakers": 2, "bases": 3}
    options = {"direction": direction, "attention": attention, **widths}
    encoder = invented.network(DialogueGcn, 5, **options)
    dialogues = invented.conversations([1, 7, 3, 12])
    states = invented.states_of(dialogues, 5)
    own = states.split([len(dialogue.utterances) for dialogue in dialogues])
    slow = torch.cat([by_loop(encoder, d, s) for d, s in zip(dialogues, own, strict=True)])
    invented.assert_same_gradients(encoder, invented.read(encoder, dialogues, states), slow)


def test_edges_of_meld(meld):
    def counted(dialogues):
        turns = Turns.of(torch.zeros(sum(len(d.utterances) for d in dialogues), 1), dialogues)
        return int(edges(turns, 10, "both").sum())

    assert [counted(split) for _, split in meld.items()] == [115869, 12667, 29422]


def test_its_parameters_are_those_of_the_published_system_but_for_the_scorer(invented):
    """The authors' scorer is a matrix from 200 to 110 places of a dialogue; the paper's, and ours, compares states."""
    count = invented.parameters_with_head(invented.network(DialogueGcn, 100, attention="official"), 6)
    lstm = 2 * 4 * 100 * (100 + 100 + 2) + 2 * 4 * 100 * (200 + 100 + 2)
    relational = 30 * 200 * 100 + 8 * 30 + 200 * 100 + 100
    rest = (100 * 100 + 100 + 100 * 100) + (300 * 300 + 300) + (300 * 100 + 100) + 606
    assert count == lstm + relational + rest + 200 * 200
