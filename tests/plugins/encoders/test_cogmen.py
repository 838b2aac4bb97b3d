"""COGMEN against its equations, written as loops over turns, heads and relations; its size and what it reads."""

import math

import pytest
import torch

from erc_bench.contracts.attention import MaskedTransformerLayer
from erc_bench.contracts.component import needs_backbone, sees_future, wanted_features
from erc_bench.contracts.turns import Turns
from erc_bench.errors import ErcBenchError
from erc_bench.testing.encoders import check_encoder
from erc_bench_plugins.encoders import cogmen
from erc_bench_plugins.encoders.cogmen import Cogmen, published_heads

DIM = 6
SMALL = {"heads": 2, "feed_forward": 7, "width": 5, "window": 2, "speakers": 2}
SUBSETS = {
    "text": {},
    "text and audio": {"audio": 4},
    "text and visual": {"visual": 2},
    "text, audio and visual": {"audio": 4, "visual": 2},
    "audio": {"audio": 4},
    "visual": {"visual": 2},
    "audio and visual": {"audio": 4, "visual": 2},
}


def made(invented, modalities="text", seed=0, dim=DIM, **options):
    given = {**SMALL, **options}
    dim = dim if "text" in modalities else 0
    return invented.network(Cogmen, dim, seed, feature_dims=SUBSETS[modalities], modalities=modalities, **given)


def drawn(invented, dialogues, modalities):
    """Return the vectors of each feature that a subset of the modalities reads."""
    return {name: invented.states_of(dialogues, dim, seed=len(name)) for name, dim in SUBSETS[modalities].items()}


def norm_by_loop(norm, state):
    centred = state - state.mean()
    return centred / (centred.square().mean() + norm.eps).sqrt() * norm.weight + norm.bias


def transformer_by_loop(layer, states, readable):
    rows = []
    for i, state in enumerate(states):
        parts = []
        for head, asked in enumerate(layer.attention.query(state).chunk(layer.attention.heads)):
            keys = [layer.attention.key(states[j]).chunk(layer.attention.heads)[head] for j in readable[i]]
            values = [layer.attention.value(states[j]).chunk(layer.attention.heads)[head] for j in readable[i]]
            weights = torch.stack([asked @ key / math.sqrt(len(asked)) for key in keys]).softmax(0)
            parts.append(sum(weight * value for weight, value in zip(weights, values, strict=True)))
        heard = norm_by_loop(layer.attended, state + layer.attention.out(torch.cat(parts)))
        fed = layer.narrow(torch.relu(layer.widen(heard)))
        rows.append(norm_by_loop(layer.fed, heard + fed))
    return rows


def convolution_by_loop(module, states, near, speakers):
    order = list(dict.fromkeys(speakers))
    number = [min(order.index(speaker), module.speakers - 1) for speaker in speakers]
    rows = []
    for i, state in enumerate(states):
        sums = module.itself(state)
        of_relation = {}
        for j in near[i]:
            relation = (number[i] * module.speakers + number[j]) * 2 + (1 if j <= i else 0)
            of_relation.setdefault(relation, []).append(states[j])
        for relation, senders in of_relation.items():
            sums = sums + sum(sent @ module.matrices[relation] for sent in senders) / len(senders)
        rows.append(sums)
    return rows


def attention_by_loop(module, states, near):
    rows = []
    for i, state in enumerate(states):
        asked = module.query(state)
        scores = torch.stack([asked @ module.key(states[j]) / math.sqrt(len(asked)) for j in near[i]])
        sent = zip(scores.softmax(0), near[i], strict=True)
        rows.append(module.itself(state) + sum(weight * module.value(states[j]) for weight, j in sent))
    return rows


