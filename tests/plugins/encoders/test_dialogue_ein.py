"""DialogueEIN against its equations, written as loops over turns, heads and neighbours; its size, masks and classes."""

import math

import pytest
import torch
from torch import nn

from erc_bench.contracts.encoder import EncoderBatch, Example
from erc_bench.testing.tiny import tiny_backbone
from erc_bench_plugins.encoders.dialogue_ein import DialogueEin, sinusoids

SMALL = {"layers": 2, "heads": 2, "head_width": 3, "hidden": 7, "window": 1}


def attention_by_loop(attention, asking, offering, near):
    rows = []
    for i, one in enumerate(asking):
        if not near[i]:
            rows.append(torch.zeros_like(one))
            continue
        query, parts = attention.query(one).chunk(attention.heads), []
        keys = [attention.key(offering[j]).chunk(attention.heads) for j in near[i]]
        values = [attention.value(offering[j]).chunk(attention.heads) for j in near[i]]
        for head, asked in enumerate(query):
            scores = [asked @ key[head] / math.sqrt(len(asked)) for key in keys]
            weights = torch.stack(scores).softmax(0)
            parts.append(sum(weight * value[head] for weight, value in zip(weights, values, strict=True)))
        rows.append(attention.out(torch.cat(parts)))
    return torch.stack(rows)


def position(place, width):
    angles = [place / 10000 ** ((unit - unit % 2) / width) for unit in range(width)]
    return torch.tensor(
        [math.cos(a) if unit % 2 else math.sin(a) for unit, a in enumerate(angles)], dtype=torch.float64
    )


def by_loop(encoder, dialogue, states):
    """Return (turns, width + classes): z and the logits."""
    options, speakers = encoder.options, [turn.speaker for turn in dialogue.utterances]
    turns = range(len(states))
    readable = [[j for j in turns if options.direction == "both" or j <= i] for i in turns]
    near = [[j for j in readable[i] if abs(i - j) <= options.window] for i in turns]
    own = [[j for j in readable[i] if speakers[j] == speakers[i]] for i in turns]
    others = [[j for j in readable[i] if speakers[j] != speakers[i]] for i in turns]
    semantic = torch.stack([encoder.narrow(states[i]) + position(i, encoder.dim) for i in turns])
    for layer in encoder.layers:
        semantic = layer.attended(semantic + attention_by_loop(layer.attention, semantic, semantic, readable))
        semantic = layer.fed(semantic + layer.narrow(torch.relu(layer.widen(semantic))))
    emotions = [list(range(len(encoder.emotions)))] * len(states)
    felt = encoder.tendency_norm(semantic + attention_by_loop(encoder.tendency, semantic, encoder.emotions, emotions))
    masks = (readable, near, own, others)
    heard = [attention_by_loop(a, felt, felt, mask) for a, mask in zip(encoder.interactions, masks, strict=True)]
    z = encoder.answer(encoder.joint_norm(encoder.joint(torch.cat(heard, -1)) + semantic))
    return torch.cat([z, torch.stack([torch.stack([row @ emotion for emotion in encoder.emotions]) for row in z])], -1)


def read(encoder, dialogues, states):
    """Return (turns, width + classes): z and the logits."""
    examples = [Example(dialogue, dialogue.targets()) for dialogue in dialogues]
    encoded = encoder(states, EncoderBatch(examples, [len(dialogue.utterances) for dialogue in dialogues]))
    return torch.cat([encoded.z, encoded.logits], -1)


@pytest.mark.parametrize("direction", ["both", "past"])
def test_it_computes_its_equations(invented, direction):
    encoder = invented.network(DialogueEin, 5, direction=direction, **SMALL)
    dialogues = invented.conversations([1, 7, 3, 9])
    states = invented.states_of(dialogues, 5)
    own = states.split([len(dialogue.utterances) for dialogue in dialogues])
    slow = torch.cat([by_loop(encoder, d, s) for d, s in zip(dialogues, own, strict=True)])
    invented.assert_same_gradients(encoder, read(encoder, dialogues, states), slow)


