"""Differences over seeds and dialogues at once: those that new runs on new dialogues would show again."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from erc_bench.statistics.dialogues import expanded_tail, percentiles
from erc_bench.statistics.resampling import (
    Counts,
    Score,
    bootstrap_scores,
    check_counts,
    left_out_scores,
    observed_scores,
    times_drawn,
)
from erc_bench.statistics.results import NO_SEEDS, ONE_DIALOGUE, ONE_SEED, ZERO_VARIANCE, BootstrapInterval, JointTest
from erc_bench.statistics.scores import ROUNDING
from erc_bench.statistics.student_t import t_quantile, two_sided_p


def joint_test(differences: npt.ArrayLike, without_dialogue: npt.ArrayLike, alpha: float = 0.05) -> JointTest:
    """Test a difference over seeds and dialogues at once.

    differences: (n,), one per shared seed, on the whole test set. without_dialogue: (G,), the
    seed-averaged difference with one dialogue left out each time, because a metric such as F1 is
    no mean over dialogues.

    Null hypothesis: the mean difference is 0 for further seeds *and* further dialogues of the same
    kind. With s²_seed the variance over seeds and s²_dialogue that of the jackknife's pseudo-values,
    V = s²_seed/n + s²_dialogue/G and t = mean/√V has about V²/Σ(part²/df) degrees of freedom. Variance
    that seed and dialogue share is counted in both parts, so the test errs on the careful side. Assumes
    independent dialogues and roughly normal parts. Not testable: no seed, one seed, one dialogue,
    zero variance. Sources: Satterthwaite, Biometrics Bulletin 2 (1946); Efron and Stein, Annals of
    Statistics 9 (1981).
    """
    values, left_out = np.asarray(differences, dtype=float), np.asarray(without_dialogue, dtype=float)
    n, groups = len(values), len(left_out)
    mean = float(values.mean()) if n else None
    if mean is None or n < 2:
        return JointTest(mean, reason=ONE_SEED if n else NO_SEEDS, clusters=groups)
    if groups < 2:
        return JointTest(mean, reason=ONE_DIALOGUE, clusters=groups)
    by_seed = float(values.var(ddof=1)) / n
    by_dialogue = (groups - 1) / groups * float(((left_out - left_out.mean()) ** 2).sum())
    variance = by_seed + by_dialogue
    if math.sqrt(variance) <= 100 * ROUNDING:  # scores are points, 0 to 100
        return JointTest(mean, reason=ZERO_VARIANCE, clusters=groups)
    df = variance**2 / (by_seed**2 / (n - 1) + by_dialogue**2 / (groups - 1))
    error = math.sqrt(variance)
    half, t = t_quantile(df, alpha) * error, mean / error
    p = two_sided_p(t, df)
    return JointTest(mean, mean - half, mean + half, t, df, p, by_seed, by_dialogue, clusters=groups)


def two_level_bootstrap(
    counts: Counts, score: Score, alpha: float = 0.05, draws: int = 10_000, seed: int = 0, expanded: bool = True
) -> BootstrapInterval:
    """Return the percentile interval of a difference over further seeds and further dialogues.

    counts: (systems, seeds, dialogues, classes, classes); two systems: the first less the second,
    one system: its own score. Seeds and dialogues are each drawn with replacement, the same seeds
    and dialogues for both systems, and the score is computed again from the counts.

    Null hypothesis of "0 lies outside": the mean difference is 0 for further seeds *and* further
    dialogues. Assumes independent seeds and independent dialogues. A handful of seeds drawn with
    replacement vary too little, so the percentiles are ``expanded``: to those of t with the degrees
    of freedom of :func:`joint_test`, and by the share of variance that resampling loses. Variance
    that seed and dialogue share is counted more than once: the interval errs on the careful side. Not testable: no
    seed, one seed, one dialogue, zero variance. Sources: Owen, Annals of Applied Statistics 1
    (2007); Hesterberg, American Statistician 69 (2015).
    """
    check_counts(counts)
    n, groups = counts.shape[1:3]
    if not n or not groups:
        return BootstrapInterval(None, reason="not testable: no dialogue" if n else NO_SEEDS)
    observed = observed_scores(counts, score)
    without = left_out_scores(counts, score).mean(-1) if groups > 1 else []
    joint = joint_test(observed, without, alpha)
    sizes = {"draws": draws, "seeds": n, "dialogues": groups}
    if joint.seed_variance is None or joint.dialogue_variance is None or joint.df is None:
        return BootstrapInterval(float(observed.mean()), **sizes, reason=joint.reason)
    rng = np.random.default_rng(seed)
    by_seed = bootstrap_scores(counts, score, draws, rng)
    drawn = (by_seed * times_drawn(rng, n, draws)).sum(-1) / n
    tail = alpha / 2
    if expanded:
        kept = joint.seed_variance * (n - 1) / n + joint.dialogue_variance * (groups - 1) / groups
        tail = expanded_tail(alpha, joint.df, (joint.seed_variance + joint.dialogue_variance) / kept)
    estimate = float(observed.mean())
    low, high = percentiles(drawn, (tail, 1 - tail), estimate)
    return BootstrapInterval(estimate, low, high, "percentile", **sizes)
