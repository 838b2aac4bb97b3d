"""MMGCN against its equations, written as loops over gates, nodes and layers; its size and what it reads."""

import math

import pytest
import torch

from erc_bench.contracts.component import needs_backbone, sees_future, wanted_features
from erc_bench.contracts.turns import Turns
from erc_bench.errors import ErcBenchError
from erc_bench.testing.encoders import check_encoder
from erc_bench_plugins.encoders import mmgcn
from erc_bench_plugins.encoders.mmgcn import Mmgcn

DIM = 6
SMALL = {"node_width": 4, "graph_width": 5, "layers": 3, "speakers": 2}
SUBSETS = {
    "text": {},
    "text and audio": {"audio": 4},
    "text and visual": {"visual": 2},
    "text, audio and visual": {"audio": 4, "visual": 2},
    "audio": {"audio": 4},
    "visual": {"visual": 2},
    "audio and visual": {"audio": 4, "visual": 2},
}


def made(invented, modalities="text", dim=DIM, **options):
    given = {**SMALL, **options}
    dim = dim if "text" in modalities else 0
    return invented.network(Mmgcn, dim, feature_dims=SUBSETS[modalities], modalities=modalities, **given)


def drawn(invented, dialogues, modalities):
    """Return the vectors of each feature that a subset of the modalities reads."""
    return {name: invented.states_of(dialogues, dim, seed=len(name)) for name, dim in SUBSETS[modalities].items()}


