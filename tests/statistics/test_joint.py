import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from erc_bench.statistics import metrics
from erc_bench.statistics.dialogues import dialogue_bootstrap
from erc_bench.statistics.joint import joint_test, two_level_bootstrap
from erc_bench.statistics.metrics import accuracy, leave_one_out, weighted_f1
from erc_bench.statistics.resampling import left_out_scores, observed_scores
from erc_bench.statistics.seeds import paired_t

points = st.floats(0, 100).map(lambda value: round(value, 2))
paired = st.lists(st.tuples(points, points), min_size=2, max_size=10).map(lambda rows: tuple(zip(*rows, strict=True)))


def test_joint_test_by_hand():
    # Seeds: variance 1, three of them. Dialogues: left-out values whose jackknife variance is 3/4 * 2.
    result = joint_test([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 2.0])
    by_seed, by_dialogue = 1 / 3, 3 / 4 * 2
    df = (by_seed + by_dialogue) ** 2 / (by_seed**2 / 2 + by_dialogue**2 / 3)
    assert (result.seed_variance, result.dialogue_variance) == pytest.approx((by_seed, by_dialogue))
    assert (result.t, result.df) == pytest.approx((2 / math.sqrt(by_seed + by_dialogue), df))
    assert result.p == pytest.approx(2 * stats.t.sf(result.t, df))
    assert (result.low + result.high) / 2 == pytest.approx(2.0)


def test_joint_test_of_a_mean_over_equal_dialogues_has_the_textbook_variance():
    # For a plain mean the jackknife variance is the sample variance over dialogues divided by G.
    by_dialogue = np.random.default_rng(1).normal(0.3, 1, 40)
    left_out = (by_dialogue.sum() - by_dialogue) / 39
    result = joint_test([by_dialogue.mean()] * 4, left_out)
    theirs = stats.ttest_1samp(by_dialogue, 0)
    assert (result.t, result.df, result.p) == pytest.approx((theirs.statistic, 39, theirs.pvalue))


@pytest.mark.parametrize(
    ("differences", "left_out", "reason"),
    [
        ([], [1.0, 2.0], "not testable: no shared seed"),
        ([1.0], [1.0, 2.0], "not testable: one seed"),
        ([1.0, 2.0], [1.0], "not testable: one dialogue"),
        ([1.0, 1.0], [1.0, 1.0, 1.0], "not testable: zero variance"),
    ],
)
def test_joint_test_that_cannot_be_done(differences, left_out, reason):
    result = joint_test(differences, left_out)
    assert (result.reason, result.p) == (reason, None)


@given(paired, st.lists(points, min_size=2, max_size=10))
def test_joint_test_is_no_bolder_than_the_seeds_alone(scores, left_out):
    differences = np.subtract(*scores)
    seeds, joint = paired_t(*scores), joint_test(differences, left_out)
    assume(not seeds.reason)
    assert abs(joint.t) <= abs(seeds.t) * (1 + 1e-9)
    assert min(len(differences), len(left_out)) - 1 <= joint.df * (1 + 1e-9)
    assert joint.df <= (len(differences) + len(left_out) - 2) * (1 + 1e-9)


def test_joint_test_holds_its_level_where_the_seed_test_does_not():
    # Two methods equal in expectation over dialogues, each with its own taste for dialogues.
    rng = np.random.default_rng(7)
    runs, seeds, dialogues = 400, 5, 60
    taste = rng.normal(0, 1, (runs, 1, dialogues))
    differences = taste + rng.normal(0, 0.3, (runs, seeds, 1)) + rng.normal(0, 1, (runs, seeds, dialogues))
    by_seed = differences.mean(2)
    averaged = differences.mean(1)
    left_out = (averaged.sum(1, keepdims=True) - averaged) / (dialogues - 1)
    alone = np.mean([paired_t(row, np.zeros(seeds)).p <= 0.05 for row in by_seed])
    joint = np.mean([joint_test(*row).p <= 0.05 for row in zip(by_seed, left_out, strict=True)])
    assert joint <= 0.075 < alone


