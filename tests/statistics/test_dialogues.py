import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from erc_bench.statistics.dialogues import dialogue_bootstrap, dialogue_sign_flip
from erc_bench.statistics.joint import two_level_bootstrap
from erc_bench.statistics.metrics import accuracy
from erc_bench.statistics.resampling import bootstrap_scores, left_out_scores, observed_scores


def means_as_counts(values):
    """Return counts of two systems whose accuracy differs by values[g] in dialogue g, of 100 utterances each."""
    counts = np.zeros((2, 1, len(values), 2, 2), dtype=np.int64)
    for system, right in enumerate((50 + np.asarray(values), np.full(len(values), 50))):
        counts[system, 0, :, 0, 0], counts[system, 0, :, 0, 1] = right, 100 - right
    return counts


def swapped_difference(counts, weighted, swaps):
    first, second = counts.copy()
    for dialogue in np.flatnonzero(swaps):
        first[:, dialogue], second[:, dialogue] = counts[1][:, dialogue], counts[0][:, dialogue]
    return float((weighted(first.sum(1)) - weighted(second.sum(1))).mean())


def test_sign_flip_goes_through_all_32_swaps_of_five_dialogues(make_counts, weighted):
    counts = make_counts(np.random.default_rng(5), (0.9, 0.4))
    observed = swapped_difference(counts, weighted, [0] * 5)
    every = [swapped_difference(counts, weighted, swaps) for swaps in itertools.product((0, 1), repeat=5)]
    result = dialogue_sign_flip(counts, weighted)
    assert result.p == np.mean(np.abs(every) >= abs(observed) - 1e-9)
    assert (result.difference, result.n, result.differing) == (pytest.approx(observed), 5, 5)
    assert (result.draws, result.smallest_p) == (None, 0.0625)
    assert result.reason == "cannot reach 0.05 with 5 differing dialogues: smallest p is 0.0625"


def test_drawn_swaps_agree_with_all_of_them(make_counts, weighted):
    counts = make_counts(np.random.default_rng(6), (0.75, 0.6), lengths=(6,) * 12)
    exact, drawn = dialogue_sign_flip(counts, weighted), dialogue_sign_flip(counts, weighted, draws=4000, seed=1)
    assert (exact.draws, drawn.draws) == (None, 4000)
    assert drawn.p == pytest.approx(exact.p, abs=3 * math.sqrt(0.25 / 4000))
    assert drawn.p * 4001 == pytest.approx(round(drawn.p * 4001))


def test_a_drawn_p_is_never_zero(make_counts, weighted):
    counts = make_counts(np.random.default_rng(6), (1.0, 0.2), lengths=(6,) * 40)
    result = dialogue_sign_flip(counts, weighted, draws=999)
    assert (result.p, result.smallest_p, result.reason) == (0.001, 0.001, "")
    assert dialogue_sign_flip(counts, weighted, draws=9).reason.endswith("smallest p is 0.1")


def test_dialogues_answered_alike_change_nothing(make_counts, weighted):
    counts = make_counts(np.random.default_rng(7), (0.9, 0.4), lengths=(5,) * 9)
    counts[1, :, 6:] = counts[0, :, 6:]
    result = dialogue_sign_flip(counts, weighted)
    every = [swapped_difference(counts, weighted, swaps) for swaps in itertools.product((0, 1), repeat=9)]
    assert (result.n, result.differing, result.smallest_p) == (9, 6, 2**-5)
    assert result.p == np.mean(np.abs(every) >= abs(result.difference) - 1e-9)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_tests_over_dialogues_change_sign_with_the_sides(make_counts, weighted, seed, seeds):
    counts = make_counts(np.random.default_rng(seed), (0.7, 0.5), seeds)
    there, back = dialogue_sign_flip(counts, weighted), dialogue_sign_flip(counts[::-1], weighted)
    assert (back.p, back.difference) == (there.p, pytest.approx(-there.difference))
    there, back = (dialogue_bootstrap(c, weighted, draws=200) for c in (counts, counts[::-1]))
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.permutations(range(3)))
def test_tests_over_dialogues_know_no_order_of_seeds(make_counts, weighted, seed, order):
    counts = make_counts(np.random.default_rng(seed), (0.7, 0.5), seeds=3)
    there, shuffled = (dialogue_sign_flip(c, weighted) for c in (counts, counts[:, order]))
    assert (there.p, there.difference) == pytest.approx((shuffled.p, shuffled.difference))
    there, shuffled = (dialogue_bootstrap(c, weighted, draws=200) for c in (counts, counts[:, order]))
    assert (there.low, there.high) == pytest.approx((shuffled.low, shuffled.high))


