"""A composition whose language model is tuned by adapters, in the shapes that are common, against peft in a loop."""

from functools import partial
from random import Random

import pytest
import torch
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench.pretrained.adapters import adapter_state, add_adapters, is_adapter, load_adapters
from erc_bench.pretrained.kernels.dropout import BitDropout
from erc_bench.testing.tiny import tiny_backbone
from erc_bench.training.assembly import quicken
from erc_bench.training.composition import Composition
from erc_bench.training.micro_batches import MicroBatches
from erc_bench.training.prepared import prepare
from erc_bench.training.row_states import RowEncoder
from erc_bench.training.word_anchors import refuse_alike
from erc_bench_plugins.encoders.prompt import Prompt
from erc_bench_plugins.objectives.cross_entropy import CrossEntropy

CPU = torch.device("cpu")
LABELS = ("anger", "joy", "neutral")
ROPE = {"num_key_value_heads": 2, "tie_word_embeddings": True}
SHAPES = {
    "bert": {},
    "roberta": {},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8},
    "llama": ROPE,
    "qwen2": {**ROPE, "vocab_size": 400},
    "mistral": ROPE,
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512},
}
MASKED = ("bert", "roberta", "deberta-v2")


def plain(shape):
    return tiny_backbone({"model_type": shape, **SHAPES[shape]})


def started(model, dropout=0.0):
    """Give a model adapters that say something."""
    torch.manual_seed(2)
    add_adapters(model, 4, 8, dropout, "all-linear")
    torch.manual_seed(3)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)


def composed(shape, objective=None, dropout=0.0, micro_batch=None):
    """Return a composition in training mode whose adapters train, and a split of dialogues."""
    backbone = plain(shape)
    # The model's own dropout would be another one in the loop.
    for module in backbone.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    pooling = "mask" if shape in MASKED else "last"
    encoder = Prompt(Prompt.Options(trainable="lora", pooling=pooling, window=2, length=64), backbone)
    started(encoder.language_model, dropout)
    quicken(encoder.language_model, CPU)
    row_encoder = RowEncoder(encoder.language_model, backbone.tokenizer.pad_token_id, CPU, torch.float32)
    objective = CrossEntropy() if objective is None else objective
    torch.manual_seed(4)
    head = objective.make_head(encoder.dim, len(LABELS), 0.0)
    composition = Composition(
        encoder, objective, head, row_encoder, partial(erc.Outputs), micro_batches=MicroBatches(micro_batch)
    )
    composition.set_training(True)
    return composition, prepare(encoder, encoder.examples(dialogues(), False, Random(0)), LABELS)


def dialogues():
    rng = Random(1)
    words = ["so", "happy", "that", "you", "came", "to", "see", "me", "angry", "phone", "rang", "nobody", "home", "why"]
    return [
        erc.Dialogue(
            f"d{number}",
            tuple(
                erc.Utterance(rng.choice("AB"), " ".join(rng.choices(words, k=rng.randint(1, 6))), label, scored=True)
                for label in rng.choices(LABELS, k=4)
            ),
        )
        for number in range(3)
    ]


def gradients(module):
    return {name: weight.grad.clone() for name, weight in module.named_parameters() if weight.grad is not None}


def stepped(composition, split):
    torch.manual_seed(5)
    loss = sum(composition.objective.loss(composition.outputs(split, range(len(split)))).values())
    loss.backward()
    return loss.item(), gradients(composition.modules)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing", "ignore:fan_in_fan_out")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_step_is_that_of_peft_in_a_plain_loop(shape):
    from peft import LoraConfig, get_peft_model

    composition, split = composed(shape)
    loss, found = stepped(composition, split)
    # Again, one row after the other, by a model that peft itself has wrapped.
    model = plain(shape).model.eval()
    own = adapter_state(composition.encoder.language_model)
    layers = sorted({name.removeprefix("base_model.model.").partition(".lora_")[0] for name in own})
    wrapped = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=layers)).eval()
    load_adapters(wrapped.get_base_model(), own)
    head = composition.head
    composition.modules.zero_grad()
    losses = []
    for example, label in zip(split.examples, split.labels, strict=True):
        (row,) = composition.encoder.rows(example)
        states = wrapped(input_ids=torch.tensor([row.ids])).last_hidden_state[0]
        z = states[list(row.positions)].mean(0)
        losses.append(F.cross_entropy(head(z), label))
    expected = torch.stack(losses).mean()
    expected.backward()
    assert loss == pytest.approx(expected.item(), abs=1e-5)
    theirs = gradients(wrapped.get_base_model())
    assert theirs.keys() == {name.partition("language_model.")[2] for name in found if "lora_" in name}
    for name, gradient in theirs.items():
        assert torch.allclose(found[f"encoder.language_model.{name}"], gradient, atol=1e-5), name
    assert max(float(gradient.abs().max()) for gradient in theirs.values()) > 1e-3
    for name, gradient in gradients(head).items():
        assert torch.allclose(found[f"head.{name}"], gradient, atol=1e-5), name


