"""Dialogues side by side: nothing is lost, nothing is moved, nothing of padding is read."""

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from erc_bench.contracts.component import sees_future
from erc_bench.contracts.encoder import Encoder, EncoderBatch, Example
from erc_bench.contracts.turns import Turns, masked_softmax
from erc_bench.contracts.types import Dialogue, Utterance
from erc_bench.errors import ErcBenchError

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def conversations(lengths, seed=0):
    rng = random.Random(seed)
    return [
        Dialogue(f"d{i}", tuple(Utterance(rng.choice("ABC"), "", scored=rng.random() < 0.7) for _ in range(length)))
        for i, length in enumerate(lengths)
    ]


def of(lengths, dim=3, seed=0):
    dialogues = conversations(lengths, seed)
    states = torch.randn(sum(lengths), dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return dialogues, states, Turns.of(states, dialogues)


@given(LENGTHS)
def test_every_state_is_found_at_its_turn(lengths):
    dialogues, states, turns = of(lengths)
    batch = EncoderBatch([Example(d, tuple(range(len(d.utterances)))) for d in dialogues], lengths)
    assert torch.equal(batch.at_targets(turns, turns.states), states)
    assert turns.lengths == tuple(sorted(lengths, reverse=True))
    assert not turns.states[~turns.mask].any()
    assert int(turns.mask.sum()) == sum(lengths)


@given(LENGTHS, st.integers(0, 5))
def test_targets_are_those_of_the_examples_in_their_order(lengths, seed):
    dialogues, states, _ = of(lengths, seed=seed)
    batch = EncoderBatch([Example(d, d.targets()) for d in dialogues], lengths)
    turns = batch.turns(states)
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    expected = [states[start + at] for d, start in zip(dialogues, starts, strict=True) for at in d.targets()]
    found = batch.at_targets(turns, turns.states)
    assert found.tolist() == [row.tolist() for row in expected]


@given(LENGTHS)
def test_steps_go_through_the_dialogues_turn_by_turn_and_back(lengths):
    _, _, turns = of(lengths)
    steps = turns.steps(turns.states)
    assert [len(step) for step in steps] == turns.alive == [sum(n > t for n in lengths) for t in range(max(lengths))]
    for turn, step in enumerate(steps):
        assert torch.equal(step, turns.states[: len(step), turn])
    assert torch.equal(turns.joined(steps), turns.states)


@given(LENGTHS)
def test_backwards_twice_is_forwards(lengths):
    _, _, turns = of(lengths)
    behind = turns.reversed()
    for row, length in enumerate(turns.lengths):
        assert torch.equal(behind.states[row, :length], turns.states[row, :length].flip(0))
        assert torch.equal(behind.speakers[row, :length], turns.speakers[row, :length].flip(0))
    assert torch.equal(behind.reversed().states, turns.states)
    assert torch.equal(behind.mask, turns.mask)


@given(LENGTHS, st.none() | st.integers(0, 4), st.none() | st.integers(0, 4))
def test_masks_say_who_may_read_whom(lengths, past, future):
    dialogues, _, turns = of(lengths)
    window, earlier = turns.window(past, future), turns.past()
    for row, place in enumerate(turns.order):
        speakers = [turn.speaker for turn in dialogues[place].utterances]
        for i in range(max(lengths)):
            for j in range(max(lengths)):
                real = i < len(speakers) and j < len(speakers)
                near = (past is None or j >= i - past) and (future is None or j <= i + future)
                assert window[row, i, j].item() == (real and near)
                assert earlier[row, i, j].item() == (real and j < i)
                assert turns.same_speaker[row, i, j].item() == (real and speakers[i] == speakers[j])


@given(LENGTHS, st.integers(1, 3))
def test_the_turns_of_a_speaker_are_found_in_order(lengths, least):
    dialogues, _, turns = of(lengths)
    expected = []
    for row, place in enumerate(turns.order):
        speakers = [turn.speaker for turn in dialogues[place].utterances]
        own = [[i for i, name in enumerate(speakers) if name == speaker] for speaker in dict.fromkeys(speakers)]
        expected += [[row * max(lengths) + i for i in places] for places in own if len(places) >= least]
    assert [places.tolist() for places in turns.of_speakers(least)] == expected


@pytest.mark.parametrize("network", [nn.LSTM, nn.GRU])
def test_a_recurrence_reads_no_padding(network):
    torch.manual_seed(0)
    own = network(3, 4, num_layers=2, batch_first=True, bidirectional=True).double()
    _, _, turns = of([2, 7, 1, 5])
    together = turns.recurrent(own, turns.states)
    for row, length in enumerate(turns.lengths):
        torch.testing.assert_close(together[row, :length], own(turns.states[row : row + 1, :length])[0][0])


def test_softmax_reads_what_the_mask_shows_and_nothing_else():
    scores = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    mask = torch.tensor([[True, False, True], [False, False, False]])
    weights = masked_softmax(scores, mask)
    torch.testing.assert_close(weights[0, mask[0]], scores[0, mask[0]].softmax(0))
    assert weights[0, 1] == 0
    assert weights[1].tolist() == [0, 0, 0]
    (gradient,) = torch.autograd.grad((weights * torch.tensor([3.0, 7.0, 1.0])).sum(), scores)
    assert gradient[1].tolist() == [0, 0, 0]
    assert gradient[0, 1] == 0
    assert gradient.isfinite().all()
    assert masked_softmax(scores[:, :0], mask[:, :0]).shape == (2, 0)


class Either(Encoder):
    name = "either"
    sees_future = {"trainable": "all"}


def test_options_say_whether_the_future_is_seen():
    assert sees_future(Either)
    assert not sees_future(Either, Either.Options(trainable="none"))
    assert not sees_future(Encoder)


def test_a_property_that_may_tell_everyone_something_else_is_refused():
    class Changing(Encoder):
        name = "changing"

        @property
        def sees_future(self):
            return False

    with pytest.raises(ErcBenchError, match="sees_future of 'changing' is a property"):
        sees_future(Changing)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_sequences_of_turns_are_read_apart(bidirectional):
    torch.manual_seed(0)
    network = nn.LSTM(3, 4, batch_first=True, bidirectional=bidirectional).double()
    padded = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    turns = Turns(padded, (5, 3), (0, 1), torch.tensor([[0, 1, 0, 0, 1], [0, 0, 0, -1, -1]]))
    places = [torch.tensor([1, 4]), torch.tensor([0, 2, 3]), torch.tensor([5, 7])]
    found = turns.recurrent_along(network, padded, places)
    alone = [network(padded.flatten(0, 1)[own][None])[0][0] for own in places]
    for own, states in zip(places, alone, strict=True):
        torch.testing.assert_close(found.flatten(0, 1)[own], states, rtol=0, atol=1e-12)
    assert not found[1, [1, 3, 4]].any()
    one, other = (torch.autograd.grad(s, padded, retain_graph=True)[0] for s in (found.sum(), torch.cat(alone).sum()))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