def before_the_norm(encoder, dialogue, read):
    """Return what reaches batch normalisation: one vector of each turn; read: (turns, all modalities)."""
    both, window, turns = encoder.options.direction == "both", encoder.options.window, range(len(read))
    readable = [[j for j in turns if both or j <= i] for i in turns]
    near = [[j for j in turns if i - window <= j <= (i + window if both else i)] for i in turns]
    states = list(read)
    for layer in encoder.layers:
        states = transformer_by_loop(layer, states, readable)
    states = [encoder.narrow(state) for state in states]
    speakers = [turn.speaker for turn in dialogue.utterances]
    return attention_by_loop(encoder.attention, convolution_by_loop(encoder.relational, states, near, speakers), near)


def by_loop(encoder, dialogues, read, training):
    """read: of each dialogue (turns, all modalities) → (turns of all dialogues, width)."""
    own = zip(dialogues, read, strict=True)
    turns = torch.stack([state for dialogue, given in own for state in before_the_norm(encoder, dialogue, given)])
    norm, rows = encoder.norm, []
    mean = turns.mean(0) if training else norm.running_mean
    variance = (turns - mean).square().mean(0) if training else norm.running_var
    for state in turns:
        normalised = (state - mean) / (variance + norm.eps).sqrt() * norm.weight + norm.bias
        leaky = torch.where(normalised > 0, normalised, 0.01 * normalised)
        rows.append(torch.relu(encoder.hidden(leaky)))
    return torch.stack(rows)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("direction", ["both", "past"])
@pytest.mark.parametrize("modalities", SUBSETS)
def test_it_computes_its_equations(invented, modalities, direction, training):
    encoder = made(invented, modalities, direction=direction, dropout=0.0)
    encoder.norm.running_mean.normal_()
    encoder.norm.running_var.uniform_(0.5, 2)
    encoder.train(training)
    lengths = [1, 7, 3, 9]
    dialogues = invented.conversations(lengths)
    states, features = invented.states_of(dialogues, encoder.state_dim), drawn(invented, dialogues, modalities)
    read = torch.cat([states, *(features[name] for name in sorted(features))], -1).split(lengths)
    slow = by_loop(encoder, dialogues, read, training)
    assert torch.autograd.grad(slow.sum(), encoder.relational.matrices, retain_graph=True)[0].any()
    invented.assert_same_gradients(encoder, invented.read(encoder, dialogues, states, features), slow)


@pytest.mark.parametrize("direction", ["both", "past"])
def test_a_dialogue_is_read_alike_whatever_its_batch(invented, direction):
    encoder, lengths = made(invented, "text and audio", direction=direction), [2, 9, 1, 4]
    dialogues = invented.conversations(lengths)
    states, features = invented.states_of(dialogues, DIM), drawn(invented, dialogues, "text and audio")
    together = invented.read(encoder, dialogues, states, features).split(lengths)
    audio = features["audio"].split(lengths)
    for dialogue, own, heard, read in zip(dialogues, states.split(lengths), audio, together, strict=True):
        alone = invented.read(encoder, [dialogue], own, {"audio": heard})
        torch.testing.assert_close(alone, read, rtol=0, atol=1e-12)


def test_attention_without_a_padding_mask_would_show(invented, monkeypatch):
    encoder = made(invented)
    dialogues = invented.conversations([2, 9])
    states = invented.states_of(dialogues, DIM)
    before = invented.read(encoder, dialogues, states)
    masked = MaskedTransformerLayer.forward
    leaking = lambda self, states, mask: masked(self, states, torch.ones_like(mask))  # noqa: E731
    monkeypatch.setattr(MaskedTransformerLayer, "forward", leaking)
    after = invented.read(encoder, dialogues, states)
    assert not torch.allclose(after[:2], before[:2])
    torch.testing.assert_close(after[2:], before[2:])


def test_the_statistics_of_training_count_no_padding(invented):
    encoder = made(invented, dropout=0.0).train()
    lengths = [1, 12, 2]
    dialogues = invented.conversations(lengths)
    states = invented.states_of(dialogues, DIM)
    invented.read(encoder, dialogues, states)
    own = zip(dialogues, states.split(lengths), strict=True)
    turns = torch.stack([state for dialogue, given in own for state in before_the_norm(encoder, dialogue, given)])
    torch.testing.assert_close(encoder.norm.running_mean, 0.1 * turns.mean(0))