def test_nobody_else_to_listen_to_gives_zeros(invented):
    encoder = invented.network(DialogueEin, 5, **SMALL)
    alone = invented.conversation("a", "AAA")
    states = invented.states_of([alone], 5)
    before = read(encoder, [alone], states)
    with torch.no_grad():
        for parameter in encoder.interactions[3].parameters():
            parameter.mul_(7).add_(1)
    assert torch.equal(read(encoder, [alone], states), before)
    pair = invented.conversation("b", "ABA")
    assert not torch.allclose(read(encoder, [pair], states), before)


@pytest.mark.parametrize(("direction", "reached"), [("both", {0, 1, 2, 3, 4}), ("past", {0, 1, 2})])
def test_a_turn_reads_what_its_direction_says(invented, direction, reached):
    encoder = invented.network(DialogueEin, 5, direction=direction, **SMALL)
    dialogue = invented.conversation("d", "ABCAB")
    states = invented.states_of([dialogue], 5).requires_grad_()
    gradient = torch.autograd.grad(read(encoder, [dialogue], states)[2].square().sum(), states)[0]
    assert {turn for turn in range(5) if gradient[turn].abs().max() > 0} == reached


@pytest.mark.parametrize("place", ["layer", "near", "own", "others"])
def test_a_planted_future_is_seen_by_that_gradient(invented, place, monkeypatch):
    """A mask that is opened anywhere in the causal network reaches later turns: the test above would fail."""
    encoder = invented.network(DialogueEin, 5, direction="past", **SMALL)
    near, own, others = encoder.interactions[1:]
    places = {"layer": encoder.layers[0].attention, "near": near, "own": own, "others": others}
    attention = places[place]
    causal = type(attention).forward

    def opened(self, asking, offering, mask):
        return causal(self, asking, offering, mask | mask.transpose(1, 2) if self is attention else mask)

    monkeypatch.setattr(type(attention), "forward", opened)
    dialogue = invented.conversation("d", "ABABA")
    states = invented.states_of([dialogue], 5).requires_grad_()
    gradient = torch.autograd.grad(read(encoder, [dialogue], states)[1].square().sum(), states)[0]
    assert gradient[2:].abs().max() > 0


def test_speakers_are_the_same_or_others_and_no_more(invented):
    encoder = invented.network(DialogueEin, 5, **SMALL)
    states = invented.states_of([invented.conversation("d", "ABCAB")], 5)
    first, renamed, merged = (
        read(encoder, [invented.conversation("d", names)], states) for names in ("ABCAB", "XYZXY", "ABBAB")
    )
    assert torch.equal(first, renamed)
    assert not torch.allclose(first, merged)


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(("dim", "head_width", "classes"), [(768, 48, 6), (1024, 64, 7)])
def test_it_has_the_parameters_of_its_equations(dim, head_width, classes):
    """The sizes of IEMOCAP and of MELD, part by part; the embeddings are the classifier, so there is no other."""
    backbone = tiny_backbone()
    backbone.model.config.hidden_size = dim
    encoder = DialogueEin(DialogueEin.Options(head_width=head_width), backbone)
    encoder.start([str(label) for label in range(classes)])
    width = 8 * head_width
    attention, norm = size(nn.MultiheadAttention(width, 8)), 2 * width
    expected = {
        "narrow": dim * width + width,
        "layers": 4 * size(nn.TransformerEncoderLayer(width, 8, 2048)),
        "tendency with its norm": attention + norm,
        "interactions": 4 * attention,
        "joint with its norm": 4 * width * width + width + norm,
        "answer": width * width,
        "emotions": classes * width,
    }
    assert size(encoder) - size(backbone.model) == sum(expected.values())
    assert sum(expected.values()) == {6: 12_666_368, 7: 19_704_320}[classes]


def test_there_is_an_embedding_for_each_label_of_the_dataset():
    encoder = DialogueEin(DialogueEin.Options(), tiny_backbone())
    encoder.start(tuple("abcde"))
    assert encoder.emotions.shape == (5, encoder.dim)
    assert any(parameter is encoder.emotions for parameter in encoder.parameter_groups()["head"])


def test_positions_of_an_odd_width_leave_out_the_last_cosine():
    odd, even = sinusoids(torch.arange(3), 5), sinusoids(torch.arange(3), 6)
    assert odd.shape == (3, 5)
    assert torch.equal(odd[:, :2], even[:, :2])
