"""The queue of features, streams of chance, batches that wait, and the copies that follow."""

from copy import deepcopy

import pytest
import torch
from torch import nn

import erc_bench.api as erc


def queue(size=6, dim=3):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return erc.FeatureQueue(size, dim)


def numbered(*values):
    return torch.tensor([[float(value)] * 3 for value in values])


def test_it_begins_with_unit_vectors_of_no_class():
    memory = queue()
    torch.testing.assert_close(memory.features.norm(dim=1), torch.ones(6))
    assert memory.labels.tolist() == [-1] * 6
    assert not memory.some_of_class(torch.tensor([0, 1]), 3).any()


def test_the_oldest_go_first():
    memory = queue(size=4)
    memory.enqueue(numbered(1, 2, 3), torch.tensor([1, 2, 3]))
    memory.enqueue(numbered(4, 5), torch.tensor([4, 5]))
    assert sorted(memory.labels.tolist()) == [2, 3, 4, 5]
    assert memory.features[:, 0].tolist() == [float(label) for label in memory.labels.tolist()]
    memory.enqueue(numbered(*range(10, 17)), torch.arange(10, 17))
    assert sorted(memory.labels.tolist()) == [13, 14, 15, 16]


def test_some_of_class_are_random_members_shared_by_the_rows_of_a_class():
    memory = queue(size=20)
    memory.enqueue(torch.randn(20, 3), torch.arange(20) % 2)
    labels = torch.tensor([0, 1, 0])
    seen = set()
    for seed in range(10):
        memory.draw(torch.Generator().manual_seed(seed))
        chosen = memory.some_of_class(labels, 3)
        assert chosen.sum(dim=1).tolist() == [3, 3, 3]
        assert torch.equal(chosen[0], chosen[2])
        assert (memory.labels.expand(3, -1)[chosen].view(3, 3) == labels[:, None]).all()
        seen.add(tuple(chosen[0].nonzero().flatten().tolist()))
    assert len(seen) > 5


def test_a_rare_class_gives_all_it_has():
    memory = queue()
    memory.enqueue(numbered(1, 2, 3), torch.tensor([0, 0, 1]))
    assert memory.some_of_class(torch.tensor([0, 1, 2]), 4).sum(dim=1).tolist() == [2, 1, 0]
    assert memory.some_of_class(torch.tensor([0]), 100).sum() == 2


def test_its_state_can_be_restored():
    first, second = queue(), erc.FeatureQueue(6, 3)
    first.enqueue(numbered(1, 2), torch.tensor([0, 1]))
    second.load_state_dict(first.state_dict())
    for memory in (first, second):
        memory.enqueue(numbered(3), torch.tensor([2]))
    assert torch.equal(first.features, second.features)
    assert torch.equal(first.some_of_class(torch.tensor([0]), 1), second.some_of_class(torch.tensor([0]), 1))


def test_a_stream_goes_on_from_where_its_state_stood():
    stream, other = erc.RandomStream(1), erc.RandomStream(2)
    torch.testing.assert_close(
        torch.rand(3, generator=stream.generator), torch.rand(3, generator=torch.Generator().manual_seed(1))
    )
    state, expected = stream.state_dict(), torch.rand(3, generator=stream.generator)
    for module in (other, stream):
        module.load_state_dict(state)
        assert torch.equal(torch.rand(3, generator=module.generator), expected)


def test_batches_wait_in_the_order_in_which_they_came():
    pending = erc.PendingBatches()
    labels = torch.tensor([1, 2])
    z = torch.ones(2, 3, requires_grad=True)
    # One tensor may wait twice; batches need not be alike.
    pending.add(z * 2, labels, labels)
    for number in range(12):
        pending.add(torch.tensor([number]))
    assert pending.state_dict() == {}
    (first, *others) = pending.take()
    assert [tensor.tolist() for tensor in first] == [[[2.0] * 3] * 2, [1, 2], [1, 2]]
    assert not first[0].requires_grad
    assert [batch[0].item() for batch in others] == list(range(12))
    assert pending.take() == []
    pending.add(labels)
    assert len(pending.take()) == 1


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_copy_follows(momentum):
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    copy = deepcopy(module)
    before = [parameter.detach().clone() for parameter in copy.parameters()]
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
        module[1].running_mean.fill_(5)
    erc.follow(copy, module, momentum)
    for slow, old, fast in zip(copy.parameters(), before, module.parameters(), strict=True):
        torch.testing.assert_close(slow.data, momentum * old + (1 - momentum) * fast.data)
    assert copy[1].running_mean.tolist() == [5, 5]


def test_what_is_shared_stays():
    module = nn.Linear(2, 2)
    before = module.weight.clone()
    erc.follow(module, module, 0.5)
    assert torch.equal(module.weight, before)