def test_one_turn_in_training_is_read_by_the_statistics_of_those_before(invented):
    encoder = made(invented, dropout=0.0)
    dialogues = invented.conversations([1])
    states = invented.states_of(dialogues, DIM)
    expected = invented.read(encoder, dialogues, states)
    torch.testing.assert_close(invented.read(encoder.train(), dialogues, states), expected)


def test_words_are_read_by_the_statistics_of_turns_and_leave_them_alone(invented):
    encoder = made(invented, dropout=0.0)
    words = torch.randn(4, DIM, dtype=torch.float64)
    expected = encoder.represent_words(words)
    encoder.train()
    torch.testing.assert_close(encoder.represent_words(words), expected)
    assert not encoder.norm.running_mean.any()
    assert encoder.norm.training


def read_from(invented, encoder, place, turns=9):
    """Return the turns of a dialogue that the representation of one of them depends on."""
    dialogue = invented.conversation("d", "ABCABCABC"[:turns])
    states = invented.states_of([dialogue], DIM).requires_grad_()
    read = invented.read(encoder, [dialogue], states)[place].square().sum()
    gradient = torch.autograd.grad(read, states)[0]
    return {turn for turn in range(turns) if gradient[turn].abs().max() > 0}


@pytest.mark.parametrize(("direction", "reached"), [("both", set(range(9))), ("past", set(range(5)))])
def test_a_turn_reads_what_its_direction_says(invented, direction, reached):
    assert read_from(invented, made(invented, direction=direction), 4) == reached


@pytest.mark.parametrize(
    "module",
    [MaskedTransformerLayer, cogmen.RelationalConvolution, cogmen.GraphAttention],
    ids=lambda each: each.__name__,
)
def test_a_planted_future_is_seen_by_that_gradient(invented, monkeypatch, module):
    encoder = made(invented, direction="past")
    causal = module.forward
    opened = lambda self, states, mask, *given: causal(self, states, mask | mask.transpose(1, 2), *given)  # noqa: E731
    monkeypatch.setattr(module, "forward", opened)
    assert read_from(invented, encoder, 4) > set(range(5))


@pytest.mark.parametrize(("direction", "heard"), [("both", {1, 2, 3, 4, 5, 6, 7}), ("past", {1, 2, 3, 4})])
def test_the_graph_alone_reaches_no_further_than_its_window(invented, monkeypatch, direction, heard):
    encoder = made(invented, direction=direction, window=3)
    monkeypatch.setattr(MaskedTransformerLayer, "forward", lambda self, states, mask: states)
    monkeypatch.setattr(cogmen.GraphAttention, "forward", lambda self, states, mask: states)
    assert read_from(invented, encoder, 4) == heard


def test_messages_run_from_the_neighbours_to_the_turn(invented):
    """The matrix of (first speaker hears the second, earlier) moves turns of the first speaker, and no other."""
    encoder = made(invented, direction="past", window=1)
    dialogue = invented.conversation("d", "AABA")
    states = invented.states_of([dialogue], DIM)
    turns = Turns.of(states, [dialogue])
    near, given = turns.window(1, 0), torch.randn(1, 4, 5, dtype=torch.float64)
    before = encoder.relational(given, near, turns)
    with torch.no_grad():
        encoder.relational.matrices[(0 * 2 + 1) * 2 + 1] += 1
    moved = (encoder.relational(given, near, turns) - before).abs().amax(-1)[0] > 0
    assert moved.tolist() == [False, False, False, True]


def test_further_speakers_count_as_the_last(invented):
    encoder = made(invented, speakers=2)
    states = invented.states_of([invented.conversation("d", "ABCABC")], DIM)
    three, two = (invented.read(encoder, [invented.conversation("d", names)], states) for names in ("ABCABC", "ABBABB"))
    assert torch.equal(three, two)


