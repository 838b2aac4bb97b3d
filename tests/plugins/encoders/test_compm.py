"""CoMPM against its equations: texts as one string, states one row at a time, a GRU as a loop, all in float64."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
import torch

import erc_bench.api as erc
from erc_bench.contracts.encoder import EncoderBatch, FurtherStates
from erc_bench.testing.encoders import EncoderSubject, check_encoder, encoder_findings
from erc_bench.testing.encoders.encoder_runs import represent
from erc_bench.testing.tiny import ROBERTA, tiny_backbone
from erc_bench_plugins.encoders.compm import Compm
from erc_bench_plugins.methods.compm import compm

TURNS = (("Ann", "Hello there!"), ("Bob", "Go away."), ("Ann", "Why me again?"), ("Cem", "Who is it"), ("Ann", "Me."))


@pytest.fixture(params=["paper", "official"])
def encoder(request):
    """CoMPM in float64 and evaluation mode; the memory model has other weights than the context model."""
    torch.manual_seed(0)
    encoder = Compm(Compm.Options(formulation=request.param), tiny_backbone(ROBERTA)).double().eval()
    with torch.no_grad():
        for parameter in encoder.language_model_memory.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return encoder


@pytest.fixture
def dialogues(invented):
    told = erc.Dialogue("told", tuple(erc.Utterance(*turn, scored=True) for turn in TURNS))
    return [told, *invented.conversations([1, 6, 3])]


def opening_state(model, tokenizer, text):
    """Return the state of the opening token of a text without a closing one, (dim,)."""
    ids = torch.tensor([tokenizer(text)["input_ids"][:-1]])
    assert ids[0, 0] == tokenizer.cls_token_id
    return model(ids, torch.ones_like(ids)).last_hidden_state[0, 0]


def gru_by_loop(gru, inputs):
    """inputs: a list of (dim,) → the last output of the top layer; layer by layer, step by step."""
    for layer in range(gru.num_layers):
        w_ih, w_hh, b_ih, b_hh = (
            getattr(gru, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        state, outputs = torch.zeros(gru.hidden_size, dtype=torch.float64), []
        for given in inputs:
            i_r, i_z, i_n = (w_ih @ given + b_ih).chunk(3)
            h_r, h_z, h_n = (w_hh @ state + b_hh).chunk(3)
            r, z = torch.sigmoid(i_r + h_r), torch.sigmoid(i_z + h_z)
            state = (1 - z) * torch.tanh(i_n + r * h_n) + z * state
            outputs.append(state)
        inputs = outputs
    return inputs[-1]


def by_loop(encoder, dialogues):
    """Return (targets, dim): z = c + W_p m of every turn."""
    found = []
    for dialogue in dialogues:
        for target, turn in enumerate(dialogue.utterances):
            tags, words = {}, []
            for earlier in dialogue.utterances[: target + 1]:
                tags.setdefault(earlier.speaker, f"<s{len(tags) + 1}>")
                words.append(f"{tags[earlier.speaker]} {earlier.text}")
            z = opening_state(encoder.language_model, encoder.tokenizer, " ".join(words))
            own = [each.text for each in dialogue.utterances[:target] if each.speaker == turn.speaker]
            if own:
                states = [opening_state(encoder.language_model_memory, encoder.tokenizer, text) for text in own]
                memory = gru_by_loop(encoder.gru, states)
                z = z + (encoder.projection.weight @ memory if encoder.options.formulation == "paper" else memory)
            found.append(z)
    return torch.stack(found)


def one_batch(encoder, dialogues):
    """Return (targets, dim) of all turns in one batch, from the float64 states of the rows that the encoder names."""
    examples = encoder.examples(dialogues, False, Random(0))
    rows = [encoder.rows(example) for example in examples]
    models, states, counts = encoder.models(), {}, {}
    for role, model in models.items():
        own = [[row for row in each if row.model == role] for each in rows]
        read = []
        for row in (row for each in own for row in each):
            ids = torch.tensor([row.ids])
            (position,) = row.positions
            read.append(model(ids, torch.ones_like(ids)).last_hidden_state[0, position])
        states[role], counts[role] = torch.stack(read), [len(each) for each in own]
    memory = FurtherStates(states["memory"], counts["memory"])
    return encoder(states["main"], EncoderBatch(examples, counts["main"], {"memory": memory})).z


def test_values_and_gradients_are_those_of_the_equations(encoder, dialogues):
    ours, expected = one_batch(encoder, dialogues), by_loop(encoder, dialogues)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-10)
    weights = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1), dtype=ours.dtype)
    parameters = dict(encoder.named_parameters())
    found, wanted = (
        torch.autograd.grad((z * weights).sum(), list(parameters.values()), allow_unused=True) for z in (ours, expected)
    )
    for name, one, other in zip(parameters, found, wanted, strict=True):
        assert (one is None) == (other is None), name
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}")
    reached = {name.partition(".")[0] for name, one in zip(parameters, found, strict=True) if one is not None}
    assert {"language_model", "language_model_memory", "gru"} <= reached


def test_at_the_first_turn_of_a_speaker_it_is_its_context_model_alone(encoder, dialogues):
    z, at = one_batch(encoder, dialogues), 0
    alone, both = [], []
    for dialogue in dialogues:
        seen = set()
        for target, turn in enumerate(dialogue.utterances):
            (context, *_) = encoder.rows(erc.Example(dialogue, (target,)))
            ids = torch.tensor([context.ids])
            state = encoder.language_model(ids, torch.ones_like(ids)).last_hidden_state[0, 0]
            (both if turn.speaker in seen else alone).append((z[at] - state).abs().max())
            seen.add(turn.speaker)
            at += 1
    assert max(alone) < 1e-12
    assert min(both) > 1e-3
    words = torch.randn(2, encoder.state_dim)
    assert encoder.represent_words(words) is words


def test_texts_are_written_as_published(dialogues):
    encoder = Compm(Compm.Options(), tiny_backbone(ROBERTA))
    context, *memory = encoder.rows(erc.Example(dialogues[0], (4,)))
    decode = encoder.tokenizer.decode
    said = "<s1> Hello there! <s2> Go away. <s1> Why me again? <s3> Who is it <s1> Me."
    assert decode(context.ids) == f"<s>{said}"
    assert [decode(row.ids) for row in memory] == ["<s>Hello there!", "<s>Why me again?"]
    assert Counter(row.model for row in (context, *memory)) == {"main": 1, "memory": 2}
    # The tags are plain text, which a tokenizer takes apart.
    assert len(encoder.tokenizer.tokenize("<s1>")) > 1


def test_what_is_too_long_loses_its_beginning(dialogues):
    whole, cut = (Compm(Compm.Options(length=length), tiny_backbone(ROBERTA)) for length in (512, 20))
    example = erc.Example(dialogues[0], (4,))
    long, short = (encoder.rows(example)[0].ids for encoder in (whole, cut))
    assert len(short) == 20 < len(long)
    assert short == [long[0], *long[-19:]]


@pytest.mark.parametrize("memory", ["trained", "frozen", "scratch"])
def test_it_keeps_the_protocol(memory):
    check_encoder(Compm, Compm.Options(memory=memory))


class Leaking(Compm):
    """Shows the context model the next turn."""

    def rows(self, example):
        (target,) = example.targets
        later = min(target + 1, len(example.dialogue.utterances) - 1)
        context, *_ = super().rows(erc.Example(example.dialogue, (later,)))
        return [context, *super().rows(example)[1:]]


class Remembering(Compm):
    """Takes later utterances of the speaker for memories."""

    def rows(self, example):
        (target,) = example.targets
        utterances = example.dialogue.utterances
        own = [turn.text for turn in utterances if turn.speaker == utterances[target].speaker]
        memory = [erc.TokenRow(self._memory.ids([text]), (0,), model="memory") for text in own]
        return [*super().rows(example)[:1], *memory]


def failed(encoder_class, backbone=None):
    return {found.name for found in encoder_findings(encoder_class, backbone=backbone) if found.outcome == "failed"}


@pytest.mark.parametrize("leaking", [Leaking, Remembering])
def test_a_look_at_the_future_is_found(leaking):
    assert "future" in failed(leaking)


def test_padding_that_the_memory_model_reads_is_found():
    """The authors' code has no attention mask there."""

    class Unmasked(type(tiny_backbone().model)):
        def forward(self, input_ids=None, attention_mask=None, **asked):
            return super().forward(input_ids, torch.ones_like(attention_mask), **asked)

    backbone = tiny_backbone()
    further = tiny_backbone()
    further.model.__class__ = Unmasked
    # Others see it as well: what another dialogue, or a later turn, says makes the padding longer.
    assert "padding" in failed(Compm, replace(backbone, further={"memory": further}))
    assert failed(Compm, replace(backbone, further={"memory": tiny_backbone()})) == set()


