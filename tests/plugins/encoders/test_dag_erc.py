"""DAG-ERC against its equations, written as loops over turns."""

import pytest
import torch

from erc_bench.contracts.turns import Turns
from erc_bench_plugins.encoders.dag_erc import DagErc, edges


def predecessors(speakers, turn, own_turns):
    found, own = [], 0
    for earlier in range(turn - 1, -1, -1):
        found.append(earlier)
        own += speakers[earlier] == speakers[turn]
        if own == own_turns:
            break
    return found


def cell(module, given, state):
    return module(given[None], state[None])[0]


def by_loop(encoder, dialogue, states):
    """Eqs 1 to 7 of the paper, turn by turn."""
    speakers = [turn.speaker for turn in dialogue.utterances]
    levels = [[torch.relu(encoder.inward(state)) for state in states]]
    for layer in encoder.layers:
        current = []
        for turn in range(len(speakers)):
            below = levels[-1][turn]
            senders = predecessors(speakers, turn, encoder.options.speaker_turns)
            message = torch.zeros_like(below)
            if senders:
                scores = torch.cat([layer.scorer(torch.cat([below, current[j]])) for j in senders])
                for weight, j in zip(scores.softmax(0), senders, strict=True):
                    relation = layer.same_speaker if speakers[j] == speakers[turn] else layer.other_speaker
                    message = message + weight * relation(current[j])
            current.append(cell(layer.context, below, message) + cell(layer.utterance, message, below))
        levels.append(current)
    read = [torch.cat([*(level[turn] for level in levels), states[turn]]) for turn in range(len(speakers))]
    return torch.stack([encoder.outward(each) for each in read])


@pytest.mark.parametrize(("layers", "own_turns"), [(1, 1), (2, 1), (3, 2)])
def test_it_computes_its_equations(invented, layers, own_turns):
    encoder = invented.network(DagErc, 9, hidden=6, layers=layers, speaker_turns=own_turns)
    dialogues = invented.conversations([1, 7, 3, 12])
    states = invented.states_of(dialogues, 9)
    own = states.split([len(dialogue.utterances) for dialogue in dialogues])
    slow = torch.cat([by_loop(encoder, d, s) for d, s in zip(dialogues, own, strict=True)])
    invented.assert_same_gradients(encoder, invented.read(encoder, dialogues, states), slow)


@pytest.mark.parametrize(
    ("dim", "layers", "classes", "expected"), [(1024, 4, 6, 6_213_910), (1024, 2, 7, 3_505_809), (384, 2, 7, 3_121_809)]
)
def test_it_has_the_parameters_of_the_published_system(invented, dim, layers, classes, expected):
    encoder = invented.network(DagErc, dim, layers=layers)
    assert invented.parameters_with_head(encoder, classes) == expected


def test_a_turn_reads_all_since_its_speaker_last_spoke(invented):
    dialogue = invented.conversation("d", "ABBACA")
    turns = Turns.of(torch.zeros(6, 1), [dialogue])
    found = [edges(turns, 1)[0, turn].nonzero().flatten().tolist() for turn in range(6)]
    assert found == [[], [0], [1], [0, 1, 2], [0, 1, 2, 3], [3, 4]]


def test_edges_of_meld(meld):
    def counted(dialogues):
        turns = Turns.of(torch.zeros(sum(len(d.utterances) for d in dialogues), 1), dialogues)
        found = edges(turns, 1)
        return int(found.sum()), int((found & turns.same_speaker).sum())

    counts = [counted(split) for _, split in meld.items()]
    assert counts == [(21713, 7174), (2430, 766), (5540, 1864)]


def test_names_of_speakers_do_not_count_and_identities_do(invented):
    encoder = invented.network(DagErc, 5, hidden=4)

    def read(speakers):
        dialogue = invented.conversation("d", speakers)
        return invented.read(encoder, [dialogue], invented.states_of([dialogue], 5))

    torch.testing.assert_close(read("ABCABC"), read("XYZXYZ"))
    assert not torch.allclose(read("ABCABC"), read("ABAABA"))