@pytest.mark.parametrize("modalities", SUBSETS)
def test_options_say_what_it_reads(modalities):
    options = Cogmen.Options(modalities=modalities)
    assert wanted_features(Cogmen, options) == tuple(SUBSETS[modalities])
    assert needs_backbone(Cogmen, options) == ("text" in modalities)


def test_text_alone_is_the_default_and_needs_no_file():
    assert wanted_features(Cogmen) == ()
    assert sees_future(Cogmen)
    assert not sees_future(Cogmen, Cogmen.Options(direction="past"))


@pytest.mark.parametrize(
    ("width", "heads"), [(768, 8), (1380, 10), (384, 8), (1024, 8), (77, 7), (10, 10), (9, 9), (17, 1)]
)
def test_heads_divide_the_width_as_published(width, heads):
    assert published_heads(width) == heads


def test_heads_that_do_not_divide_the_width_are_refused(invented):
    with pytest.raises(ErcBenchError, match=r"encoder\.heads=4 does not divide the 6 numbers that are read of a turn"):
        made(invented, heads=4)


@pytest.mark.parametrize("dims", [{}, {"audio": 100, "visual": 512}])
def test_it_has_the_parameters_of_its_equations(invented, dims):
    """IEMOCAP, six emotions: 768 numbers of text, 612 of audio and faces."""
    modalities = "text, audio and visual" if dims else "text"
    encoder = invented.network(Cogmen, 768, feature_dims=dims, modalities=modalities)
    read = 768 + sum(dims.values())
    layer = 4 * (read * read + read) + (read + 1) * 2048 + (2048 + 1) * read + 2 * 2 * read
    size = {
        "transformer": 2 * layer,
        "narrow": (read + 1) * 100,
        "relations": 2 * 2**2 * 100 * 100 + (100 + 1) * 100,
        "attention": 4 * (100 + 1) * 100,
        "norm": 2 * 100,
        "hidden": (100 + 1) * 100,
        "head": (100 + 1) * 6,
    }
    assert invented.parameters_with_head(encoder, 6) == sum(size.values())
    assert encoder.layers[0].attention.heads == (10 if dims else 8)


def test_dropout_is_drawn_in_training_alone(invented):
    encoder = made(invented)
    encoder.norm.eval()
    dialogues = invented.conversations([5])
    states = invented.states_of(dialogues, DIM)
    assert torch.equal(invented.read(encoder, dialogues, states), invented.read(encoder, dialogues, states))
    encoder.train()
    encoder.norm.eval()
    assert not torch.equal(invented.read(encoder, dialogues, states), invented.read(encoder, dialogues, states))


@pytest.mark.parametrize(
    "options",
    [{"direction": "past"}, {"modalities": "text and visual"}, {"modalities": "text, audio and visual"}],
    ids=str,
)
def test_it_passes_every_check(options):
    check_encoder(Cogmen, Cogmen.Options(**options))


class Unmasked(Cogmen):
    """COGMEN whose transformer attends to padding, as the public code does."""

    def encode_turns(self, turns):
        whole = Turns(turns.states, turns.lengths, turns.order, turns.speakers.clamp(min=0), turns.features)
        return super().encode_turns(whole)


class Peeking(Cogmen):
    """COGMEN of the past that hears the audio of the next turn."""

    def encode_turns(self, turns):
        audio = turns.features["audio"].roll(-1, 1)
        return super().encode_turns(Turns(turns.states, turns.lengths, turns.order, turns.speakers, {"audio": audio}))


@pytest.mark.parametrize(
    ("leaking", "options", "check"),
    [
        (Unmasked, {}, "neighbours"),
        (Peeking, {"modalities": "text and audio", "direction": "past"}, "future"),
    ],
)
def test_a_planted_leak_fails_its_check(leaking, options, check):
    with pytest.raises(AssertionError, match=check):
        check_encoder(leaking, leaking.Options(**options))