def test_memories_are_counted_as_in_the_public_code(meld):
    encoder = Compm(Compm.Options(), tiny_backbone(ROBERTA))
    found = []
    for split in (meld.train, meld.dev, meld.test):
        examples = encoder.examples(split, False, Random(0))
        rows = [row for example in examples for row in encoder.rows(example)]
        assert sum(row.model == "main" for row in rows) == len(examples)
        found.append(sum(row.model == "memory" for row in rows))
    assert found == [23202, 2464, 6058]


def test_the_same_utterance_is_encoded_once_in_evaluation(dialogues):
    encoder, read = Compm(Compm.Options(), tiny_backbone(ROBERTA)).eval(), []
    encoder.language_model_memory.register_forward_pre_hook(
        lambda _module, _arguments, named: read.append(len(named["input_ids"])), with_kwargs=True
    )
    long = erc.Dialogue("long", tuple(erc.Utterance("Ann", f"turn {i}", scored=True) for i in range(8)))
    represent(encoder, encoder.examples([long], False, Random(0)))
    assert sum(read) == 7  # of 28 memories


def test_the_recipe_names_what_is_ours():
    method = compm()
    assert "ours" in method.settings_from
    assert method.settings["training.clip"] == 10
    assert method.per_dataset["iemocap"] == {"training.epochs": 12, "training.warmup": 1 / 12}


def test_a_tokenizer_without_an_opening_token_is_refused():
    backbone = tiny_backbone()

    class Bare:
        all_special_ids, unk_token_id = (), None

        def __call__(self, text, **_):
            return {"input_ids": [7] if isinstance(text, str) else [[7] for _ in text]}

    with pytest.raises(erc.ErcBenchError, match="puts no token before a text"):
        Compm(Compm.Options(), replace(backbone, tokenizer=Bare()))


def test_the_subject_of_checks_may_have_a_memory_model_of_another_width():
    further = tiny_backbone({"model_type": "bert", "hidden_size": 16})
    subject = EncoderSubject(Compm, Compm.Options(), replace(tiny_backbone(), further={"memory": further}))
    encoder = Compm(subject.options, subject.backbone)
    assert (encoder.width_of("memory"), encoder.state_dim) == (16, 32)
    check_encoder(Compm, subject.options, subject.backbone)
