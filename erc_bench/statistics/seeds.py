"""Tests over the seeds of one or two methods. All of them speak of further seeds on the same test set."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from erc_bench.statistics.results import (
    NO_SEEDS,
    ONE_SEED,
    ZERO_VARIANCE,
    Equivalence,
    Estimate,
    OneSampleT,
    PairedT,
    SignFlip,
    Summary,
    TTest,
    WelchT,
    shortfall,
)
from erc_bench.statistics.scores import Floats, as_scores, negligible, paired_differences
from erc_bench.statistics.student_t import t_quantile, two_sided_p, upper_p

Kind = TypeVar("Kind", bound=TTest)


def summarise(scores: npt.ArrayLike, alpha: float = 0.05) -> Summary:
    """scores: (n,), one per seed → mean, sd with n - 1, and the 1 - alpha t interval of the mean.

    The interval assumes normal scores and speaks of further seeds on the same test set.
    Raises ``ValueError`` for no scores.
    """
    values = as_scores(scores)
    if not len(values):
        raise ValueError("there are no scores to summarise")
    if len(values) == 1:
        return Summary(1, float(values[0]), reason="one seed")
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    half = t_quantile(len(values) - 1, alpha) * sd / math.sqrt(len(values))
    return Summary(len(values), mean, sd, mean - half, mean + half)


def paired_t(first: npt.ArrayLike, second: npt.ArrayLike, alpha: float = 0.05) -> PairedT:
    """first, second: (n,) scores of two methods on the same seeds → test of ``first - second``.

    Null hypothesis: the mean difference over seeds is 0, for this test set. Assumes that the
    differences are independent and normal; two-sided. Not testable: fewer than two shared seeds,
    zero variance. Source: Student, Biometrika 6 (1908).
    """
    differences, reason = paired_differences(first, second)
    return _t_test(PairedT, differences, reason, alpha)


def one_sample_t(scores: npt.ArrayLike, constant: float, alpha: float = 0.05) -> OneSampleT:
    """scores: (n,), one per seed → test of their mean less a published ``constant``.

    Null hypothesis: the mean over seeds is the constant. A published number has its own seeds, data
    and protocol, whose spread this test cannot know: it is too sure wherever they vary. Assumes
    independent normal scores; two-sided. Not testable: fewer than two seeds, zero variance.
    Source: Student, Biometrika 6 (1908).
    """
    values = as_scores(scores)
    differences, reason = paired_differences(values, np.full(len(values), float(constant)))
    return _t_test(OneSampleT, differences, reason.replace("no shared seed", "no seed"), alpha)


def _t_test(kind: type[Kind], differences: Floats, reason: str, alpha: float) -> Kind:
    n = len(differences)
    mean = float(differences.mean()) if n else None
    if mean is None or reason:
        return kind(n, mean, reason=reason)
    return kind(n, *_t_numbers(mean, float(differences.std(ddof=1)) / math.sqrt(n), n - 1, alpha))


def _t_numbers(mean: float, error: float, df: float, alpha: float) -> tuple[float, float, float, float, float, float]:
    half, t = t_quantile(df, alpha) * error, mean / error
    return mean, mean - half, mean + half, t, float(df), two_sided_p(t, df)


def welch_t(first: npt.ArrayLike, second: npt.ArrayLike, alpha: float = 0.05) -> WelchT:
    """first: (n,), second: (m,) scores of two methods on seeds of their own → test of the difference of means.

    Null hypothesis: both methods have the same mean over seeds, for this test set. Assumes
    independent normal scores, unequal variances allowed; two-sided. Where seeds are shared the
    paired test is the right one. Not testable: fewer than two seeds on a side, zero variance on
    both. Source: Welch, Biometrika 34 (1947), with Satterthwaite's degrees of freedom.
    """
    a, b = as_scores(first), as_scores(second)
    mean = float(a.mean() - b.mean()) if len(a) and len(b) else None
    if min(len(a), len(b)) < 2:
        reason = f"{ONE_SEED} on a side" if mean is not None else "not testable: no seed on a side"
        return WelchT(len(a), mean, reason=reason, n_second=len(b))
    parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    if mean is None or negligible(math.sqrt(parts.sum()), np.concatenate((a, b))):
        return WelchT(len(a), mean, reason=ZERO_VARIANCE, n_second=len(b))
    df = float(parts.sum() ** 2 / (parts**2 / (len(a) - 1, len(b) - 1)).sum())
    return WelchT(len(a), *_t_numbers(mean, math.sqrt(parts.sum()), df, alpha), n_second=len(b))


def corrected_resampled_t(differences: npt.ArrayLike, train: int, test: int, alpha: float = 0.05) -> PairedT:
    """differences: (n,), one for each fold of a cross-validation → t-test that allows for shared training data.

    ``train`` and ``test`` are the utterances (or dialogues) that each fold was trained and scored on. Folds share
    most of what they were trained on, so their differences vary less than those of new data would: the variance is
    multiplied by 1/n + test/train in place of 1/n. Null hypothesis: the methods are equal on further data of the same
    kind. Not for seeds on one test set, which share all of it: there is no test/train that would make up for that.
    Two-sided. Not testable: fewer than two folds, zero variance. Raises ``ValueError`` for sizes below 1. Source:
    Nadeau and Bengio, Machine Learning 52 (2003), Eq. 8 and 12.
    """
    if train < 1 or test < 1:
        raise ValueError(f"folds are trained and scored on something, got {train} and {test} utterances")
    values = as_scores(differences)
    values, reason = paired_differences(values, np.zeros(len(values)))
    n = len(values)
    mean = float(values.mean()) if n else None
    if mean is None or reason:
        return PairedT(n, mean, reason=reason.replace("seed", "fold"))
    error = math.sqrt((1 / n + test / train) * float(values.var(ddof=1)))
    return PairedT(n, *_t_numbers(mean, error, n - 1, alpha))


def equivalence(first: npt.ArrayLike, second: npt.ArrayLike, margin: float, alpha: float = 0.05) -> Equivalence:
    """first, second: (n,) scores on the same seeds → whether they differ by less than ``margin`` points.

    Null hypothesis: the mean difference over seeds is at least ``margin`` in one direction or the
    other, for this test set. p is the larger of two one-sided paired t-tests; p ≤ alpha says that
    the methods are equivalent, which a large p of the usual test never does. The margin must be
    chosen before looking. Assumes independent normal differences. Not testable: fewer than two
    shared seeds, zero variance. Raises ``ValueError`` unless the margin is positive.
    Source: Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15 (1987).
    """
    if not margin > 0:
        raise ValueError(f"the margin must be positive, got {margin}")
    differences, reason = paired_differences(first, second)
    n = len(differences)
    mean = float(differences.mean()) if n else None
    if mean is None or reason:
        return Equivalence(n, mean, margin, reason=reason)
    error = float(differences.std(ddof=1)) / math.sqrt(n)
    p = upper_p((margin - abs(mean)) / error, n - 1)
    half = t_quantile(n - 1, 2 * alpha) * error
    return Equivalence(n, mean, margin, mean - half, mean + half, p, p <= alpha)


def hedges_g(first: npt.ArrayLike, second: npt.ArrayLike) -> Estimate:
    """first, second: (n,) scores on the same seeds → Hedges' g_z, the difference in its own sds.

    g_z = J(n - 1) · mean / sd of the differences, with the exact small-sample correction
    J(m) = Γ(m/2) / (√(m/2) Γ((m - 1)/2)). Source: Hedges, J. Educ. Stat. 6 (1981), Eq. 6e.
    With two seeds J is 0, and an unbiased estimate does not exist.
    """
    differences, reason = paired_differences(first, second)
    if reason:
        return Estimate(None, reason.replace("not testable", "not estimable"))
    m = len(differences) - 1
    if m == 1:
        return Estimate(None, "not estimable: two seeds")
    correction = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    return Estimate(correction * float(differences.mean()) / float(differences.std(ddof=1)))


def correlation(first: npt.ArrayLike, second: npt.ArrayLike) -> Estimate:
    """first, second: (n,) scores on the same seeds → Pearson's r: the gain from pairing by seed."""
    a, b = as_scores(first), as_scores(second)
    if len(a) < 3:
        return Estimate(None, "not estimable: fewer than three seeds")
    if negligible(float(a.std()), a) or negligible(float(b.std()), b):
        return Estimate(None, "not estimable: zero variance")
    return Estimate(float(np.clip(np.corrcoef(a, b)[0, 1], -1.0, 1.0)))


