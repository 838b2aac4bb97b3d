"""DialogueRNN against its equations, written as loops over turns and speakers."""

import pytest
import torch
from torch import nn

from erc_bench.contracts.component import sees_future
from erc_bench_plugins.encoders.dialogue_rnn import DialogueRnn


def cell(module, given, state):
    return module(given[None], state[None])[0]


def direction(cells, states, speakers):
    """Return the emotions of a dialogue that is read in one direction."""
    width = cells.width
    parties = {speaker: torch.zeros(width, dtype=states.dtype) for speaker in speakers}
    emotion, whole = torch.zeros(cells.emotion_cell.hidden_size, dtype=states.dtype), torch.zeros_like(states[0, :0])
    whole = torch.zeros(width, dtype=states.dtype)
    history, emotions = [], []
    for said, speaker in zip(states, speakers, strict=True):
        context = torch.zeros(width, dtype=states.dtype)
        if history:
            weights = torch.stack([g @ cells.attention(said) for g in history]).softmax(0)
            context = sum(weight * g for weight, g in zip(weights, history, strict=True))
        whole = cell(cells.global_cell, torch.cat([said, parties[speaker]]), whole)
        own = cell(cells.party_cell, torch.cat([said, context]), parties[speaker])
        for other in parties:
            if other != speaker and cells.listener_cell is not None:
                parties[other] = cell(cells.listener_cell, torch.cat([said, own]), parties[other])
        parties[speaker] = own
        emotion = cell(cells.emotion_cell, own, emotion)
        emotions.append(emotion)
        history.append(whole)
    return torch.stack(emotions)


def by_loop(encoder, dialogue, states):
    speakers = [turn.speaker for turn in dialogue.utterances]
    emotions = direction(encoder.forwards, states, speakers)
    if encoder.options.direction == "both":
        behind = direction(encoder.backwards, states.flip(0), speakers[::-1]).flip(0)
        emotions = torch.cat([emotions, behind], -1)
        attended = []
        for emotion in emotions:
            weights = torch.stack([other @ encoder.attention(emotion) for other in emotions]).softmax(0)
            attended.append(sum(weight * other for weight, other in zip(weights, emotions, strict=True)))
        emotions = torch.stack(attended)
    return torch.relu(encoder.hidden(emotions))


@pytest.mark.parametrize("direction_read", ["both", "past"])
@pytest.mark.parametrize("listeners", [False, True])
def test_it_computes_its_equations(invented, direction_read, listeners):
    options = {"direction": direction_read, "listeners": listeners, "global_width": 5, "emotion_width": 4}
    encoder = invented.network(DialogueRnn, 6, **options)
    dialogues = invented.conversations([1, 7, 3, 12])
    states = invented.states_of(dialogues, 6)
    own = states.split([len(dialogue.utterances) for dialogue in dialogues])
    slow = torch.cat([by_loop(encoder, d, s) for d, s in zip(dialogues, own, strict=True)])
    invented.assert_same_gradients(encoder, invented.read(encoder, dialogues, states), slow)


@pytest.mark.parametrize(
    ("dim", "widths", "classes", "expected"), [(100, (500, 300), 6, 8_880_406), (600, (150, 100), 7, 2_036_607)]
)
def test_it_has_the_parameters_of_the_published_system(invented, dim, widths, classes, expected):
    encoder = invented.network(DialogueRnn, dim, global_width=widths[0], emotion_width=widths[1])
    assert invented.parameters_with_head(encoder, classes) == expected


def test_dropout_inside_the_recurrence_reaches_later_turns(invented):
    encoder = invented.network(DialogueRnn, 6, direction="past", cell_dropout=0.5, output_dropout=0.0)
    (dialogue,) = dialogues = invented.conversations([8])
    still = invented.read(encoder, dialogues, invented.states_of(dialogues, 6))
    encoder.train()
    moved = invented.read(encoder, dialogues, invented.states_of(dialogues, 6))
    assert not torch.allclose(still[-1], moved[-1])
    assert all(not isinstance(module, nn.Dropout) for module in encoder.forwards.modules())
    assert len(dialogue.utterances) == 8


def test_the_direction_says_whether_it_sees_the_future():
    assert sees_future(DialogueRnn)
    assert not sees_future(DialogueRnn, DialogueRnn.Options(direction="past"))
