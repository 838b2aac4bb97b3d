import itertools

import numpy as np
import pytest

from erc_bench.statistics.metrics import leave_one_out
from erc_bench.statistics.resampling import (
    bootstrap_scores,
    check_counts,
    cluster_counts,
    left_out_scores,
    observed_scores,
    times_drawn,
)


def all_draws(counts, weighted):
    """Return the seed-averaged difference of each of the 5^5 = 3125 equally likely draws."""
    values = []
    for chosen in itertools.product(range(5), repeat=5):
        drawn = counts[:, :, list(chosen)].sum(2)
        values.append((weighted(drawn[0]) - weighted(drawn[1])).mean())
    return np.sort(values)


def test_draws_follow_the_exact_distribution_of_all_3125(make_counts, weighted):
    counts = make_counts(np.random.default_rng(3), (0.7, 0.5))
    exact = all_draws(counts, weighted)
    drawn = np.sort(bootstrap_scores(counts, weighted, 20_000, np.random.default_rng(0)).mean(-1))
    # Every draw is one of the exact values ...
    nearest = np.abs(exact[np.searchsorted(exact, drawn - 1e-9).clip(max=3124)] - drawn)
    assert nearest.max() < 1e-8
    # ... and as frequent: Kolmogorov's distance is below its 0.999 quantile.
    at = np.unique(np.round(exact, 9)) + 1e-7
    distance = np.abs(np.searchsorted(drawn, at) / 20_000 - np.searchsorted(exact, at) / 3125)
    assert distance.max() < 1.95 / np.sqrt(20_000)


def test_a_draw_has_as_many_clusters_as_there_are():
    weights = times_drawn(np.random.default_rng(0), 7, 5000)
    assert (weights.sum(1) == 7).all()
    # Multinomial: mean 1, variance 1 - 1/7, covariance -1/7.
    expected = np.eye(7) - 1 / 7
    assert weights.mean(0) == pytest.approx(np.ones(7), abs=0.06)
    assert np.cov(weights.T) == pytest.approx(expected, abs=0.08)


def test_scores_from_counts_are_those_of_the_whole_test_set(make_counts, weighted):
    counts = make_counts(np.random.default_rng(1), (0.8, 0.4), seeds=3)
    expected = [float(weighted(counts[0, s].sum(0)) - weighted(counts[1, s].sum(0))) for s in range(3)]
    assert observed_scores(counts, weighted) == pytest.approx(expected)
    assert observed_scores(counts[:1], weighted) == pytest.approx([float(weighted(c.sum(0))) for c in counts[0]])


def test_left_out_scores_are_the_jackknife(make_counts, weighted):
    counts = make_counts(np.random.default_rng(1), (0.8, 0.4), seeds=3)
    theirs = leave_one_out(counts, "weighted_f1")
    assert left_out_scores(counts, weighted) == pytest.approx((theirs[0] - theirs[1]).T)


def test_dialogues_of_one_session_become_one_cluster(make_counts):
    counts = make_counts(np.random.default_rng(1))
    merged = cluster_counts(counts, ["s1", "s2", "s1", "s3", "s2"])
    assert merged.shape == (2, 2, 3, 3, 3)
    assert (merged[:, :, 0] == counts[:, :, 0] + counts[:, :, 2]).all()
    assert (merged[:, :, 1] == counts[:, :, 1] + counts[:, :, 4]).all()
    assert (merged[:, :, 2] == counts[:, :, 3]).all()
    with pytest.raises(ValueError, match="one cluster per dialogue"):
        cluster_counts(counts, ["s1"])


def test_counts_of_other_utterances_are_an_error(make_counts):
    counts = make_counts(np.random.default_rng(1))
    check_counts(counts)
    with pytest.raises(ValueError, match=r"\(1 or 2, seeds, dialogues, classes, classes\)"):
        check_counts(counts[0])
    counts[1, 0, 2] += 1
    with pytest.raises(ValueError, match="the same utterances"):
        check_counts(counts)
