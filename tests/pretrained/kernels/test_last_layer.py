"""A last layer that computes only what is read, against one that computes all."""

import copy

import pytest
import torch

from erc_bench.pretrained.kernels.attention import quicken_attention
from erc_bench.pretrained.kernels.last_layer import POSITIONS, quicken_last_layer, takes_positions
from erc_bench.pretrained.loading import load_folder

IDS = torch.tensor([[5, 6, 7, 8, 9], [9, 8, 7, 6, 5], [7, 7, 8, 5, 6]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]])
READ = torch.tensor([[4], [0], [2]])


@pytest.fixture(params=["tiny_bert", "tiny_roberta"])
def model(request):
    return load_folder(request.getfixturevalue(request.param), ("sdpa", "eager"))[1]


def read(model):
    return model(input_ids=IDS, attention_mask=MASK, **{POSITIONS: READ}).last_hidden_state


@pytest.mark.parametrize("quick_attention", [False, True])
def test_states_and_gradients_are_those_of_the_whole_layer(model, quick_attention):
    model.double()  # where other orders of adding differ in the last of 16 digits
    pruned = copy.deepcopy(model)
    assert quicken_last_layer(pruned)
    if quick_attention:
        assert quicken_attention(pruned)
    whole = model(input_ids=IDS, attention_mask=MASK).last_hidden_state[torch.arange(3), READ[:, 0]]
    ours = read(pruned)
    assert ours.shape == (3, 1, whole.shape[-1])
    torch.testing.assert_close(ours[:, 0], whole)
    whole.pow(3).sum().backward()
    ours.pow(3).sum().backward()
    for (name, one), other in zip(model.named_parameters(), pruned.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, msg=lambda text, name=name: f"{name}: {text}")


def test_without_positions_all_is_computed(model):
    whole = model(input_ids=IDS, attention_mask=MASK).last_hidden_state
    quicken_last_layer(model)
    assert torch.equal(model(input_ids=IDS, attention_mask=MASK).last_hidden_state, whole)


def test_a_model_that_serves_several_cells_is_changed_once(model):
    assert quicken_last_layer(model)
    layer = type(model.encoder.layer[-1])
    assert quicken_last_layer(model)
    assert type(model.encoder.layer[-1]) is layer


def test_in_training_it_drops(model):
    quicken_last_layer(model)
    model.train()
    assert not torch.equal(read(model), read(model))


def test_a_copy_reads_with_its_own_weights(model):
    quicken_last_layer(model)
    copied = copy.deepcopy(model)
    with torch.no_grad():
        copied.encoder.layer[-1].output.dense.weight *= 2
    assert takes_positions(copied)
    assert not torch.allclose(read(copied), read(model))
    assert list(copied.state_dict()) == list(model.state_dict())


@pytest.mark.parametrize("attention", ["eager"])
def test_other_attention_and_other_architectures_stay_whole(tiny_bert, tiny_deberta, attention):
    for folder in (tiny_bert, tiny_deberta):
        _, model = load_folder(folder, (attention,))
        assert not quicken_last_layer(model)
        assert not takes_positions(model)
