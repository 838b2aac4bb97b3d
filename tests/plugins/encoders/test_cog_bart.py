"""CoG-BART against its equations: rows one at a time, attention as loops, the next turn token by token, in float64."""

import logging
import math
from dataclasses import replace
from random import Random

import pytest
import torch
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.testing.encoders import check_encoder, encoder_findings
from erc_bench.testing.tiny import tiny_backbone
from erc_bench_plugins.encoders.cog_bart import CogBart
from erc_bench_plugins.methods.cog_bart import cog_bart, cog_bart_causal

BART = {"model_type": "bart"}
SMALL = {"turns": 3, "hidden": 7, "width": 5, "heads": 2}
WITHOUT_DROPOUT = {"dropout": 0.0, "narrow_dropout": 0.0}


def told(name, lines, skipped=()):
    """Return a dialogue of two speakers; the turns at the places ``skipped`` are not scored."""
    turns = [erc.Utterance("AB"[i % 2], text, scored=i not in skipped) for i, text in enumerate(lines)]
    return erc.Dialogue(name, tuple(turns))


DIALOGUES = (
    told("long", ("Hello there!", "Go away.", "Why me again?", "Who is it", "Me.", "Oh no, no, no!", "Yes.")),
    told("alone", ("Nobody is here, and nobody will come.",)),
    told("partly", ("Hm.", "What is it?", "The phone rang twice.", "And?", "Nobody answered it."), skipped=(0, 3)),
)


@pytest.fixture
def build():
    """Make an encoder around the tiny BART in float64 and evaluation mode."""

    def built(encoder_class=CogBart, architecture=BART, **options):
        torch.manual_seed(0)
        return encoder_class(CogBart.Options(**SMALL | options), tiny_backbone(architecture)).double().eval()

    return built


def states_of(encoder, examples):
    """Return (utterances, dim): each row alone through the language model, its largest values."""
    found = []
    for row in (row for example in examples for row in encoder.rows(example)):
        assert (row.pool, list(row.positions)) == ("max", list(range(len(row.ids))))
        found.append(token_states(encoder, row.ids).amax(0))
    return torch.stack(found)


def token_states(encoder, asked, written=None):
    """Return (tokens, dim): the decoder's states where it writes ``written``, which is what was asked by default."""
    model, written = encoder.language_model, list(asked if written is None else written)
    start = model.config.decoder_start_token_id
    return model(
        input_ids=torch.tensor([asked]), decoder_input_ids=torch.tensor([[start, *written[:-1]]])
    ).last_hidden_state[0]


def one_batch(encoder, dialogues, states=None):
    """Return what the encoder gives for all chunks of dialogues in one batch."""
    examples = encoder.examples(dialogues, encoder.training, Random(0))
    given = states_of(encoder, examples) if states is None else states
    return encoder(given, erc.EncoderBatch(examples, [len(example.targets) for example in examples]))


def chunks_by_loop(dialogue, turns):
    chunk = []
    for turn in dialogue.utterances:
        if turn.scored:
            chunk.append(turn)
            if len(chunk) == turns:
                yield chunk
                chunk = []
    if chunk:
        yield chunk


def norm_by_loop(norm, values):
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    return (values - mean) / torch.sqrt(variance + norm.eps) * norm.weight + norm.bias


def gelu(values):
    return values * (1 + torch.erf(values / math.sqrt(2))) / 2


def attention_by_loop(attention, inputs, readable):
    queries, keys, values = (
        [weight @ each + bias for each in inputs]
        for weight, bias in zip(attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3), strict=True)
    )
    found = []
    for i, query in enumerate(queries):
        parts = []
        for head, asked in enumerate(query.chunk(attention.num_heads)):
            own = [
                (keys[j].chunk(attention.num_heads)[head], values[j].chunk(attention.num_heads)[head])
                for j in readable[i]
            ]
            scores = [torch.exp(asked @ key / math.sqrt(len(asked))) for key, _ in own]
            parts.append(sum(score / sum(scores) * value for score, (_, value) in zip(scores, own, strict=True)))
        found.append(attention.out_proj.weight @ torch.cat(parts) + attention.out_proj.bias)
    return found


