"""Statistics for a few seeds: pure functions of numbers, each with its null hypothesis.

Where a quantity does not exist (one seed, no variance) the result says so in ``reason`` and its
numbers are ``None``: never nan, never infinity, never p = 0. Only :mod:`scipy.special` is used,
because importing :mod:`scipy.stats` alone takes a second.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

ONE_SEED = "not testable: one seed"
NO_SEEDS = "not testable: no shared seed"
ZERO_VARIANCE = "not testable: zero variance"
# Scores of equal spread differ in their last bits: less than this share of their size is rounding.
_ROUNDING = 1e-12
_MOST_SIGNS = 40


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation (n - 1) and t interval of n scores."""

    n: int
    mean: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class PairedT:
    """A paired t-test of n differences, with the interval of their mean."""

    n: int
    difference: float | None
    low: float | None = None
    high: float | None = None
    t: float | None = None
    df: float | None = None
    p: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class SignFlip:
    """An exact sign-flip test; ``smallest_p`` is the least that n differences can give."""

    n: int
    p: float | None
    smallest_p: float | None
    reason: str = ""

    def can_reach(self, alpha: float) -> bool:
        """Whether any outcome of this many differences is significant at ``alpha``."""
        return self.smallest_p is not None and self.smallest_p <= alpha


@dataclass(frozen=True)
class Estimate:
    """One number, or the reason why there is none."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class JointTest:
    """A test over seeds and dialogues; the two shares add up to the variance of the difference."""

    difference: float | None
    low: float | None = None
    high: float | None = None
    t: float | None = None
    df: float | None = None
    p: float | None = None
    seed_variance: float | None = None
    dialogue_variance: float | None = None
    reason: str = ""


def summarise(scores: Sequence[float], alpha: float = 0.05) -> Summary:
    """scores: (n,), one per seed → mean, sd with n - 1, and the 1 - alpha t interval of the mean.

    The interval assumes normal scores and speaks of further seeds on the same test set.
    Raises ``ValueError`` for no scores.
    """
    values = np.asarray(scores, dtype=float)
    if not len(values):
        raise ValueError("there are no scores to summarise")
    if len(values) == 1:
        return Summary(1, float(values[0]), reason="one seed")
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    half = _t_quantile(len(values) - 1, alpha) * sd / math.sqrt(len(values))
    return Summary(len(values), mean, sd, mean - half, mean + half)


def paired_t(first: Sequence[float], second: Sequence[float], alpha: float = 0.05) -> PairedT:
    """first, second: (n,) scores of two methods on the same seeds → test of ``first - second``.

    Null hypothesis: the mean difference over seeds is 0, for this test set. Assumes that the
    differences are independent and normal; two-sided. Source: Student, Biometrika 6 (1908).
    """
    differences, reason = _differences(first, second)
    n = len(differences)
    mean = float(differences.mean()) if n else None
    if mean is None or reason:
        return PairedT(n, mean, reason=reason)
    error = float(differences.std(ddof=1)) / math.sqrt(n)
    half = _t_quantile(n - 1, alpha) * error
    t = mean / error
    return PairedT(n, mean, mean - half, mean + half, t, float(n - 1), _two_sided_p(t, n - 1))


def sign_flip(first: Sequence[float], second: Sequence[float]) -> SignFlip:
    """first, second: (n,) scores on the same seeds → exact p over all 2^n signs of the differences.

    Null hypothesis: each difference is as likely with the opposite sign (symmetry around 0); no
    distribution is assumed. Two-sided: the share of sign choices whose sum is at least as far from
    0 as the observed one. Source: Fisher, The Design of Experiments (1935), section 21.
    """
    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    n = len(differences)
    if n == 0:
        return SignFlip(0, None, None, NO_SEEDS)
    if n == 1:
        return SignFlip(1, None, 1.0, ONE_SEED)
    smallest = 2.0 ** (1 - n)
    if n > _MOST_SIGNS:
        return SignFlip(n, None, smallest, f"not computed: more than {_MOST_SIGNS} seeds")
    observed = abs(float(differences.sum()))
    threshold = observed - 1e-9 * float(np.abs(differences).sum())
    if threshold <= 0:
        return SignFlip(n, 1.0, smallest)
    # Every sum is one of the first half plus one of the second: 2^(n/2) sums each, not 2^n.
    ones = np.sort(_signed_sums(differences[: n // 2]))
    others = _signed_sums(differences[n // 2 :])
    above = len(ones) - np.searchsorted(ones, threshold - others, side="left")
    below = np.searchsorted(ones, -threshold - others, side="right")
    return SignFlip(n, float((above.sum() + below.sum()) / 2.0**n), smallest)


def _signed_sums(values: Floats) -> Floats:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def holm(p_values: Sequence[float]) -> list[float]:
    """p_values: (m,), one family → (m,) adjusted p-values, in the order given.

    Rejecting where the adjusted value is at most alpha keeps the chance of any false rejection in
    the family at most alpha, whatever the dependence. Source: Holm, Scand. J. Stat. 6 (1979).
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.maximum.accumulate(np.minimum(np.asarray(p_values, dtype=float)[order] * factors, 1.0))
    result = np.empty(len(p_values))
    result[order] = adjusted
    return [float(value) for value in result]


