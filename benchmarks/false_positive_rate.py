"""How often each test finds a difference where there is none: simulation under the null at a level of 0.05.

    python benchmarks/false_positive_rate.py --output benchmarks/false_positive_rate.md

Two methods that are equal by construction answer test sets of the size of MELD, EmoryNLP and
IEMOCAP, five seeds each. What varies from draw to draw is one of three things (``VARYING``), with an
intra-dialogue correlation of 0, 0.05 and 0.1 in the difference of their right answers. A test holds
its level under the variation that it allows for, and need not under a wider one.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from erc_bench.statistics.dialogues import dialogue_bootstrap, dialogue_sign_flip, intra_cluster_correlation, mcnemar
from erc_bench.statistics.joint import joint_test, two_level_bootstrap
from erc_bench.statistics.metrics import from_counts, leave_one_out
from erc_bench.statistics.ranks import mann_whitney, wilcoxon
from erc_bench.statistics.results import BootstrapInterval
from erc_bench.statistics.seeds import one_sample_t, paired_t, sign_flip, welch_t

ALPHA = 0.05
BOUND = 0.06
"""Above this rate under its own null hypothesis a test of ours is looked at again, with fresh draws."""
AGAIN = 5
"""How many times as many simulations that takes."""
SEEDS = 5
SIZES = {"MELD": (280, 2610, 1), "EmoryNLP": (85, 1328, 5), "IEMOCAP": (31, 1622, 20)}
"""Dialogues, labelled utterances, and the fewest utterances of a dialogue."""

CORRELATIONS = {0.0: 0.0, 0.05: 0.128, 0.1: 0.253}
"""Wanted intra-dialogue correlation of the difference in right answers → the latent one that makes it."""

DIALOGUES, RUNS, BOTH = "new dialogues", "new seeds", "new seeds and dialogues"
VARYING = {
    DIALOGUES: "the same trained systems on further dialogues: each system has a taste for dialogues of its own",
    RUNS: "further seeds on the same test set: both methods are seeds of one method",
    BOTH: "further seeds on further dialogues: tastes for dialogues, and seeds that are better or worse throughout",
}
CLASS_SHARES = (0.5, 0.3, 0.2)
# The latent score of an answer is the sum of these; it is right where the sum is above THRESHOLD.
DIFFICULTY_SD, METHOD_SD, SEED_SD, THRESHOLD = math.sqrt(2.0), 1.0, 0.04, -0.5
metric = partial(from_counts, metric="weighted_f1")
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Simulated:
    """One draw: counts (2, seeds, dialogues, classes, classes), right (2, seeds, utterances)."""

    counts: npt.NDArray[np.int64]
    right: Bools
    dialogue: npt.NDArray[np.intp]
    draws: int
    seed: int

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """Weighted F1 in points: (2, seeds)."""
        return metric(self.counts.sum(2))


def simulate(
    size: tuple[int, int, int], varying: str, latent: float, rng: np.random.Generator, draws: int
) -> Simulated:
    """Draw a test set and the answers of two equal methods."""
    dialogues, utterances, fewest = size
    weights = rng.gamma(4.0, size=dialogues)
    lengths = fewest + rng.multinomial(utterances - fewest * dialogues, weights / weights.sum())
    dialogue = np.repeat(np.arange(dialogues), lengths)

    def effect(*shape: int) -> npt.NDArray[np.float64]:
        # Variance 1, of which the share `latent` is common to a dialogue.
        shared, own = rng.standard_normal((*shape, dialogues)), rng.standard_normal((*shape, utterances))
        return math.sqrt(latent) * shared[..., dialogue] + math.sqrt(1 - latent) * own

    of_seed = effect(2, SEEDS)
    if varying != RUNS:
        of_seed = math.sqrt(0.5) * (effect(2, 1) + of_seed)
    score = DIFFICULTY_SD * effect() + METHOD_SD * of_seed
    if varying != DIALOGUES:
        score += SEED_SD * rng.standard_normal((2, SEEDS, 1))
    right = score > THRESHOLD
    return Simulated(_counts(right, dialogue, rng), right, dialogue, draws, int(rng.integers(2**31)))


def _counts(right: Bools, dialogue: npt.NDArray[np.intp], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    classes, groups = len(CLASS_SHARES), int(dialogue[-1]) + 1
    gold = rng.choice(classes, len(dialogue), p=CLASS_SHARES)
    # Every utterance has one other class that a wrong answer names.
    other = (gold + rng.integers(1, classes, len(dialogue))) % classes
    predicted = np.where(right, gold, other)
    runs = np.arange(right[..., 0].size).reshape(*right.shape[:2], 1)
    flat = ((runs * groups + dialogue) * classes + gold) * classes + predicted
    counts = np.bincount(flat.ravel(), minlength=runs.size * groups * classes**2)
    return counts.reshape(*right.shape[:2], groups, classes, classes)


@dataclass(frozen=True)
class Test:
    """A test: its name, what varies under its own null hypothesis, and whether it rejects.

    ``most_dialogues``: in larger test sets it is left out, for it would tell nothing new.
    """

    name: str
    allows: tuple[str, ...]
    rejects: Callable[[Simulated], bool]
    independent_only: bool = False
    ours: bool = False
    most_dialogues: float = math.inf


def _significant(p: float | None) -> bool:
    return p is not None and p <= ALPHA


def _mcnemar(data: Simulated) -> bool:
    return _significant(mcnemar(data.right[0, 0], data.right[1, 0]).p)


def _utterance_t(data: Simulated) -> bool:
    return _significant(one_sample_t(data.right[0, 0].astype(float) - data.right[1, 0], 0.0).p)


def _dialogue_sign_flip(data: Simulated) -> bool:
    return _significant(dialogue_sign_flip(data.counts, metric, ALPHA, data.draws, data.seed).p)


def _bootstrap(expanded: bool, data: Simulated) -> bool:
    return _leaves_out_0(dialogue_bootstrap(data.counts, metric, ALPHA, data.draws, data.seed, expanded=expanded))


def _two_level(expanded: bool, data: Simulated) -> bool:
    return _leaves_out_0(two_level_bootstrap(data.counts, metric, ALPHA, data.draws, data.seed, expanded=expanded))


def _leaves_out_0(interval: BootstrapInterval) -> bool:
    return interval.low is not None and interval.high is not None and not interval.low <= 0 <= interval.high


def _joint(data: Simulated) -> bool:
    left_out = leave_one_out(data.counts, "weighted_f1")
    first, second = data.scores
    return _significant(joint_test(first - second, (left_out[0] - left_out[1]).mean(0)).p)


TESTS = (
    Test("exact McNemar, one seed", (DIALOGUES,), _mcnemar, independent_only=True),
    Test("paired t over utterances, one seed", (DIALOGUES,), _utterance_t, independent_only=True),
    Test("dialogue sign-flip", (DIALOGUES,), _dialogue_sign_flip, ours=True),
    Test("dialogue bootstrap", (DIALOGUES,), partial(_bootstrap, True), ours=True),
    Test("dialogue bootstrap, not expanded", (DIALOGUES,), partial(_bootstrap, False), most_dialogues=100),
    Test("paired t over seeds (†)", (RUNS,), lambda data: _significant(paired_t(*data.scores).p), ours=True),
    Test("Welch's t over seeds", (RUNS,), lambda data: _significant(welch_t(*data.scores).p), ours=True),
    Test("sign-flip over seeds", (RUNS,), lambda data: _significant(sign_flip(*data.scores).p), ours=True),
    Test("Wilcoxon over seeds", (RUNS,), lambda data: _significant(wilcoxon(*data.scores).p), ours=True),
    Test("Mann-Whitney over seeds", (RUNS,), lambda data: _significant(mann_whitney(*data.scores).p), ours=True),
    Test("joint test (‡)", (DIALOGUES, RUNS, BOTH), _joint, ours=True),
    Test("two-level bootstrap", (DIALOGUES, RUNS, BOTH), partial(_two_level, True), ours=True),
    Test("two-level bootstrap, not expanded", (DIALOGUES, RUNS, BOTH), partial(_two_level, False), most_dialogues=100),
)


@dataclass(frozen=True)
class Condition:
    """One column: its share of rejections by test, and the correlation that was measured."""

    size: str
    varying: str
    correlation: float
    measured: float
    rates: tuple[float, ...]
    simulations: int = 0
    again: bool = False

    def is_own_null(self, test: Test) -> bool:
        """Whether the test allows for everything that varies here."""
        return self.varying in test.allows and not (test.independent_only and self.correlation)


def run_and_confirm(size: str, varying: str, correlation: float, simulations: int, draws: int, seed: int) -> Condition:
    """Simulate one condition, and once more where a test of ours seems to miss its level."""
    first = run(size, varying, correlation, simulations, draws, seed)
    own = [rate for test, rate in zip(TESTS, first.rates, strict=True) if test.ours and first.is_own_null(test)]
    if max(own) <= BOUND:
        return first
    return replace(run(size, varying, correlation, AGAIN * simulations, draws, seed + 1), again=True)


def run(size: str, varying: str, correlation: float, simulations: int, draws: int, seed: int) -> Condition:
    """Simulate one condition."""
    place = [list(SIZES).index(size), list(VARYING).index(varying), list(CORRELATIONS).index(correlation)]
    rng = np.random.default_rng([seed, *place])
    hits, measured = np.zeros(len(TESTS)), 0.0
    told = [SIZES[size][0] <= test.most_dialogues for test in TESTS]
    for _ in range(simulations):
        data = simulate(SIZES[size], varying, CORRELATIONS[correlation], rng, draws)
        hits += [told_here and test.rejects(data) for test, told_here in zip(TESTS, told, strict=True)]
        difference = data.right[0, 0].astype(float) - data.right[1, 0]
        measured += intra_cluster_correlation(difference, data.dialogue.tolist()).correlation or 0.0
    rates = tuple((hits / simulations).tolist())
    return Condition(size, varying, correlation, measured / simulations, rates, simulations)


def page(conditions: Sequence[Condition], simulations: int, draws: int) -> str:
    """Return the results as Markdown."""
    error = math.sqrt(ALPHA * (1 - ALPHA) / simulations)
    lines = [
        "# False-positive rates",
        "",
        f"Share of {simulations:,} simulations in which two equal methods ({SEEDS} seeds each, weighted F1) are found",
        f"to differ at a level of {ALPHA:g}; {draws:,} draws for what draws. Monte Carlo standard error of a rate of",
        f"{ALPHA:g}: {error:.4f}. Made by `benchmarks/false_positive_rate.py`, which says how the data are drawn.",
        "",
        "**Bold**: the test's own null hypothesis, under which it should stay at or below the level. The rest is",
        "what happens when a claim is read more widely than its test.",
        "",
        *(f"- **{name}**: {what}." for name, what in VARYING.items()),
        "",
        "ICC is the intra-dialogue correlation of the difference in right answers; what was measured stands beside it.",
    ]
    for size in dict.fromkeys(condition.size for condition in conditions):
        lines += ["", *_table(size, [condition for condition in conditions if condition.size == size])]
    return "\n".join([*lines, "", *_confirmed(conditions), *_reading(conditions, error), ""])


def _confirmed(conditions: Sequence[Condition]) -> list[str]:
    again = [each.simulations for each in conditions if each.again]
    if not again:
        return []
    return [
        f"\\* Here a test that erc-bench stands on lay above {BOUND:g} under its own null hypothesis. The condition",
        f"was simulated afresh, {again[0]:,} times, and these are the rates of that alone (Monte Carlo standard error",
        f"{math.sqrt(ALPHA * (1 - ALPHA) / again[0]):.4f}).",
        "",
    ]


def _table(size: str, conditions: Sequence[Condition]) -> list[str]:
    dialogues, utterances, _ = SIZES[size]
    heads = [f"{each.varying}, ICC {each.correlation:g} ({each.measured:.3f}){'*' * each.again}" for each in conditions]
    lines = [f"## {size}-sized: {dialogues} dialogues, {utterances} utterances", ""]
    lines += [f"| test | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    for index, test in enumerate(TESTS):
        if dialogues > test.most_dialogues:
            continue
        cells = [f"{each.rates[index]:.3f}" for each in conditions]
        marked = [f"**{c}**" if each.is_own_null(test) else c for c, each in zip(cells, conditions, strict=True)]
        lines.append(f"| {test.name} | {' | '.join(marked)} |")
    return lines


def _reading(conditions: Sequence[Condition], error: float) -> list[str]:
    own = {test: _rates(conditions, index, own=True) for index, test in enumerate(TESTS) if test.ours}
    wide = {test: max(_rates(conditions, index, own=False), default=0.0) for index, test in enumerate(TESTS)}
    highest = max(own, key=lambda test: max(own[test]))
    return [
        "## Reading",
        "",
        "- Under their own null hypotheses the tests that erc-bench stands on reject at most",
        f"  {max(own[highest]):.3f} of the time ({highest.name}); at most {BOUND:g} is asked of them.",
        *(f"- {test.name}: up to {rate:.3f} under a wider one than its own." for test, rate in wide.items() if rate),
        *_below(own, error),
    ]


def _rates(conditions: Sequence[Condition], index: int, own: bool) -> list[float]:
    return [each.rates[index] for each in conditions if each.is_own_null(TESTS[index]) == own]


def _below(own: dict[Test, list[float]], error: float) -> list[str]:
    reasons = {
        "sign-flip over seeds": f"with {SEEDS} seeds its smallest p is {2.0 ** (1 - SEEDS):.4g}: it can never reject",
        "Wilcoxon over seeds": f"with {SEEDS} seeds its smallest p is {2.0 ** (1 - SEEDS):.4g}: it can never reject",
        "Mann-Whitney over seeds": "its p takes few values, and the largest one at most 0.05 is "
        f"{_largest_rank_sum_p():.4g}",
        "joint test (‡)": "what seed and dialogue share is counted in both parts of the variance",
        "two-level bootstrap": "what seed and dialogue share is counted more than once",
    }
    lines = []
    for test, rates in own.items():
        if min(rates) < 0.8 * ALPHA - 2 * error or max(rates) < 0.8 * ALPHA:
            why = reasons.get(test.name, "no reason is known")
            lines.append(f"- {test.name} lies as low as {min(rates):.3f} under its own null hypothesis: {why}.")
    return lines


def _largest_rank_sum_p() -> float:
    # Moving one score of the second side at a time past the first side goes through the values of p.
    ranks = np.arange(2 * SEEDS)
    tests = [mann_whitney(np.delete(ranks, ranks[k : k + SEEDS]), ranks[k : k + SEEDS]) for k in range(SEEDS)]
    return max(test.p for test in tests if test.p is not None and test.p <= ALPHA)


def _run_all(wanted: Sequence[tuple[str, str, float]], jobs: int, *settings: int) -> list[Condition]:
    started, conditions = time.perf_counter(), []
    with ProcessPoolExecutor(jobs) as pool:
        for running in [pool.submit(run_and_confirm, *place, *settings) for place in wanted]:
            done = running.result()
            conditions.append(done)
            seconds = time.perf_counter() - started
            print(f"{seconds:6.0f} s  {done.size}, {done.varying}, ICC {done.correlation:g}", file=sys.stderr)
    return conditions


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate every condition and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=2000, help="per condition")
    parser.add_argument("--draws", type=int, default=499, help="of the bootstrap and of the permutation test")
    parser.add_argument("--size", choices=list(SIZES), action="append", help="one or more; all by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes; the numbers do not depend on it")
    parser.add_argument("--quick", action="store_true", help="100 simulations: seconds, and too few to conclude")
    parser.add_argument("--output", type=Path, help="a Markdown file; printed without it")
    chosen = parser.parse_args(arguments)
    simulations = 100 if chosen.quick else chosen.simulations
    wanted = [(size, varying, icc) for size in chosen.size or SIZES for varying in VARYING for icc in CORRELATIONS]
    conditions = _run_all(wanted, chosen.jobs, simulations, chosen.draws, chosen.seed)
    text = page(conditions, simulations, chosen.draws)
    if chosen.output:
        chosen.output.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