def by_loop(encoder, dialogues):
    """Return (targets, width), chunk by chunk and turn by turn."""
    options, layer, found = encoder.options, encoder.layer, []
    for chunk in (chunk for dialogue in dialogues for chunk in chunks_by_loop(dialogue, options.turns)):
        inputs = []
        for turn in chunk:
            states = token_states(encoder, encoder.tokenizer(f"{turn.speaker} : {turn.text}")["input_ids"])
            inputs.append(torch.stack([max(states[:, unit]) for unit in range(states.shape[1])]))
        seen = range(len(chunk))
        readable = [[j for j in seen if j <= i or options.direction == "both"] for i in seen]
        attended = attention_by_loop(layer.self_attn, inputs, readable)
        for given, heard in zip(inputs, attended, strict=True):
            once = norm_by_loop(layer.norm1, given + heard)
            widened = gelu(layer.linear1.weight @ once + layer.linear1.bias)
            twice = norm_by_loop(layer.norm2, once + layer.linear2.weight @ widened + layer.linear2.bias)
            found.append(gelu(encoder.narrow[0].weight @ twice + encoder.narrow[0].bias))
    return torch.stack(found)


def generation_by_loop(encoder, dialogues):
    """Return the negative logarithm of the probability of each token of each next turn, one after the other."""
    table, found = encoder.language_model.get_input_embeddings().weight, []
    for dialogue in dialogues:
        said = [f"{turn.speaker} : {turn.text}" for turn in dialogue.utterances]
        for place, turn in enumerate(dialogue.utterances):
            if turn.scored:
                after = said[place + 1] if place + 1 < len(said) else "end"
                asked, answer = (encoder.tokenizer(text)["input_ids"] for text in (said[place], after))
                states = token_states(encoder, asked, answer)
                found += [-F.log_softmax(table @ state, 0)[token] for token, state in zip(answer, states, strict=True)]
    return torch.stack(found)


def assert_same_gradients(encoder, ours, expected):
    parameters = dict(encoder.named_parameters())
    found, wanted = (
        torch.autograd.grad(each, list(parameters.values()), allow_unused=True) for each in (ours, expected)
    )
    reached = set()
    for (name, parameter), one, other in zip(parameters.items(), found, wanted, strict=True):
        fast, slow = (torch.zeros_like(parameter) if each is None else each for each in (one, other))
        torch.testing.assert_close(fast, slow, rtol=1e-8, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}")
        reached |= {name.partition(".")[0]} if fast.any() else set()
    return reached


@pytest.mark.parametrize("direction", ["both", "past"])
def test_values_and_gradients_are_those_of_the_equations(build, direction):
    encoder = build(direction=direction)
    ours, expected = one_batch(encoder, DIALOGUES).z, by_loop(encoder, DIALOGUES)
    assert ours.shape == (11, 5)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-10)
    with torch.no_grad():  # where torch takes another way through its layer
        torch.testing.assert_close(one_batch(encoder, DIALOGUES).z, expected, rtol=0, atol=1e-10)
    weights = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1), dtype=ours.dtype)
    reached = assert_same_gradients(encoder, (ours * weights).sum(), (expected * weights).sum())
    assert reached == {"language_model", "layer", "narrow"}


def test_the_second_view_is_that_of_the_same_states_without_their_gradient(build):
    encoder = build(**WITHOUT_DROPOUT).train()
    encoder.language_model.eval()
    encoded = one_batch(encoder, DIALOGUES)
    second = encoded.extras["second_view"]
    assert torch.equal(second, encoded.z)
    grads = torch.autograd.grad(second.square().sum(), list(encoder.parameters()), allow_unused=True)
    reached = {
        name.partition(".")[0] for (name, _), g in zip(encoder.named_parameters(), grads, strict=True) if g is not None
    }
    assert reached == {"layer", "narrow"}