def lstm_by_loop(lstm, inputs, suffix):
    matrices = [getattr(lstm, f"{name}_{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    state = cell = inputs[0].new_zeros(lstm.hidden_size)
    states = []
    for one in inputs:
        gates = matrices[0] @ one + matrices[2] + matrices[1] @ state + matrices[3]
        enter, forget, new, leave = gates.chunk(4)
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        state = leave.sigmoid() * cell.tanh()
        states.append(state)
    return states


def text_by_loop(encoder, dialogue, states):
    read = [encoder.text(state) for state in states]
    for layer in range(2):
        forwards = lstm_by_loop(encoder.lstm, read, f"l{layer}")
        if encoder.options.direction == "both":
            behind = lstm_by_loop(encoder.lstm, read[::-1], f"l{layer}_reverse")[::-1]
            forwards = [torch.cat(pair) for pair in zip(forwards, behind, strict=True)]
        read = forwards
    speakers = [turn.speaker for turn in dialogue.utterances]
    order = list(dict.fromkeys(speakers))
    number = [min(order.index(speaker), encoder.options.speakers - 1) for speaker in speakers]
    return [state + encoder.speaking.weight[own] for state, own in zip(read, number, strict=True)]


def similarity(one, other):
    cosine = one @ other / (one.norm() * other.norm())
    return 1 - torch.arccos(0.99999 * cosine) / math.pi


def by_loop(encoder, dialogue, states, features):
    """Return (turns, dim) of one dialogue; features: by name (turns, width)."""
    text = text_by_loop(encoder, dialogue, states) if encoder.state_dim else []
    nodes = {("text", turn): node for turn, node in enumerate(text)}
    for name, vectors in features.items():
        nodes |= {(name, turn): encoder.narrow[name](vector) for turn, vector in enumerate(vectors)}
    past = encoder.options.direction == "past"
    weight, degree = {}, {}
    for own in nodes:
        for other in nodes:
            if (own[0] == other[0] and not (past and other[1] > own[1])) or own[1] == other[1]:
                weight[own, other] = similarity(nodes[own], nodes[other])
        degree[own] = sum(value for pair, value in weight.items() if pair[0] == own)
    graph = encoder.graph
    first = {node: torch.relu(graph.first(x)) for node, x in nodes.items()}
    hidden = first
    for number, layer in enumerate(graph.layers, 1):
        beta, sent = math.log(0.5 / number + 1), {}
        for own in nodes:
            heard = [pair for pair in weight if pair[0] == own]
            sent[own] = sum(weight[i, j] / (degree[i] * degree[j]).sqrt() * hidden[j] for i, j in heard)
        hidden = {
            node: torch.relu(
                beta * (layer.weight @ torch.cat([sent[node], first[node]]))
                + (1 - beta) * (0.9 * sent[node] + 0.1 * first[node])
            )
            for node in nodes
        }
    kinds = [*(["text"] if text else []), *sorted(features)]
    rows = [
        torch.cat([part for kind in kinds for part in (nodes[kind, turn], hidden[kind, turn])])
        for turn in range(len(states))
    ]
    return torch.relu(torch.stack(rows))


@pytest.mark.parametrize("direction", ["both", "past"])
@pytest.mark.parametrize("modalities", SUBSETS)
def test_it_computes_its_equations(invented, modalities, direction):
    encoder, lengths = made(invented, modalities, direction=direction), [1, 6, 3, 7]
    dialogues = invented.conversations(lengths)
    states, features = invented.states_of(dialogues, encoder.state_dim), drawn(invented, dialogues, modalities)
    own = [{name: vectors.split(lengths)[place] for name, vectors in features.items()} for place in range(len(lengths))]
    given = zip(dialogues, states.split(lengths), own, strict=True)
    slow = torch.cat([by_loop(encoder, *each) for each in given])
    # No ReLU hides a part of it: the last layer's matrix and the similarities matter.
    assert torch.autograd.grad(slow.sum(), encoder.graph.layers[-1].weight, retain_graph=True)[0].any()
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


def test_an_lstm_that_runs_over_padding_would_show(invented, monkeypatch):
    encoder = made(invented)
    dialogues = invented.conversations([2, 9])
    states = invented.states_of(dialogues, DIM)
    before = invented.read(encoder, dialogues, states)
    monkeypatch.setattr(Turns, "recurrent", lambda self, network, padded: network(padded)[0])
    assert not torch.allclose(invented.read(encoder, dialogues, states)[:2], before[:2])


def test_edges_to_padding_would_show(invented, monkeypatch):
    encoder = made(invented)
    dialogues = invented.conversations([2, 9])
    states = invented.states_of(dialogues, DIM)
    before = invented.read(encoder, dialogues, states)
    masked = mmgcn.propagation
    monkeypatch.setattr(mmgcn, "propagation", lambda nodes, sends: masked(nodes, torch.ones_like(sends)))
    after = invented.read(encoder, dialogues, states)
    assert not torch.allclose(after[:2], before[:2])
    torch.testing.assert_close(after[2:], before[2:])


def read_from(invented, encoder, place):
    """Return the turns of five that the representation of one of them depends on, text and audio alike."""
    dialogue = invented.conversation("d", "ABCAB")
    inputs = [invented.states_of([dialogue], dim, seed=dim).requires_grad_() for dim in (DIM, 4)]
    read = invented.read(encoder, [dialogue], inputs[0], {"audio": inputs[1]})[place].square().sum()
    gradients = torch.autograd.grad(read, inputs)
    return [{turn for turn in range(5) if gradient[turn].abs().max() > 0} for gradient in gradients]


@pytest.mark.parametrize(("direction", "reached"), [("both", {0, 1, 2, 3, 4}), ("past", {0, 1, 2})])
def test_a_turn_reads_what_its_direction_says(invented, direction, reached):
    assert read_from(invented, made(invented, "text and audio", direction=direction), 2) == [reached, reached]


def test_a_planted_future_is_seen_by_that_gradient(invented, monkeypatch):
    encoder = made(invented, "text and audio", direction="past")
    causal = mmgcn.edges
    monkeypatch.setattr(mmgcn, "edges", lambda turns, modalities, direction: causal(turns, modalities, "both"))
    assert read_from(invented, encoder, 2) == [{0, 1, 2, 3, 4}] * 2


def test_degrees_that_count_later_turns_would_show(invented, monkeypatch):
    """Sums over the turns that a turn sends to would tell an earlier turn of later ones."""
    encoder = made(invented, "text and audio", direction="past")

    def by_column(nodes, sends):
        given = mmgcn.F.normalize(nodes, dim=-1)
        weights = (1 - torch.arccos(0.99999 * given @ given.transpose(1, 2)) / math.pi).masked_fill(~sends, 0)
        return weights * weights.sum(1).rsqrt()[:, None, :]

    monkeypatch.setattr(mmgcn, "propagation", by_column)
    assert read_from(invented, encoder, 2) != [{0, 1, 2}] * 2


def test_modalities_meet_at_the_same_turn_alone(invented):
    dialogue = invented.conversation("d", "ABA")
    turns = Turns.of(invented.states_of([dialogue], DIM), [dialogue])
    eye, whole = torch.eye(3, dtype=torch.bool), torch.ones(3, 3, dtype=torch.bool)
    assert torch.equal(
        mmgcn.edges(turns, 2, "both")[0], torch.cat([torch.cat([whole, eye], 1), torch.cat([eye, whole], 1)])
    )
    assert torch.equal(mmgcn.edges(turns, 1, "past")[0], whole.tril())


def test_further_speakers_share_an_embedding(invented):
    encoder = made(invented)
    states = invented.states_of([invented.conversation("d", "ABCABC")], DIM)
    named = ("ABCABC", "ABBABB", "AAAAAA")
    three, two, one = (invented.read(encoder, [invented.conversation("d", names)], states) for names in named)
    assert torch.equal(three, two)
    assert not torch.equal(three, one)


@pytest.mark.parametrize("modalities", SUBSETS)
def test_options_say_what_it_reads(modalities):
    options = Mmgcn.Options(modalities=modalities)
    assert wanted_features(Mmgcn, options) == tuple(SUBSETS[modalities])
    assert needs_backbone(Mmgcn, options) == ("text" in modalities)


def test_text_alone_is_the_default_and_needs_no_file():
    assert wanted_features(Mmgcn) == ()
    assert sees_future(Mmgcn)
    assert not sees_future(Mmgcn, Mmgcn.Options(direction="past"))


@pytest.mark.parametrize(("direction", "directions"), [("both", 2), ("past", 1)])
@pytest.mark.parametrize("dims", [{}, {"audio": 1582, "visual": 342}], ids=["text", "all"])
def test_it_has_the_parameters_of_its_equations(invented, dims, direction, directions):
    """IEMOCAP, six emotions, two speakers: 100 numbers of text, 1582 of audio and 342 of faces."""
    modalities = "text, audio and visual" if dims else "text"
    encoder = invented.network(Mmgcn, 100, feature_dims=dims, modalities=modalities, direction=direction, speakers=2)
    cells = 200 // directions
    size = {
        "linear layers": sum((dim + 1) * 200 for dim in (100, *dims.values())),
        "LSTM": 2 * directions * 4 * cells * (200 + cells + 2),
        "speakers": 2 * 200,
        "into the graph": (200 + 1) * 100,
        "graph": 64 * 2 * 100 * 100,
        "head": ((1 + len(dims)) * 300 + 1) * 6,
    }
    assert invented.parameters_with_head(encoder, 6) == sum(size.values())
    assert encoder.dim == 300 * (1 + len(dims))


def test_dropout_is_drawn_in_training_alone(invented):
    encoder = made(invented)
    dialogues = invented.conversations([5])
    states = invented.states_of(dialogues, DIM)
    assert torch.equal(invented.read(encoder, dialogues, states), invented.read(encoder, dialogues, states))
    encoder.train()
    assert not torch.equal(invented.read(encoder, dialogues, states), invented.read(encoder, dialogues, states))


def test_equal_nodes_and_nodes_of_zeros_have_gradients(invented):
    dialogue = invented.conversation("d", "AAA")
    turns = Turns.of(invented.states_of([dialogue], DIM), [dialogue])
    for nodes in (torch.ones(1, 3, 4, dtype=torch.float64), torch.zeros(1, 3, 4, dtype=torch.float64)):
        nodes.requires_grad_()
        (gradient,) = torch.autograd.grad(mmgcn.propagation(nodes, mmgcn.edges(turns, 1, "both")).square().sum(), nodes)
        assert gradient.isfinite().all()


def test_an_odd_width_of_nodes_is_refused(invented):
    with pytest.raises(ErcBenchError, match=r"encoder\.node_width=5 is odd"):
        made(invented, node_width=5)


CHECKED = [{"direction": "past"}, {"modalities": "text and visual"}, {"modalities": "text, audio and visual"}]


@pytest.mark.parametrize("options", CHECKED, ids=str)
def test_it_passes_every_check(options):
    check_encoder(Mmgcn, Mmgcn.Options(**options))


class Unpacked(Mmgcn):
    """MMGCN whose LSTM runs over padding, as the public code does."""

    def encode_turns(self, turns):
        return super().encode_turns(_Unpacked(**vars(turns)))


class _Unpacked(Turns):
    def recurrent(self, network, padded):
        return network(padded)[0]


class Peeking(Mmgcn):
    """MMGCN of the past that hears the audio of the next turn."""

    def encode_turns(self, turns):
        audio = turns.features["audio"].roll(-1, 1)
        return super().encode_turns(Turns(turns.states, turns.lengths, turns.order, turns.speakers, {"audio": audio}))


@pytest.mark.parametrize(
    ("leaking", "options", "check"),
    [
        (Unpacked, {}, "neighbours"),
        (Peeking, {"modalities": "text and audio", "direction": "past"}, "future"),
    ],
)
def test_a_planted_leak_fails_its_check(leaking, options, check):
    with pytest.raises(AssertionError, match=check):
        check_encoder(leaking, leaking.Options(**options))