def test_the_jackknife_of_a_test_split_scores_all_dialogues_at_once(monkeypatch):
    calls = []

    def counted(totals, scored):
        calls.append(totals.shape)
        return weighted_f1(totals, scored)

    monkeypatch.setitem(metrics._METRICS, "weighted_f1", counted)
    counts = np.random.default_rng(0).integers(0, 3, (5, 280, 7, 7))
    left_out = leave_one_out(counts, "weighted_f1")
    assert left_out.shape == (5, 280)
    assert left_out[3, 17] == pytest.approx(float(weighted_f1(np.delete(counts[3], 17, 0).sum(0))))
    assert calls == [(5, 280, 7, 7)]


def seed_and_dialogue_effects(of_seed, of_dialogue):
    """Return counts of two systems whose accuracy differs by of_seed[s] + of_dialogue[g] points."""
    counts = np.zeros((2, len(of_seed), len(of_dialogue), 2, 2), dtype=np.int64)
    right = 50 + np.add.outer(of_seed, of_dialogue)
    counts[0, :, :, 0, 0], counts[0, :, :, 0, 1] = right, 100 - right
    counts[1, :, :, 0, :] = 50
    return counts


def test_two_level_draws_have_the_variance_of_both_levels():
    rng = np.random.default_rng(4)
    of_seed, of_dialogue = np.array([0, 6, -4, 2, 8]), rng.integers(-20, 21, 60)
    counts = seed_and_dialogue_effects(of_seed, of_dialogue)
    interval = two_level_bootstrap(counts, accuracy, draws=40_000, expanded=False)
    # Both levels are drawn with replacement and add up here: no n - 1 in these variances.
    sd = math.sqrt(of_seed.var() / 5 + of_dialogue.var() / 60)
    width = 2 * stats.norm.ppf(0.975) * sd
    assert interval.high - interval.low == pytest.approx(width, rel=0.03)
    assert interval.estimate == pytest.approx(of_seed.mean() + of_dialogue.mean())


def test_two_level_interval_is_as_wide_as_the_joint_test():
    rng = np.random.default_rng(4)
    of_seed, of_dialogue = np.array([0, 6, -4, 2, 8, 1, -3]), rng.integers(-20, 21, 80)
    counts = seed_and_dialogue_effects(of_seed, of_dialogue)
    interval = two_level_bootstrap(counts, accuracy, draws=40_000)
    joint = joint_test(observed_scores(counts, accuracy), left_out_scores(counts, accuracy).mean(-1))
    assert interval.high - interval.low == pytest.approx(joint.high - joint.low, rel=0.05)
    assert interval.estimate == pytest.approx(joint.difference)
    assert (interval.seeds, interval.dialogues, interval.draws) == (7, 80, 40_000)


def test_seeds_that_do_not_vary_leave_the_dialogues():
    counts = seed_and_dialogue_effects(np.zeros(4, dtype=int), np.random.default_rng(1).integers(-20, 21, 60))
    both, dialogues = (f(counts, accuracy, draws=20_000) for f in (two_level_bootstrap, dialogue_bootstrap))
    assert (both.low, both.high) == pytest.approx((dialogues.low, dialogues.high), abs=0.05)


@pytest.mark.parametrize(
    ("seeds", "dialogues", "reason"),
    [
        (0, 3, "not testable: no shared seed"),
        (1, 3, "not testable: one seed"),
        (3, 0, "not testable: no dialogue"),
        (3, 1, "not testable: one dialogue"),
        (3, 4, "not testable: zero variance"),
    ],
)
def test_two_level_bootstrap_that_cannot_be_done(seeds, dialogues, reason):
    counts = seed_and_dialogue_effects(np.zeros(seeds, dtype=int), np.zeros(dialogues, dtype=int))
    result = two_level_bootstrap(counts, accuracy)
    assert (result.low, result.high, result.reason) == (None, None, reason)