@pytest.mark.parametrize("dropped", ["dropout", "narrow_dropout"])
def test_the_second_view_has_dropout_of_its_own(build, dropped):
    encoder = build(**WITHOUT_DROPOUT | {dropped: 0.5}).train()
    encoder.language_model.eval()
    encoded = one_batch(encoder, DIALOGUES)
    assert not torch.allclose(encoded.extras["second_view"], encoded.z)


def test_the_next_turn_is_written_token_by_token(build):
    encoder = build(**WITHOUT_DROPOUT).train()
    encoder.language_model.eval()
    ours = one_batch(encoder, DIALOGUES).terms["generation"]
    expected = generation_by_loop(encoder, DIALOGUES).mean()
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-10)
    assert assert_same_gradients(encoder, ours, expected) == {"language_model"}


def test_the_loss_of_the_next_turns_does_not_depend_on_padding(build):
    encoder = build().train()
    encoder.language_model.eval()
    together = one_batch(encoder, DIALOGUES).terms["generation"]
    alone = [one_batch(encoder, [each]).terms["generation"] for each in DIALOGUES]
    counts = [len(generation_by_loop(encoder, [each])) for each in DIALOGUES]
    expected = sum(count * each for count, each in zip(counts, alone, strict=True)) / sum(counts)
    torch.testing.assert_close(together, expected, rtol=0, atol=1e-12)


def test_nothing_is_generated_where_nothing_is_trained_by_it(build):
    assert not one_batch(build(), DIALOGUES).terms  # evaluation
    with torch.no_grad():
        assert not one_batch(build().train(), DIALOGUES).terms
    for options in ({"trainable": "none"}, {"generation": False}):
        encoded = one_batch(build(**options).train(), DIALOGUES)
        assert not encoded.terms
        assert set(encoded.extras) == {"second_view"}
    assert set(one_batch(build(trainable=1).train(), DIALOGUES).terms) == {"generation"}


def test_a_backbone_without_a_decoder_is_told_of(build, caplog):
    with caplog.at_level(logging.WARNING, "erc_bench"):
        build()
        build(architecture={"model_type": "bert"}, generation=False)
        assert not caplog.records
        encoder = build(architecture={"model_type": "bert"})
    assert "no decoder" in caplog.text
    examples = encoder.train().examples(DIALOGUES, True, Random(0))
    rows = [len(example.targets) for example in examples]
    assert not encoder(torch.randn(sum(rows), 32).double(), erc.EncoderBatch(examples, rows)).terms


def test_texts_are_read_as_published(build):
    encoder = build()
    decode = encoder.tokenizer.decode
    first, second, third = encoder.examples(DIALOGUES[:1], False, Random(0))
    assert [decode(row.ids) for row in encoder.rows(first)] == [
        "<s>A : Hello there!</s>",
        "<s>B : Go away.</s>",
        "<s>A : Why me again?</s>",
    ]
    assert [example.targets for example in (first, second, third)] == [(0, 1, 2), (3, 4, 5), (6,)]
    (partly,) = encoder.examples(DIALOGUES[2:], False, Random(0))
    assert partly.targets == (1, 2, 4)
    (long,) = build(length=12).rows(replace(third, targets=(5,)))
    assert len(long.ids) == 12
    assert long.ids[-1] == encoder.tokenizer.sep_token_id


def test_words_are_read_as_the_only_turn_of_a_chunk(build):
    encoder = build()
    rows = encoder.word_rows(["happy", "sad"])
    assert [row.pool for row in rows] == ["max", "max"]
    words = torch.randn(2, 32).double()
    chunks = [erc.Example(told(name, ("x",)), (0,)) for name in ("one", "other")]
    torch.testing.assert_close(encoder.represent_words(words), encoder(words, erc.EncoderBatch(chunks, [1, 1])).z)


