"""Tests over dialogues: how the trained systems at hand would differ on further dialogues.

All of them read confusion counts per dialogue. Where dialogues belong together (scenes of an
episode, dialogues of a session), add them up first with
:func:`~erc_bench.statistics.resampling.cluster_counts`: the clusters take the place of dialogues.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from erc_bench.statistics.resampling import (
    Counts,
    Score,
    bootstrap_scores,
    check_counts,
    in_chunks,
    left_out_scores,
    observed_scores,
    weighted_totals,
)
from erc_bench.statistics.results import (
    ALIKE,
    NO_SEEDS,
    ONE_DIALOGUE,
    ZERO_VARIANCE,
    BootstrapInterval,
    ClusterEffect,
    DialogueSignFlip,
    McNemar,
    counted,
    shortfall,
)
from erc_bench.statistics.scores import ROUNDING, Floats, check_level
from erc_bench.statistics.student_t import t_quantile

FEW_DIALOGUES = 50
"""With fewer dialogues than this the interval is corrected for bias and skew (BCa)."""

Method = Literal["auto", "percentile", "BCa"]


def dialogue_bootstrap(
    counts: Counts,
    score: Score,
    alpha: float = 0.05,
    draws: int = 10_000,
    seed: int = 0,
    method: Method = "auto",
    expanded: bool = True,
) -> BootstrapInterval:
    """Return the interval of a difference over further dialogues, for the systems as they are trained.

    counts: (systems, seeds, dialogues, classes, classes); two systems: the first less the second,
    one system: its own score; always averaged over seeds. Dialogues are drawn with replacement, the
    same for both systems and all seeds, and the score is computed again from the counts.

    Null hypothesis of "0 lies outside": the seed-averaged score is equal in the population of
    dialogues. Assumes independent dialogues; variation between further seeds is not in the interval.
    ``auto`` reads percentiles, under 50 dialogues with the BCa correction. ``expanded`` moves the
    percentiles outwards (those of t with G - 1 degrees of freedom, and √(G/(G - 1)) for the
    bootstrap's too small variance), without which 1 - alpha is not reached. The interval always holds
    the estimate. Not testable: no seed, one dialogue, zero variance. Where BCa does not exist ``reason``
    says so and the percentiles stand; likewise where so few dialogues cannot reach 1 - alpha.
    Sources: Efron, J. Am. Stat. Assoc. 82 (1987); Hesterberg, American Statistician 69 (2015).
    """
    check_level(alpha)
    check_counts(counts)
    seeds, dialogues = counts.shape[1:3]
    if not seeds or not dialogues:
        return BootstrapInterval(None, reason=NO_SEEDS if dialogues else "not testable: no dialogue")
    observed = float(observed_scores(counts, score).mean())
    sizes = {"draws": draws, "seeds": seeds, "dialogues": dialogues}
    if dialogues == 1:
        return BootstrapInterval(observed, **sizes, reason=ONE_DIALOGUE)
    drawn = bootstrap_scores(counts, score, draws, np.random.default_rng(seed)).mean(-1)
    if float(drawn.std()) <= 100 * ROUNDING:  # scores are points, 0 to 100
        return BootstrapInterval(observed, **sizes, reason=ZERO_VARIANCE)
    tail = expanded_tail(alpha, dialogues - 1, dialogues / (dialogues - 1)) if expanded else alpha / 2
    wanted = method if method != "auto" else ("BCa" if dialogues < FEW_DIALOGUES else "percentile")
    corrected = _bca_tails(drawn, observed, left_out_scores(counts, score).mean(-1), tail) if wanted == "BCa" else None
    reasons = [_too_few(dialogues, alpha)]
    if wanted == "BCa" and corrected is None:
        wanted, reasons = "percentile", [*reasons, "percentiles: BCa does not exist for these draws"]
    low, high = percentiles(drawn, corrected or (tail, 1 - tail), observed)
    error = float(drawn.std()) * math.sqrt(dialogues / (dialogues - 1))
    reason = "; ".join(filter(None, reasons))
    return BootstrapInterval(observed, low, high, wanted, **sizes, reason=reason, standard_error=error)


def _too_few(dialogues: int, alpha: float) -> str:
    """Name the limit of so few dialogues: no draw goes beyond all of them, where the truth may lie."""
    missed = 2.0 ** (1 - dialogues)
    if missed <= alpha:
        return ""
    return (
        f"cannot reach {100 * (1 - alpha):g} % with {counted(dialogues, 'dialogue')}:"
        f" at most about {100 * (1 - missed):g} %"
    )


def percentiles(drawn: Floats, shares: tuple[float, float], observed: float) -> tuple[float, float]:
    """Return bounds for these shares of all draws, had there been more; the estimate lies between them."""
    low, high = np.quantile(drawn, shares, method="weibull")
    return min(float(low), observed), max(float(high), observed)


def expanded_tail(alpha: float, df: float, variance_ratio: float) -> float:
    """Return the share of draws to cut off on each side so that the interval is as wide as that of t.

    ``variance_ratio`` is the variance of the estimate over that of the draws.
    """
    return float(special.ndtr(-t_quantile(df, alpha) * math.sqrt(variance_ratio)))


def _bca_tails(drawn: Floats, observed: float, left_out: Floats, tail: float) -> tuple[float, float] | None:
    tolerance = 100 * ROUNDING
    below, above = (drawn < observed - tolerance).mean(), (drawn > observed + tolerance).mean()
    bias = float(special.ndtri((below + 1.0 - above) / 2.0))
    deviations = left_out.mean() - left_out
    spread = float((deviations**2).sum()) ** 1.5
    if not math.isfinite(bias) or spread <= 0:
        return None
    skew = float((deviations**3).sum()) / (6.0 * spread)
    # 1 - tail is 1 where the tail is far out, and its quantile infinite; that of the tail is not.
    quantile = float(special.ndtri(tail))
    shifts = [bias + quantile, bias - quantile]
    if not math.isfinite(quantile) or any(skew * shift >= 1 for shift in shifts):
        return None
    low, high = (float(special.ndtr(bias + shift / (1 - skew * shift))) for shift in shifts)
    return low, high


def dialogue_sign_flip(
    counts: Counts, score: Score, alpha: float = 0.05, draws: int = 10_000, seed: int = 0
) -> DialogueSignFlip:
    """Test the difference of two systems by swapping their answers in whole dialogues.

    counts: (2, seeds, dialogues, classes, classes). In every draw each dialogue's answers, of all
    seeds together, change sides with probability 1/2, and the seed-averaged difference of the score
    is computed again from the counts. This is the test to use for two sets of predictions.

    Null hypothesis: within a dialogue it does not matter which system gave which answers, for the
    systems as they are trained. Assumes independent dialogues, no distribution, and lets the answers
    of one dialogue depend on each other; two-sided. Exact over all swaps where these are at
    most ``draws``; else p is (hits + 1)/(draws + 1). ``reason`` says when so few dialogues cannot
    reach ``alpha``. Not testable: no seed, one dialogue, systems that answer alike.
    Sources: Fisher, The Design of Experiments (1935), section 21; Noreen, Computer-Intensive
    Methods for Testing Hypotheses (1989).
    """
    check_level(alpha)
    check_counts(counts)
    if counts.shape[0] != 2:
        raise ValueError(f"two systems are needed, got {counts.shape[0]}")
    seeds, dialogues = counts.shape[1:3]
    if not seeds or not dialogues:
        return DialogueSignFlip(dialogues, None, None, "not testable: no dialogue" if seeds else NO_SEEDS)
    observed = float(observed_scores(counts, score).mean())
    moved = counts[0].astype(np.int64) - counts[1]
    differs = moved.any(axis=(0, 2, 3))
    differing = int(differs.sum())
    reason = ONE_DIALOGUE if dialogues == 1 else "" if differing else ALIKE
    if reason:
        return DialogueSignFlip(dialogues, None, None, reason, observed, differing)
    exact = 2**differing <= draws
    swapped = _swapped(moved[:, differs], counts.sum((0, 2)), score, None if exact else draws, seed)
    hits = int((np.abs(swapped) >= abs(observed) - 1e-9).sum())
    p = hits / len(swapped) if exact else (hits + 1) / (draws + 1)
    smallest = 2.0 ** (1 - differing) if exact else 1 / (draws + 1)
    reason = shortfall(smallest, alpha, counted(differing, "differing dialogue"))
    return DialogueSignFlip(dialogues, p, smallest, reason, observed, differing, None if exact else draws)


def _swapped(moved: Counts, totals: Counts, score: Score, draws: int | None, seed: int) -> Floats:
    """Return the difference after each swap; ``draws=None`` goes through all swaps.

    moved: (seeds, dialogues, classes, classes), first less second system; totals: (seeds, classes,
    classes), both systems together → (draws,).
    """
    dialogues = moved.shape[1]
    rng = np.random.default_rng(seed)

    def differences(stays: npt.NDArray[np.int64]) -> Floats:
        shifts = weighted_totals(np.where(stays, 1.0, -1.0), moved)
        return np.asarray((score((totals + shifts) / 2) - score((totals - shifts) / 2)).mean(-1))

    if draws is None:
        return differences((np.arange(2**dialogues)[:, None] >> np.arange(dialogues)) & 1)
    return in_chunks(draws, lambda size: differences(rng.integers(0, 2, (size, dialogues))))


def intra_cluster_correlation(values: npt.ArrayLike, clusters: Sequence[Hashable]) -> ClusterEffect:
    """values: (n,), one per utterance; clusters: n dialogues (or episodes, sessions) → their correlation.

    ``values`` are the averaged numbers: 1 for a right answer, 0 for a wrong one, or their difference between
    two systems (-1, 0, 1). With the mean squares between (MSB) and within (MSW) k clusters of mean
    size m₀ = (n - Σnᵢ²/n)/(k - 1), the correlation is (MSB - MSW)/(MSB + (m₀ - 1)MSW); it can come
    out below 0, and is cut off at -1. The design effect 1 + (Σnᵢ²/n - 1)·max(correlation, 0) is the factor by which the
    variance of the mean exceeds that of n independent utterances. Assumes a common correlation in
    all clusters. Not estimable: one cluster, every cluster of one utterance, zero variance.
    Sources: Donner, Int. Stat. Review 54 (1986); Kish, Survey Sampling (1965).
    """
    array = np.asarray(values, dtype=float)
    if array.shape != (len(clusters),):
        raise ValueError(f"there must be one cluster per value, got {len(clusters)} for the shape {array.shape}")
    index = {cluster: position for position, cluster in enumerate(dict.fromkeys(clusters))}
    position = np.array([index[cluster] for cluster in clusters], dtype=np.intp)
    sizes = np.bincount(position, minlength=len(index)).astype(float)
    n, k = len(array), len(sizes)
    reason = _why_not(array, k)
    if reason:
        return ClusterEffect(n, k, reason=reason)
    between, within = _mean_squares(array, position, sizes)
    mean_size = (n - (sizes**2).sum() / n) / (k - 1)
    correlation = max(-1.0, float((between - within) / (between + (mean_size - 1) * within)))
    effect = design_effect(sizes, max(correlation, 0.0))
    return ClusterEffect(n, k, correlation, effect, n / effect)


def design_effect(sizes: npt.ArrayLike, correlation: float) -> float:
    """sizes: (k,), utterances of each cluster → the factor by which clustering inflates the variance of a mean.

    1 + (Σnᵢ²/n - 1)·``correlation``, that within clusters: for a test set that is planned, or one whose correlation
    is known from elsewhere. Raises ``ValueError`` for no utterance, sizes below 0 and a correlation outside [0, 1].
    Source: Kish, Survey Sampling (1965).
    """
    counts = np.asarray(sizes, dtype=float)
    if counts.ndim != 1 or not counts.sum() > 0 or (counts < 0).any() or not np.isfinite(counts).all():
        raise ValueError("sizes must be numbers of utterances, one for each cluster")
    if not 0 <= correlation <= 1:
        raise ValueError(f"the correlation within clusters must lie between 0 and 1, got {correlation:g}")
    return 1.0 + (float((counts**2).sum() / counts.sum()) - 1.0) * correlation


def _why_not(values: Floats, clusters: int) -> str:
    if clusters < 2:
        return "not estimable: one cluster" if clusters else "not estimable: no utterance"
    if clusters == len(values):
        return "not estimable: every cluster has one utterance"
    return "not estimable: zero variance" if (values == values[0]).all() else ""


def _mean_squares(values: Floats, position: npt.NDArray[np.intp], sizes: Floats) -> tuple[float, float]:
    means = np.bincount(position, values, len(sizes)) / sizes
    between = (sizes * (means - values.mean()) ** 2).sum() / (len(sizes) - 1)
    within = ((values - means[position]) ** 2).sum() / (len(values) - len(sizes))
    return float(between), float(within)


def mcnemar(first_right: npt.ArrayLike, second_right: npt.ArrayLike, alpha: float = 0.05) -> McNemar:
    """first_right, second_right: (n,) whether each system answers each utterance right → exact McNemar test.

    Null hypothesis: both systems are right with the same probability on further utterances. Assumes
    that utterances are independent, which those of one dialogue are not: with intra-dialogue
    correlation it rejects too often, and the test that swaps whole dialogues should stand in its
    place. It reads one seed of each system and speaks of these two trained models. Not testable:
    the systems are right on the same utterances. Source: McNemar, Psychometrika 12 (1947), with the
    exact binomial p (twice the smaller tail).
    """
    a, b = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"answers must be paired, got the shapes {a.shape} and {b.shape}")
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    n = only_first + only_second
    if not n:
        return McNemar(0, None, None, ALIKE)
    p = min(1.0, 2.0 * float(special.bdtr(min(only_first, only_second), n, 0.5)))
    # 0 itself cannot be: with very many utterances the least p is below the smallest float.
    smallest = max(2.0 ** (1 - n), np.finfo(float).tiny)
    reason = shortfall(smallest, alpha, counted(n, "differing answer"))
    return McNemar(n, max(p, smallest), smallest, reason, only_first, only_second)
