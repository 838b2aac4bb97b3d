"""LSTMs and GRUs over packed steps: the numbers and gradients of torch's own, and the same draws of dropout."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from erc_bench.contracts.recurrence import run_packed

LENGTHS = [1, 7, 3, 12, 3]


def made(kind, dtype=torch.float64, **options):
    torch.manual_seed(0)
    return kind(5, 4, batch_first=True, **options).to(dtype)


def drawn(dtype=torch.float64):
    return torch.randn(sum(LENGTHS), 5, dtype=dtype, generator=torch.Generator().manual_seed(1)).requires_grad_()


def packed(rows):
    return pack_sequence(rows.split(LENGTHS), enforce_sorted=False)


def with_gradients(run, rows, network):
    """Return the states and the gradients of rows and parameters, dropout drawn from one seed."""
    torch.manual_seed(3)
    states = run(packed(rows)).data
    weights = torch.randn(states.shape, generator=torch.Generator().manual_seed(2), dtype=states.dtype)
    return states, torch.autograd.grad((states * weights).sum(), [rows, *network.parameters()])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_it_is_what_torch_computes(kind, layers, bidirectional):
    network = made(kind, num_layers=layers, bidirectional=bidirectional, dropout=0.4 * (layers - 1))
    rows = drawn()
    ours, gradients = with_gradients(lambda given: run_packed(network, given), rows, network)
    theirs, wanted = with_gradients(lambda given: network(given)[0], rows, network)
    assert torch.equal(ours, theirs)
    for one, other in zip(gradients, wanted, strict=True):
        assert other.abs().sum() > 0
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_gradients_are_those_of_small_steps(kind):
    network = made(kind, bidirectional=True)
    assert torch.autograd.gradcheck(lambda rows: run_packed(network, packed(rows)).data, drawn())


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_without_a_gradient_and_in_evaluation_it_is_the_same(kind):
    network = made(kind, torch.float32, num_layers=2, dropout=0.5).eval()
    with torch.no_grad():
        given = packed(drawn(torch.float32))
        assert torch.equal(run_packed(network, given).data, network(given)[0].data)


def test_places_of_the_sequences_are_kept():
    network, given = made(nn.GRU), packed(drawn())
    ours, theirs = run_packed(network, given), network(given)[0]
    assert isinstance(ours, PackedSequence)
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    "network",
    [made(nn.RNN), made(nn.LSTM, proj_size=2), made(nn.GRU, bias=False)],
    ids=["another cell", "projected states", "no bias"],
)
def test_torch_runs_what_is_not_written_out(network):
    rows = drawn()
    ours, theirs = (
        run(packed(rows)).data for run in (lambda given: run_packed(network, given), lambda given: network(given)[0])
    )
    assert torch.equal(ours, theirs)