@pytest.mark.parametrize("direction", ["both", "past"])
def test_a_longer_chunk_beside_it_changes_nothing(build, direction):
    encoder = build(direction=direction, turns=8)
    long, short = DIALOGUES[0], DIALOGUES[2]
    beside = one_batch(encoder, [long, short]).z
    torch.testing.assert_close(beside[-3:], one_batch(encoder, [short]).z, rtol=0, atol=1e-12)
    torch.testing.assert_close(beside[:-3], one_batch(encoder, [long]).z, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("direction", "reached"), [("both", {3, 4, 5}), ("past", {3, 4})])
def test_a_chunk_reads_no_other_chunk(build, direction, reached):
    encoder = build(direction=direction)
    states = torch.randn(7, 32, generator=torch.Generator().manual_seed(3)).double().requires_grad_()
    gradient = torch.autograd.grad(one_batch(encoder, DIALOGUES[:1], states).z[4].square().sum(), states)[0]
    assert {turn for turn in range(7) if gradient[turn].any()} == reached


def test_chunks_are_counted_as_in_the_public_data(meld):
    encoder = CogBart(CogBart.Options(), tiny_backbone(BART))
    splits = (meld.train, meld.dev, meld.test)
    assert [len(encoder.examples(split, False, Random(0))) for split in splits] == [1725, 194, 464]


@pytest.mark.parametrize("direction", ["both", "past"])
@pytest.mark.parametrize("architecture", ["bart", "bert"])
def test_it_keeps_the_protocol(architecture, direction):
    check_encoder(CogBart, CogBart.Options(direction=direction), tiny_backbone({"model_type": architecture}))


class Opened(CogBart):
    """Says that it reads the past, and has no mask of what is later."""

    def _encode_turns(self, turns):
        return self.narrow(self.layer(turns.states, src_key_padding_mask=~turns.mask))


class AlongTheBatch(CogBart):
    """The authors' layer: the turns at the same place of all chunks attend to each other."""

    def _encode_turns(self, turns):
        return self.narrow(self.layer(turns.states.transpose(0, 1)).transpose(0, 1))


class Unmasked(CogBart):
    """Attends to padding."""

    def _encode_turns(self, turns):
        return self.narrow(self.layer(turns.states))


class Telling(CogBart):
    """Shows the language model the turn that it is to generate."""

    def rows(self, example):
        utterances = example.dialogue.utterances
        later = [utterances[min(target + 1, len(utterances) - 1)].text for target in example.targets]
        return [self._row(f"{utterances[t].text} {text}") for t, text in zip(example.targets, later, strict=True)]


@pytest.mark.parametrize(
    ("planted", "found"),
    [(Opened, "future"), (Telling, "future"), (AlongTheBatch, "unrelated dialogues"), (Unmasked, "neighbours")],
)
def test_a_planted_fault_is_found(planted, found):
    findings = encoder_findings(planted, CogBart.Options(direction="past"), tiny_backbone(BART))
    assert found in {each.name for each in findings if each.outcome == "failed"}


def test_heads_must_divide_the_width(build):
    with pytest.raises(erc.ErcBenchError, match=r"encoder\.heads=3 does not divide the width of the backbone, 32"):
        build(heads=3)


def test_the_causal_recipe_differs_in_its_direction_alone():
    published, causal = cog_bart(), cog_bart_causal()
    assert causal.settings == {**published.settings, "encoder.direction": "past"}
    assert causal.per_dataset == published.per_dataset
    assert published.settings["training.head_lr"] == published.settings["training.encoder_lr"] == 2e-5


def test_a_run_trains_every_term(tiny_bart, tmp_path):
    settings = {"dataset.size": 6, "encoder.trainable": "all", "training.epochs": 1}
    experiment = erc.run(
        "cog-bart", "demo", str(tiny_bart), seeds=[1], settings=settings, runs=tmp_path, progress=False
    ).check()
    epochs = erc.load_epochs(experiment.frame)
    terms = {name for name in epochs.columns if name.startswith("loss_")}
    assert terms == {"loss_cross_entropy", "loss_contrastive", "loss_generation"}