@pytest.mark.parametrize("shape", ["bert", "llama"])
def test_micro_batches_give_the_same_gradients(shape):
    loss, whole = stepped(*composed(shape))
    again, parts = stepped(*composed(shape, micro_batch=2))
    assert again == pytest.approx(loss, abs=1e-6)
    assert whole.keys() == parts.keys()
    assert all(torch.allclose(parts[name], whole[name], atol=1e-6) for name in whole)


def test_a_step_moves_the_adapters_and_the_head_alone_and_the_state_holds_these():
    composition, split = composed("llama")
    before = {name: weight.detach().clone() for name, weight in composition.modules.named_parameters()}
    groups = composition.parameter_groups()
    assert {id(weight) for weight in groups["encoder"] if weight.requires_grad} == {
        id(weight) for name, weight in composition.encoder.named_parameters() if is_adapter(name)
    }
    optimiser = torch.optim.AdamW([p for p in composition.modules.parameters() if p.requires_grad], lr=1e-2)
    stepped(composition, split)
    optimiser.step()
    moved = {name for name, w in composition.modules.named_parameters() if not torch.equal(w, before[name])}
    assert moved == {name for name in before if is_adapter(name) or name.startswith("head.")}
    assert {name for name in composition.trainable_state() if name in before} == moved


def test_dropout_in_adapters_is_drawn_by_the_seed_of_its_chunk():
    (loss, one), (again, two) = (stepped(*composed("bert", dropout=0.3)) for _ in range(2))
    assert loss == again
    assert all(torch.equal(one[name], two[name]) for name in one)
    (without, _) = stepped(*composed("bert"))
    assert loss != without
    composition, _ = composed("bert", dropout=0.3)
    within = [module for name, module in composition.encoder.named_modules() if name.endswith("lora_dropout.default")]
    assert within
    assert all(isinstance(module, BitDropout) and module.training for module in within)


@pytest.mark.parametrize("shape", ["bert", "llama"])
def test_a_momentum_encoder_copies_the_adapters_alone(shape):
    objective = CrossEntropy()
    objective.momentum = 0.5
    composition, split = composed(shape, objective)
    fast, slow = composition.encoder, composition._slow.encoder
    for (name, one), (_, other) in zip(fast.named_parameters(), slow.named_parameters(), strict=True):
        assert (one is other) == (not is_adapter(name)), name
    before = adapter_state(slow.language_model)
    with torch.no_grad():
        for name, weight in fast.named_parameters():
            if is_adapter(name):
                weight.add_(1.0)
    composition.after_step()
    after = adapter_state(slow.language_model)
    assert all(torch.allclose(after[name], before[name] + 0.5) for name in before)
    rows = [row for example in split.examples for row in fast.rows(example)]
    composition.set_training(False)
    with torch.no_grad():
        one, other = (each.encode(rows) for each in (composition.row_encoder, composition._slow.row_encoder))
    assert not torch.allclose(one, other, atol=1e-3)


@pytest.mark.parametrize("shape", ["llama", "gpt2"])
def test_words_of_a_causal_model_stand_behind_the_prompt(shape):
    backbone = plain(shape)
    causal = erc.LoadedBackbone(backbone.tokenizer, backbone.model, 512, reading="last")
    encoder = Prompt(Prompt.Options(trainable="lora", pooling="native"), causal)
    assert encoder.is_causal
    tokenizer = backbone.tokenizer
    for word, row in zip(("joy", "anger"), encoder.word_rows(["joy", "anger"]), strict=True):
        assert row.pool == "mean"
        (place,) = row.positions
        assert tokenizer.decode(row.ids[: place + 1], skip_special_tokens=True).endswith(f"speaker feels {word}")
        assert set(row.ids[place + 1 :]) <= set(tokenizer.all_special_ids)
        assert row.ids[place] not in tokenizer.all_special_ids


@pytest.mark.parametrize(("shape", "reading"), [("bert", "mean"), ("bert", "opening"), ("bart", "last")])
def test_words_of_all_other_models_stay_bare(shape, reading):
    backbone = tiny_backbone({"model_type": shape})
    other = erc.LoadedBackbone(backbone.tokenizer, backbone.model, 512, reading=reading)
    encoder = Prompt(Prompt.Options(pooling="mean"), other)
    assert not encoder.is_causal
    (row,) = encoder.word_rows(["joy"])
    assert list(row.ids) == backbone.tokenizer(["joy"])["input_ids"][0]
    assert list(row.positions) == list(range(len(row.ids)))


def test_words_that_nearly_coincide_are_no_anchors():
    far = torch.eye(3, 5)
    refuse_alike(("joy", "anger", "fear"), far)
    refuse_alike(("joy",), far[:1])
    near = torch.stack([far[0], far[1], far[1] + 0.3 * far[2]])
    with pytest.raises(erc.ErcBenchError, match=r"hardly tells the anchors 'anger' and 'fear' apart: .* is 0.958"):
        refuse_alike(("joy", "anger", "fear"), near)
    refuse_alike(("joy", "anger", "fear"), torch.stack([far[0], far[1], far[1] + 0.35 * far[2]]))
