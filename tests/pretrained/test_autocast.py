import copy

import pytest
import torch

from erc_bench.pretrained.backbone import cast_attention_biases
from erc_bench.pretrained.loading import load_folder

ROWS = ["Ann says: I am so happy that you came!", "Bob says: Why?"]


def states(tokenizer, model, precision=torch.bfloat16, rows=ROWS):
    batch = tokenizer(rows, padding=True, return_tensors="pt")
    with torch.autocast("cpu", dtype=precision, enabled=precision != torch.float32):
        found = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    return found.float() * batch["attention_mask"][..., None]


@pytest.fixture
def deberta(tiny_deberta):
    return load_folder(tiny_deberta, ("eager",))


def test_deberta_overflows_under_autocast_without_the_cast(deberta):
    tokenizer, model = deberta
    with pytest.raises(RuntimeError, match="overflow"):
        states(tokenizer, model)


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_deberta_trains_under_autocast_with_the_cast(deberta, precision):
    tokenizer, model = deberta
    assert cast_attention_biases(model) == 2
    model.train()
    torch.manual_seed(0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(5):
        loss = (states(tokenizer, model, precision).mean(1)[0] - 1).pow(2).mean()
        optimiser.zero_grad()
        loss.backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_the_biases_keep_their_gradient(deberta):
    tokenizer, model = deberta
    cast_attention_biases(model)
    states(tokenizer, model).pow(3).sum().backward()
    biases = {name: p for name, p in model.named_parameters() if name.endswith(("q_bias", "v_bias"))}
    assert len(biases) == 4
    assert all(p.dtype == torch.float32 and p.grad.abs().sum() > 0 for p in biases.values())


def test_nothing_changes_in_float32(deberta):
    tokenizer, model = deberta
    names = list(model.state_dict())
    before = states(tokenizer, model, torch.float32)
    cast_attention_biases(model)
    assert torch.equal(states(tokenizer, model, torch.float32), before)
    assert list(model.state_dict()) == names


def test_autocast_stays_close_to_float32(deberta):
    tokenizer, model = deberta
    cast_attention_biases(model)
    with torch.no_grad():
        exact, fast = states(tokenizer, model, torch.float32), states(tokenizer, model)
    assert torch.nn.functional.cosine_similarity(exact.flatten(), fast.flatten(), dim=0) > 0.999


def test_padding_has_no_effect_under_autocast(deberta):
    tokenizer, model = deberta
    cast_attention_biases(model)
    with torch.no_grad():
        alone, together = states(tokenizer, model, rows=ROWS[1:]), states(tokenizer, model)[1:]
    assert torch.allclose(alone, together[:, : alone.shape[1]], atol=0.05)


def test_a_copy_reads_its_own_biases(deberta):
    tokenizer, model = deberta
    cast_attention_biases(model)
    other = copy.deepcopy(model)
    with torch.no_grad():
        before = states(tokenizer, other)
        for name, parameter in model.named_parameters():
            if name.endswith("v_bias"):
                parameter.add_(1)
        assert torch.equal(states(tokenizer, other), before)
        assert not torch.equal(states(tokenizer, model), before)


def test_weights_can_be_loaded_after_the_cast(deberta):
    _, model = deberta
    cast_attention_biases(model)
    changed = {name: tensor + 1 for name, tensor in model.state_dict().items()}
    model.load_state_dict(changed)
    assert all(torch.equal(tensor, changed[name]) for name, tensor in model.state_dict().items())


def test_the_cast_is_applied_once(deberta):
    _, model = deberta
    assert cast_attention_biases(model) == 2
    assert cast_attention_biases(model) == 0


@pytest.mark.parametrize("name", ["tiny_roberta", "tiny_bert"])
def test_the_others_need_no_cast(name, request):
    tokenizer, model = load_folder(request.getfixturevalue(name), ("sdpa", "eager"))
    assert cast_attention_biases(model) == 0
    model.train()
    found = states(tokenizer, model)
    found.pow(2).sum().backward()
    assert found.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters())