def test_percentiles_of_the_draws(make_counts, weighted):
    counts = make_counts(np.random.default_rng(3), (0.7, 0.5))
    result = dialogue_bootstrap(counts, weighted, 0.1, 999, seed=4, method="percentile", expanded=False)
    drawn = np.sort(bootstrap_scores(counts, weighted, 999, np.random.default_rng(4)).mean(-1))
    assert (result.low, result.high) == pytest.approx((drawn[49], drawn[949]))
    assert (result.method, result.draws, result.seeds, result.dialogues) == ("percentile", 999, 2, 5)
    assert result.estimate == pytest.approx(observed_scores(counts, weighted).mean())


def test_bca_equals_the_formula_and_scipy():
    rng = np.random.default_rng(8)
    values = np.round(rng.exponential(6, 30)).astype(int)
    counts = means_as_counts(values)
    result = dialogue_bootstrap(counts, accuracy, draws=20_000, seed=2, expanded=False)
    assert result.method == "BCa"
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(3))
    assert (result.low, result.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.15)
    drawn = bootstrap_scores(counts, accuracy, 20_000, np.random.default_rng(2)).mean(-1)
    bias = stats.norm.ppf(np.mean(drawn < values.mean() - 1e-9) + np.mean(np.abs(drawn - values.mean()) < 1e-9) / 2)
    jackknife = left_out_scores(counts, accuracy)[:, 0]
    lean = jackknife.mean() - jackknife
    skew = (lean**3).sum() / (6 * (lean**2).sum() ** 1.5)
    shares = [stats.norm.cdf(bias + (bias + z) / (1 - skew * (bias + z))) for z in stats.norm.ppf([0.025, 0.975])]
    assert (result.low, result.high) == pytest.approx(tuple(np.quantile(drawn, shares)), abs=0.02)


def test_percentiles_equal_scipys():
    values = np.random.default_rng(9).integers(-20, 25, 60)
    result = dialogue_bootstrap(means_as_counts(values), accuracy, draws=20_000, expanded=False)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(3))
    assert result.method == "percentile"
    assert (result.low, result.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.12)


def test_expanded_percentiles_are_as_wide_as_t_for_a_plain_mean():
    values = np.round(np.random.default_rng(10).normal(2, 12, 60)).astype(int)
    result = dialogue_bootstrap(means_as_counts(values), accuracy, draws=50_000)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert result.high - result.low == pytest.approx(high - low, rel=0.02)


def test_one_system_has_an_interval_of_its_own_score(make_counts, weighted):
    counts = make_counts(np.random.default_rng(3), (0.7,), lengths=(8,) * 60)
    result = dialogue_bootstrap(counts, weighted, draws=2000)
    assert result.low < result.estimate < result.high
    assert result.estimate == pytest.approx(float(weighted(counts[0].sum(1)).mean()))
    assert not result.low <= 0.0 <= result.high


def test_where_bca_does_not_exist_percentiles_stand_and_say_so():
    # Each dialogue has a class of its own: a draw never shows more classes than the test set itself.
    counts = np.zeros((1, 1, 12, 12, 12), dtype=np.int64)
    counts[0, 0, range(12), range(12), range(12)] = 1
    result = dialogue_bootstrap(counts, lambda each: 100 * (each.sum(-1) > 0).mean(-1), draws=500)
    assert (result.method, result.reason) == ("percentile", "percentiles: BCa does not exist for these draws")
    # Every draw lies below the estimate, which an interval never leaves out.
    assert (result.estimate, result.high) == (100.0, 100.0)


