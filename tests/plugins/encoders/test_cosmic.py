"""COSMIC against its equations, written as loops over turns and speakers."""

import pytest
import torch

from erc_bench.contracts.component import sees_future, wanted_features
from erc_bench.errors import ErcBenchError
from erc_bench.testing.encoders import check_encoder
from erc_bench_plugins.encoders.cosmic import Cosmic

DIM, RELATION = 6, 4
SMALL = {"hidden": 5, "state_width": 3, "emotion_width": 7, "feature_dims": {"commonsense": 5 * RELATION}}


def cell(module, *given, state):
    return module(torch.cat(given)[None], state[None])[0]


def history(cells, said, earlier):
    if not earlier:
        return torch.zeros(cells.width, dtype=said.dtype)
    if cells.simple:
        scores = [cells.attention(g)[0] for g in earlier]
    else:
        scores = [torch.tanh(g @ cells.attention(said)) for g in earlier]
    weights = torch.stack(scores).softmax(0)
    return sum(weight * g for weight, g in zip(weights, earlier, strict=True))


def direction(cells, states, knowledge, speakers):
    """Return the emotions of a dialogue that is read in one direction."""
    zero = torch.zeros(cells.width, dtype=states.dtype)
    internal, external, intent = (dict.fromkeys(speakers, zero) for _ in range(3))
    whole, emotion = zero, torch.zeros(cells.emotion_cell.hidden_size, dtype=states.dtype)
    earlier, emotions = [], []
    for said, known, speaker in zip(states, knowledge, speakers, strict=True):
        effect, reaction, intention, others_effect, others_reaction = known.reshape(5, -1)
        before = internal[speaker], external[speaker]
        whole = cell(cells.global_cell, said, *before, state=whole)
        context = history(cells, said, earlier)
        now_external = cell(cells.external_cell, said, reaction, context, state=before[1])
        now_internal = cell(cells.internal_cell, effect, context, state=before[0])
        for other in internal:
            if other != speaker and cells.listeners:
                external[other] = cell(
                    cells.external_listener, said, others_reaction, now_external, state=external[other]
                )
                internal[other] = cell(cells.internal_listener, others_effect, now_internal, state=internal[other])
        internal[speaker], external[speaker] = now_internal, now_external
        intent[speaker] = cell(cells.intent_cell, intention, now_internal, state=intent[speaker])
        emotion = cell(cells.emotion_cell, said, now_internal, now_external, intent[speaker], state=emotion)
        emotions.append(emotion)
        earlier.append(whole)
    return torch.stack(emotions)


def by_loop(encoder, dialogue, states, knowledge):
    options, speakers = encoder.options, [turn.speaker for turn in dialogue.utterances]
    r = encoder.inward(states)
    emotions = direction(encoder.forwards, r, knowledge, speakers)
    if options.direction == "both":
        behind = direction(encoder.backwards, r.flip(0), knowledge.flip(0), speakers[::-1]).flip(0)
        emotions = torch.cat([emotions, behind], -1)
        if options.final_attention:
            attended = []
            for emotion in emotions:
                weights = torch.stack([torch.tanh(e @ encoder.attention(emotion)) for e in emotions]).softmax(0)
                attended.append(sum(weight * e for weight, e in zip(weights, emotions, strict=True)))
            emotions = torch.stack(attended)
    hidden = torch.relu(encoder.outward(emotions))
    return hidden + r if options.residual else hidden


def drawn(invented, dialogues, width):
    return invented.states_of(dialogues, width, seed=5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"attention": "general2", "final_attention": True},
        {"residual": True, "listeners": False},
        {"direction": "past", "attention": "general2", "final_attention": True},
        {"commonsense": False, "feature_dims": {}},
    ],
)
def test_it_computes_its_equations(invented, options):
    asked = {**SMALL, **options}
    width = asked["feature_dims"].get("commonsense", 0)
    encoder = invented.network(Cosmic, DIM, **asked)
    dialogues = invented.conversations([1, 7, 3, 12])
    states, knowledge = invented.states_of(dialogues, DIM), drawn(invented, dialogues, width)
    counts = [len(dialogue.utterances) for dialogue in dialogues]
    own = zip(dialogues, states.split(counts), knowledge.split(counts), strict=True)
    slow = torch.cat([by_loop(encoder, *each) for each in own])
    fast = invented.read(encoder, dialogues, states, {"commonsense": knowledge} if width else {})
    invented.assert_same_gradients(encoder, fast, slow)


def test_every_relation_moves_what_the_paper_says(invented):
    encoder = invented.network(Cosmic, DIM, direction="past", **SMALL)
    dialogues = [invented.conversation("d", "ABA")]
    states, knowledge = invented.states_of(dialogues, DIM), drawn(invented, dialogues, 5 * RELATION)
    before = invented.read(encoder, dialogues, states, {"commonsense": knowledge})
    moved = []
    for relation in range(5):
        other = knowledge.clone()
        other[0, RELATION * relation : RELATION * (relation + 1)] += 1
        after = invented.read(encoder, dialogues, states, {"commonsense": other})
        moved.append([not torch.equal(one, two) for one, two in zip(before, after, strict=True)])
    # What a turn does to its speaker shows at once, what it does to others when they speak.
    assert moved == [[True, True, True]] * 3 + [[False, True, True]] * 2


def gru(given, width):
    return 3 * width * (given + width + 2)


def test_it_has_the_parameters_of_the_published_sizes(invented):
    """MELD: RoBERTa-large, five vectors of 768, 7 emotions; without the parts of the authors' model that never run."""
    encoder = invented.network(Cosmic, 1024, feature_dims={"commonsense": 3840})
    one_direction = (
        gru(100 + 300, 150)  # global
        + 2 * gru(100 + 768 + 150, 150)  # external, of who speaks and who listens
        + 2 * gru(768 + 150, 150)  # internal
        + gru(768 + 150, 150)  # intent
        + gru(100 + 450, 450)  # emotion
        + 150  # attention
    )
    expected = (1024 + 1) * 100 + 2 * one_direction + (900 + 1) * 100 + (100 + 1) * 7
    assert invented.parameters_with_head(encoder, 7) == expected == 8_390_807


def test_dropout_inside_the_recurrence_reaches_later_turns(invented):
    options = {**SMALL, "direction": "past", "state_dropout": 0.5, "hidden_dropout": 0.0}
    encoder = invented.network(Cosmic, DIM, **options)
    dialogues = invented.conversations([8])
    given = invented.states_of(dialogues, DIM), {"commonsense": drawn(invented, dialogues, 5 * RELATION)}
    still = invented.read(encoder, dialogues, *given)
    encoder.train()
    assert not torch.allclose(still[-1], invented.read(encoder, dialogues, *given)[-1])


def test_a_width_that_is_no_five_vectors_is_refused(invented):
    with pytest.raises(ErcBenchError, match="has 768 numbers for each utterance, which are no five vectors"):
        invented.network(Cosmic, DIM, feature_dims={"commonsense": 768})


def test_options_say_what_it_reads():
    assert wanted_features(Cosmic) == ("commonsense",)
    assert wanted_features(Cosmic, Cosmic.Options(commonsense=False)) == ()
    assert sees_future(Cosmic)
    assert not sees_future(Cosmic, Cosmic.Options(direction="past"))


@pytest.mark.parametrize("options", [{"direction": "past"}, {"final_attention": True}, {"commonsense": False}])
def test_it_passes_every_check(options):
    check_encoder(Cosmic, Cosmic.Options(**options))
