"""The attention that trains on a CPU, against attention as it is defined."""

import copy

import pytest
import torch

from erc_bench.pretrained.kernels.attention import ATTENTION, attend, quicken_attention
from erc_bench.pretrained.kernels.dropout import keep_scale
from erc_bench.pretrained.loading import load_folder

ROWS, HEADS, TOKENS, DIM = 3, 2, 5, 4


@pytest.fixture
def parts():
    torch.manual_seed(0)
    return [torch.randn(ROWS, HEADS, TOKENS, DIM, dtype=torch.float64, requires_grad=True) for _ in range(3)]


@pytest.fixture
def mask():
    seen = torch.ones(ROWS, 1, TOKENS, TOKENS, dtype=torch.bool)
    seen[1, :, :, 3:] = False
    return seen


def by_loops(query, key, value, mask, dropout, scale):
    """Attention of every row, head and query on its own, with the elements dropped that the seed drops."""
    kept = keep_scale((ROWS, HEADS, TOKENS, TOKENS), dropout, query.dtype) if dropout else torch.ones(1)
    kept = kept.expand(ROWS, HEADS, TOKENS, TOKENS)
    out = []
    for row in range(ROWS):
        for head in range(HEADS):
            for i in range(TOKENS):
                seen = [j for j in range(TOKENS) if mask is None or mask[row, 0, i, j]]
                scores = torch.stack([scale * (query[row, head, i] * key[row, head, j]).sum() for j in seen])
                weights = scores.exp() / scores.exp().sum()
                out.append(
                    sum(w * kept[row, head, i, j] * value[row, head, j] for w, j in zip(weights, seen, strict=True))
                )
    return torch.stack(out).view(ROWS, HEADS, TOKENS, DIM).transpose(1, 2)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_states_and_gradients_are_those_of_the_definition(parts, mask, masked, dropout):
    seen = mask if masked else None
    torch.manual_seed(1)
    ours, _ = attend(torch.nn.Module(), *parts, seen, dropout=dropout, scaling=0.3)
    torch.manual_seed(1)
    expected = by_loops(*parts, seen, dropout, 0.3)
    torch.testing.assert_close(ours, expected)
    weight = torch.randn_like(expected)
    gradients = torch.autograd.grad((ours * weight).sum(), parts)
    for mine, theirs in zip(gradients, torch.autograd.grad((expected * weight).sum(), parts), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_gradients_are_those_of_finite_differences(parts, mask):
    def run(query, key, value):
        torch.manual_seed(2)
        return attend(torch.nn.Module(), query, key, value, mask, dropout=0.3)[0]

    assert torch.autograd.gradcheck(run, parts)


def test_a_mask_of_each_query_is_kept(parts):
    causal = torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril().expand(ROWS, 1, -1, -1)
    ours, _ = attend(torch.nn.Module(), *parts, causal, scaling=0.3)
    torch.testing.assert_close(ours, by_loops(*parts, causal, 0.0, 0.3))


def test_what_is_asked_beyond_masks_goes_to_torch(parts):
    causal = torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril().expand(ROWS, 1, -1, -1)
    ours, _ = attend(torch.nn.Module(), *parts, None, scaling=0.3, is_causal=True)
    torch.testing.assert_close(ours, by_loops(*parts, causal, 0.0, 0.3))


@pytest.fixture
def bert(tiny_bert):
    return load_folder(tiny_bert, ("sdpa", "eager"))


def states(tokenizer, model):
    rows = ["Ann says: I am so happy that you came!", "Bob says: Why?"]
    batch = tokenizer(rows, padding=True, return_tensors="pt")
    found = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    return found * batch["attention_mask"][..., None]


def test_a_model_computes_the_same_with_it(bert):
    tokenizer, model = bert
    model.double()  # where other orders of adding differ in the last of 16 digits
    quick = copy.deepcopy(model)
    assert quicken_attention(quick)
    assert quicken_attention(quick)
    assert (model.config._attn_implementation, quick.config._attn_implementation) == ("sdpa", ATTENTION)
    plain, ours = states(tokenizer, model), states(tokenizer, quick)
    torch.testing.assert_close(ours, plain)
    plain.pow(3).sum().backward()
    ours.pow(3).sum().backward()
    for (name, one), other in zip(model.named_parameters(), quick.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, msg=lambda text, name=name: f"{name}: {text}")


def test_without_gradients_torch_computes(bert):
    tokenizer, model = bert
    quick = copy.deepcopy(model)
    quicken_attention(quick)
    with torch.no_grad():
        assert torch.equal(states(tokenizer, quick), states(tokenizer, model))


def test_a_model_with_attention_of_its_own_keeps_it(tiny_deberta):
    _, model = load_folder(tiny_deberta, ("eager",))
    assert not quicken_attention(model)
    assert model.config._attn_implementation == "eager"