@pytest.mark.parametrize("dialogues", [2, 3, 5])
@pytest.mark.parametrize("alpha", [0.05, 0.01, 1e-30])
@pytest.mark.parametrize("method", ["auto", "percentile"])
def test_few_dialogues_have_an_interval_that_says_what_it_cannot_reach(dialogues, alpha, method):
    # The true value lies on one side of all dialogues with probability 2^(1 - G), for a symmetric difference.
    values = np.array([10, -4, 7, 3, 1])[:dialogues]
    result = dialogue_bootstrap(means_as_counts(values), accuracy, alpha, draws=2000, method=method)
    assert values.min() <= result.low <= values.mean() <= result.high <= values.max()
    if dialogues < 5:
        assert (result.low, result.high) == pytest.approx((values.min(), values.max()))
    level = 100 * (1 - alpha)
    most = {2: "50", 3: "75", 5: "93.75"}[dialogues]
    assert result.reason.startswith(f"cannot reach {level:g} % with {dialogues} dialogues: at most about {most} %")


def test_enough_dialogues_reach_the_level():
    values = np.array([10, -4, 7, 3, 1, 2])
    assert dialogue_bootstrap(means_as_counts(values), accuracy, draws=2000).reason == ""


@pytest.mark.parametrize("alpha", [0.5, 0.9, 0.999])
@pytest.mark.parametrize("seed", range(5))
def test_an_interval_holds_its_estimate(make_counts, weighted, alpha, seed):
    counts = make_counts(np.random.default_rng(seed), (0.7, 0.5), seeds=3, lengths=(3,) * 8)
    for function in (dialogue_bootstrap, two_level_bootstrap):
        result = function(counts, weighted, alpha, draws=500)
        assert result.low <= result.estimate <= result.high


def test_what_cannot_be_resampled_is_named(make_counts, weighted):
    counts = make_counts(np.random.default_rng(3), (0.7, 0.5))
    alike = np.stack([counts[0], counts[0]])
    assert dialogue_bootstrap(counts[:, :, :1], weighted).reason == "not testable: one dialogue"
    assert dialogue_bootstrap(counts[:, :0], weighted).reason == "not testable: no shared seed"
    assert dialogue_bootstrap(counts[:, :, :0], weighted).reason == "not testable: no dialogue"
    assert dialogue_bootstrap(alike, weighted).reason == "not testable: zero variance"
    assert dialogue_bootstrap(alike, weighted).low is None
    assert dialogue_sign_flip(counts[:, :, :1], weighted).reason == "not testable: one dialogue"
    assert dialogue_sign_flip(counts[:, :0], weighted).reason == "not testable: no shared seed"
    assert dialogue_sign_flip(counts[:, :, :0], weighted).reason == "not testable: no dialogue"
    assert dialogue_sign_flip(alike, weighted).reason == "not testable: the two systems answer alike"
    with pytest.raises(ValueError, match="two systems are needed"):
        dialogue_sign_flip(counts[:1], weighted)


def test_draws_repeat_with_their_seed(make_counts, weighted):
    counts = make_counts(np.random.default_rng(3), (0.7, 0.6), lengths=(5,) * 30)
    for function in (dialogue_bootstrap, dialogue_sign_flip, two_level_bootstrap):
        once, again, other = (function(counts, weighted, draws=500, seed=seed) for seed in (1, 1, 2))
        assert once == again != other


def test_ten_thousand_draws_of_a_whole_test_set_are_scored_hundreds_at_a_time(make_counts, weighted):
    """That takes about a second; one draw after the other would take minutes."""
    calls = []

    def counted(totals):
        calls.append(totals.shape)
        return weighted(totals)

    lengths = np.full(280, 9)
    counts = make_counts(np.random.default_rng(0), (0.62, 0.6), seeds=5, lengths=lengths, classes=7)
    for function in (dialogue_bootstrap, dialogue_sign_flip, two_level_bootstrap):
        calls.clear()
        assert function(counts, counted).draws == 10_000
        assert 0 < len(calls) <= 50
