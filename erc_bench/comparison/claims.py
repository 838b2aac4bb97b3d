"""The sentences of a caption that say what was tested, and what could have been found."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.model import Column, Comparison, Pair
from erc_bench.statistics import DiscreteTest, TTest, detectable_difference

POWER = 0.8
_RECORDED = "Scores are those of the records; the stored predictions were not read again."


def claims(comparison: Comparison) -> list[str]:
    """Return what the marks mean, which tests cannot reach the level, and what the seeds could have detected."""
    if not any(column.pairs for column in comparison.columns):
        return []
    if not any(column.family or column.joint_family or column.dialogue_family for column in comparison.columns):
        return ["No comparison can be tested; the reasons stand beside the differences."]
    marks = _over_seeds(comparison) if comparison.tests.over_seeds else _over_dialogues(comparison)
    return [*marks, *_letters(comparison), *_sign_flip(comparison), *_detectable(comparison)]


def number(p: float) -> str:
    """Write a probability or a level with at most four decimals: 0.05, 0.0625."""
    return f"{p:.4f}".rstrip("0").rstrip(".") if p >= 0.0001 else f"{p:.1e}"


def _over_seeds(comparison: Comparison) -> list[str]:
    tests, level = comparison.tests, _level(comparison)
    sentences = [
        f"† better than {comparison.baseline} in {tests.seed_test.name} over seeds, {level} over the"
        f" {_family(comparison, [column.family for column in comparison.columns])}:"
        " a claim about running again on this test set."
    ]
    if tests.unit == "seed":
        return [*sentences, "↓ marks what is worse by the same test. Nothing is said about new dialogues.", _RECORDED]
    return [
        *sentences,
        f"‡ also better on new {tests.cluster}s: joint test over seeds and {tests.cluster}s (jackknife over"
        f" {tests.cluster}s, Satterthwaite degrees of freedom), {level} over the"
        f" {_family(comparison, [column.joint_family for column in comparison.columns])}.",
        "↓ and ⇓ mark what is worse by the same two tests.",
    ]


def _over_dialogues(comparison: Comparison) -> list[str]:
    cluster = comparison.tests.cluster
    return [
        f"△ better than {comparison.baseline} on new {cluster}s, for these systems as they are trained: sign-flip"
        f" permutation of whole {cluster}s over the pooled seeds, {_level(comparison)} over the"
        f" {_family(comparison, [column.dialogue_family for column in comparison.columns])}; ▽ marks what is worse."
        f" Nothing is said about training again. Intervals are bootstrapped over {cluster}s.",
    ]


def _level(comparison: Comparison) -> str:
    return f"p ≤ {number(comparison.alpha)} after {comparison.tests.correction_words}"


def _family(comparison: Comparison, sizes: Sequence[int]) -> str:
    by_dataset = dict(zip((column.header for column in comparison.columns), sizes, strict=True))
    if comparison.family == "table" or len(by_dataset) == 1:
        words = "the table" if comparison.family == "table" else "the dataset's table"
        return f"{count(sizes[0], 'comparison')} of {words}"
    if len(set(sizes)) == 1:
        return f"{count(sizes[0], 'comparison')} of each dataset's table"
    named = ", ".join(f"{header} {size}" for header, size in by_dataset.items())
    return f"comparisons of each dataset's table ({named})"


def count(number_of: int, noun: str) -> str:
    """Return the number with its noun."""
    return f"{number_of} {noun}" if number_of == 1 else f"{number_of} {noun}s"


def _letters(comparison: Comparison) -> list[str]:
    if not comparison.tests.letters:
        return []
    return [
        "Letters in a cell name the rows that it beats by the same test; the correction is over all pairs of rows"
        " with the same backbone."
    ]


def _sign_flip(comparison: Comparison) -> list[str]:
    pairs = [pair for column in comparison.columns for pair in column.pairs]
    if not comparison.tests.over_seeds:
        return []
    told = _unreachable([pair.sign_flip for pair in pairs], comparison.alpha)
    sentences = [f"The exact sign-flip test {told}."] if told else []
    chosen = [pair.chosen for pair in pairs if pair.chosen is not None]
    if comparison.tests.test != "sign-flip" and (told := _unreachable(chosen, comparison.alpha)):
        sentences.append(f"The test behind †, {comparison.tests.test}, {told}; no row can be marked there.")
    elif comparison.tests.test == "sign-flip" and told:
        sentences.append("That is the test behind †: no row can be marked there.")
    return sentences


def _unreachable(tests: Sequence[TTest | DiscreteTest], alpha: float) -> str:
    """Say what a discrete test cannot reach, whatever the scores: ``cannot reach 0.05: its smallest p is …``."""
    short: dict[int, float] = {}
    for test in tests:
        if isinstance(test, DiscreteTest) and test.p and not test.can_reach(alpha):
            short[test.n] = test.smallest_p or 1.0
    told = [f"{number(p)} with {count(n, 'seed')}" for n, p in sorted(short.items())]
    return f"cannot reach {number(alpha)}: its smallest p is {', '.join(told)}" if told else ""


def _detectable(comparison: Comparison) -> list[str]:
    """Say what the seeds could have found at the level after correction, column by column."""
    if not comparison.tests.over_seeds:
        return []
    parts = [told for column in comparison.columns if (told := _detectable_in(column, comparison.alpha))]
    if not parts:
        return []
    return [
        f"With these seeds a paired t-test finds a true difference of the following size with probability"
        f" {number(POWER)} at the first step of the correction (level {number(comparison.alpha)} divided by the number"
        f" of comparisons): {'; '.join(parts)}."
    ]


def _detectable_in(column: Column, alpha: float) -> str:
    found = [size for pair in column.pairs if (size := detectable_after_correction(pair, column, alpha)) is not None]
    if not found:
        return ""
    low, high = f"{min(found):.2f}", f"{max(found):.2f}"
    points = f"{low} points" if low == high else f"{low} to {high} points, by row"
    return f"{column.title} {points}"


def detectable_after_correction(pair: Pair, column: Column, alpha: float) -> float | None:
    """Return the true difference, in points, that the paired t-test finds at the level alpha/family."""
    if pair.sd is None or pair.test.reason or not column.family:
        return None
    return detectable_difference(pair.sd, len(pair.seeds), alpha / column.family, POWER).value