def hedges_g(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """first, second: (n,) scores on the same seeds → Hedges' g_z, the difference in its own sds.

    g_z = J(n - 1) · mean / sd of the differences, with the exact small-sample correction
    J(m) = Γ(m/2) / (√(m/2) Γ((m - 1)/2)). Source: Hedges, J. Educ. Stat. 6 (1981), Eq. 6e.
    With two seeds J is 0 and there is no unbiased estimate.
    """
    differences, reason = _differences(first, second)
    if reason:
        return Estimate(None, reason.replace("not testable", "not estimable"))
    m = len(differences) - 1
    if m == 1:
        return Estimate(None, "not estimable: two seeds")
    correction = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    return Estimate(correction * float(differences.mean()) / float(differences.std(ddof=1)))


def detectable_effect(
    first: Sequence[float], second: Sequence[float], alpha: float = 0.05, power: float = 0.8
) -> Estimate:
    """first, second: (n,) scores on the same seeds → the smallest difference that would be found.

    The true mean difference, in the unit of the scores, at which a two-sided paired t-test with
    this n and the observed sd of the differences rejects with probability ``power`` at ``alpha``
    (uncorrected). Source: the noncentral t distribution; Cohen, Statistical Power Analysis (1988).
    """
    differences, reason = _differences(first, second)
    if reason:
        return Estimate(None, reason.replace("not testable", "not estimable"))
    n = len(differences)
    return Estimate(_noncentrality(n - 1, alpha, power) * float(differences.std(ddof=1)) / math.sqrt(n))


def t_power(noncentrality: float, df: float, alpha: float = 0.05) -> float:
    """Return the chance that a two-sided t-test rejects when t is noncentral with this parameter."""
    critical = _t_quantile(df, alpha)
    tails = special.nctdtr(df, noncentrality, np.array([critical, -critical]))
    # scipy gives nan in the far tail, where the true value is below rounding.
    within, beyond = np.nan_to_num(tails, nan=0.0)
    return float(1.0 - within + beyond)


def _noncentrality(df: float, alpha: float, power: float) -> float:
    low, high = 0.0, 1.0
    while t_power(high, df, alpha) < power:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if t_power(middle, df, alpha) < power else (low, middle)
    return high


def joint_test(
    differences: Sequence[float], without_dialogue: Sequence[float] | Floats, alpha: float = 0.05
) -> JointTest:
    """Test a difference over seeds and dialogues at once.

    differences: (n,), one per shared seed, on the whole test set. without_dialogue: (G,), the
    seed-averaged difference with one dialogue left out each time, because a metric such as F1 is
    no mean over dialogues.

    Null hypothesis: the mean difference is 0 for further seeds *and* further dialogues of the same
    kind. With s²_seed the variance over seeds and s²_dialogue that of the jackknife's pseudo-values,
    V = s²_seed/n + s²_dialogue/G and t = mean/√V has about V²/Σ(part²/df) degrees of freedom. What
    seed and dialogue share is counted in both parts, so the test errs on the careful side. Assumes
    independent dialogues and roughly normal parts. Sources: Satterthwaite, Biometrics Bulletin 2
    (1946); Efron and Stein, Annals of Statistics 9 (1981).
    """
    values, left_out = np.asarray(differences, dtype=float), np.asarray(without_dialogue, dtype=float)
    n, groups = len(values), len(left_out)
    mean = float(values.mean()) if n else None
    if mean is None or n < 2:
        return JointTest(mean, reason=ONE_SEED if n else NO_SEEDS)
    if groups < 2:
        return JointTest(mean, reason="not testable: one dialogue")
    by_seed = float(values.var(ddof=1)) / n
    by_dialogue = (groups - 1) / groups * float(((left_out - left_out.mean()) ** 2).sum())
    variance = by_seed + by_dialogue
    if math.sqrt(variance) <= 100 * _ROUNDING:  # scores are points, 0 to 100
        return JointTest(mean, reason=ZERO_VARIANCE)
    df = variance**2 / (by_seed**2 / (n - 1) + by_dialogue**2 / (groups - 1))
    error = math.sqrt(variance)
    half, t = _t_quantile(df, alpha) * error, mean / error
    return JointTest(mean, mean - half, mean + half, t, df, _two_sided_p(t, df), by_seed, by_dialogue)


def correlation(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """first, second: (n,) scores on the same seeds → Pearson's r: what pairing by seed bought."""
    if len(first) < 3:
        return Estimate(None, "not estimable: fewer than three seeds")
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if _negligible(a.std(), a) or _negligible(b.std(), b):
        return Estimate(None, "not estimable: zero variance")
    return Estimate(float(np.clip(np.corrcoef(a, b)[0, 1], -1.0, 1.0)))


def _differences(first: Sequence[float], second: Sequence[float]) -> tuple[Floats, str]:
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"scores must be paired, got {len(a)} and {len(b)}")
    differences = a - b
    if len(differences) < 2:
        return differences, ONE_SEED if len(differences) else NO_SEEDS
    constant = _negligible(differences.std(), np.concatenate((a, b)))
    return differences, ZERO_VARIANCE if constant else ""


def _negligible(spread: float, values: Floats) -> bool:
    return bool(spread <= _ROUNDING * np.abs(values).max())


def _t_quantile(df: float, alpha: float) -> float:
    return -float(special.stdtrit(df, alpha / 2.0))


def _two_sided_p(t: float, df: float) -> float:
    return max(2.0 * float(special.stdtr(df, -abs(t))), sys.float_info.min)
