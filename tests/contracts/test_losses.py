"""Each shared loss against an obvious loop, and its behaviour where a mask is empty."""

import math
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import erc_bench.api as erc
from erc_bench.contracts.losses import DEFAULT_TEMPERATURE


def loop_contrastive(reps, labels, temperature, log):
    """The definition, row by row and pair by pair, in Python floats where no gradient is asked for."""
    rows = []
    for i in range(len(reps)):
        candidates = [j for j in range(len(reps)) if j != i]
        positives = [j for j in candidates if labels[j] == labels[i]]
        if not positives:
            continue

        def weight(j, i=i):
            cosine = (reps[i] @ reps[j]) / (reps[i].norm() * reps[j].norm())
            return (cosine / temperature).exp()

        total = sum(weight(j) for j in candidates)
        shares = [weight(j) / total for j in positives]
        if log == "inside":
            rows.append(-sum(share.log() for share in shares) / len(positives))
        else:
            rows.append(-(sum(shares) / len(positives)).log())
    return sum(rows) / len(rows) if rows else reps.sum() * 0


def fast_contrastive(reps, labels, temperature, log):
    return erc.contrastive_loss(erc.cosine(reps, reps) / temperature, erc.positives(labels), log=log)


@settings(max_examples=30)
@given(
    labels=st.lists(st.integers(0, 2), min_size=1, max_size=7),
    temperature=st.sampled_from([0.07, 0.3, 2.0]),
    log=st.sampled_from(["inside", "outside"]),
    seed=st.integers(0, 10**6),
)
def test_contrastive_loss_and_its_gradient_equal_the_loop(labels, temperature, log, seed):
    labels = torch.tensor(labels)
    reps = torch.randn(len(labels), 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    results = []
    for loss in (fast_contrastive, loop_contrastive):
        leaf = reps.clone().requires_grad_()
        value = loss(leaf, labels, temperature, log)
        value.backward()
        results.append((value.detach(), leaf.grad))
    torch.testing.assert_close(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-6, atol=1e-9)


def test_cosine_by_hand():
    a = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    b = torch.tensor([[1.0, 0.0], [0.0, -2.0], [6.0, 8.0]])
    torch.testing.assert_close(erc.cosine(a, b), torch.tensor([[0.6, -0.8, 1.0], [0.0, 0.0, 0.0]]))


def test_cosine_is_float32_under_autocast_and_for_half_inputs():
    a = torch.randn(8, 16, generator=torch.Generator().manual_seed(0))
    exact = erc.cosine(a, a)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(erc.cosine(a, a), exact)
    assert erc.cosine(a.bfloat16(), a.bfloat16()).dtype == torch.float32
    assert erc.cosine(a.double(), a.double()).dtype == torch.float64


def test_positives_among_the_rows_and_towards_others():
    labels = torch.tensor([0, 1, 0])
    expected = [[False, False, True], [False, False, False], [True, False, False]]
    assert erc.positives(labels).tolist() == expected
    others = torch.tensor([0, 1])
    assert erc.positives(labels, others).tolist() == [[True, False], [False, True], [True, False]]


def test_masked_log_softmax_normalises_what_the_mask_keeps():
    logits = torch.tensor([[1.0, 2.0, 50.0], [1.0, 2.0, 3.0]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    total = math.exp(1) + math.exp(2)
    expected = torch.tensor([[1 - math.log(total), 2 - math.log(total), 0.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(erc.masked_log_softmax(logits, mask), expected)


def test_masked_logsumexp_and_mean_by_hand():
    values = torch.tensor([[0.0, 0.0, 9.0], [7.0, 7.0, 7.0]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    torch.testing.assert_close(erc.masked_logsumexp(values, mask), torch.tensor([math.log(2), 0.0]))
    torch.testing.assert_close(
        erc.masked_mean(torch.tensor([1.0, 5.0]), torch.tensor([False, True])), torch.tensor(5.0)
    )


@pytest.mark.parametrize("log", ["inside", "outside"])
@pytest.mark.parametrize("labels", [[0], [0, 1, 2]], ids=["batch of one", "no positives"])
def test_without_positives_the_loss_is_an_attached_zero(labels, log):
    reps = torch.randn(len(labels), 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = fast_contrastive(reps, torch.tensor(labels), 0.1, log)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(reps.grad, torch.zeros_like(reps))


def test_rows_may_meet_prototypes_beside_themselves():
    """Columns are the rows, then two prototypes; a row without a fellow still has its prototype."""
    z = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    labels = torch.tensor([0, 1])
    columns = torch.cat([z, z])
    positive = erc.positives(labels, torch.cat([labels, labels])) & erc.all_but_self(torch.empty(2, 4))
    loss = erc.contrastive_loss(erc.cosine(z, columns), positive, log="outside")
    expected = -math.log(math.e / (math.e + 2))  # own prototype against the other row and the other prototype
    assert loss.item() == pytest.approx(expected)


def test_extreme_temperature_stays_finite():
    reps = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = fast_contrastive(reps, torch.tensor([0, 0, 1, 1, 2, 2]), 1e-4, "outside")
    loss.backward()
    assert loss.isfinite()
    assert reps.grad.isfinite().all()


@dataclass
class ObjectiveOptions:
    temperature: float = 0.1
    formulation: str = "official"


def test_scale_of_cosine_logits():
    assert erc.cosine_scale(None) == pytest.approx(1 / DEFAULT_TEMPERATURE)
    assert erc.cosine_scale(ObjectiveOptions()) == pytest.approx(5)
    assert erc.cosine_scale(ObjectiveOptions(formulation="paper")) == pytest.approx(10)
    assert erc.cosine_scale(ObjectiveOptions(), temperature=0.5, score="cosine") == pytest.approx(2)


def test_half_cosine_is_plain_cosine_at_twice_the_temperature():
    cosines = torch.linspace(-1, 1, 12).reshape(3, 4)
    printed = ((1 + cosines) / 2 / 0.1).softmax(1)
    scaled = (cosines * erc.cosine_scale(None, 0.1, "half-cosine")).softmax(1)
    torch.testing.assert_close(scaled, printed)


def test_class_means():
    rows = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 5.0]])
    means, present = erc.class_means(rows, torch.tensor([2, 2, 0]), 3)
    assert means.tolist() == [[5.0, 5.0], [0.0, 0.0], [2.0, 1.0]]
    assert present.tolist() == [True, False, True]


def test_log_prior():
    prior = erc.log_prior(torch.tensor([6, 3, 0]))
    assert prior.exp().tolist() == pytest.approx([0.6, 0.3, 0.1])