# Beyond this the signs are drawn: memory holds 2^20 sums for each half of the seeds at ease.
MOST_EXACT_SEEDS = 40


def sign_flip(
    first: npt.ArrayLike, second: npt.ArrayLike, alpha: float = 0.05, draws: int = 10_000, seed: int = 0
) -> SignFlip:
    """first, second: (n,) scores on the same seeds → p over the signs of the differences.

    Null hypothesis: each difference is as likely with the opposite sign (symmetry around 0), for
    this test set; no distribution is assumed. Two-sided: the share of sign choices whose sum is at
    least as far from 0 as the observed one. Exact over all 2^n choices up to 40 seeds; beyond, p is
    (hits + 1)/(draws + 1) over ``draws`` random choices. ``reason`` says when so few seeds cannot
    reach ``alpha`` (fewer than six at 0.05). Raises ``ValueError`` for unequal lengths.
    Source: Fisher, The Design of Experiments (1935), section 21.
    """
    a, b = as_scores(first), as_scores(second)
    if a.shape != b.shape:
        raise ValueError(f"scores must be paired, got {len(a)} and {len(b)}")
    differences = a - b
    n = len(differences)
    if n < 2:
        return SignFlip(n, None, 1.0, ONE_SEED) if n else SignFlip(0, None, None, NO_SEEDS)
    exact = n <= MOST_EXACT_SEEDS
    p = _exact_p(differences) if exact else _drawn_p(differences, draws, seed)
    smallest = 2.0 ** (1 - n) if exact else 1.0 / (draws + 1)
    return SignFlip(n, p, smallest, shortfall(smallest, alpha, f"{n} seeds"), None if exact else draws)


def _threshold(differences: Floats) -> float:
    # Sums that are equal on paper may differ in their last bits.
    return abs(float(differences.sum())) - 1e-9 * float(np.abs(differences).sum())


def _exact_p(differences: Floats) -> float:
    n, threshold = len(differences), _threshold(differences)
    if threshold <= 0:
        return 1.0
    # Every sum is one of the first half plus one of the second: 2^(n/2) sums each, not 2^n.
    ones = np.sort(_signed_sums(differences[: n // 2]))
    others = _signed_sums(differences[n // 2 :])
    above = len(ones) - np.searchsorted(ones, threshold - others, side="left")
    below = np.searchsorted(ones, -threshold - others, side="right")
    return float((above.sum() + below.sum()) / 2.0**n)


def _signed_sums(values: Floats) -> Floats:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def _drawn_p(differences: Floats, draws: int, seed: int) -> float:
    signs = 1.0 - 2.0 * np.random.default_rng(seed).integers(0, 2, (draws, len(differences)))
    hits = int((np.abs(signs @ differences) >= _threshold(differences)).sum())
    return (hits + 1) / (draws + 1)
