"""Sentences of a caption about the power of its tests: their smallest p-value, and the difference they detect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.comparison.tested_differences import Pair
from erc_bench.comparison.wording import count, number
from erc_bench.statistics.power import detectable_with_error
from erc_bench.statistics.results import DialogueSignFlip, DiscreteTest, RankSum
from erc_bench.statistics.student_t import t_quantile

POWER = 0.8
_FIRST_STEP_DECIDES = ("holm", "bonferroni")
"""Corrections after which nothing is significant unless one p is at most alpha divided by the number of tests."""
_Tested = tuple[DiscreteTest, int]
"""A test and the number of those that are corrected together with it."""


def reach(comparison: Comparison) -> list[str]:
    """Return which discrete tests cannot reach the level, and which difference would have been found."""
    return [*_beside(comparison), *_marking(comparison), *_detectable(comparison)]


def _pairs(comparison: Comparison) -> Iterator[tuple[Column, Pair]]:
    return ((column, pair) for column in comparison.columns for pair in column.pairs)


def _beside(comparison: Comparison) -> list[str]:
    """Return a sentence where the exact sign-flip test, beside another paired test, cannot reach the level."""
    tests = comparison.tests
    if not tests.over_seeds or not tests.seed_test.paired or tests.test == "sign-flip":
        return []
    made = (pair.sign_flip for _, pair in _pairs(comparison) if pair.sign_flip.p is not None)
    short = [test for test in made if not test.can_reach(comparison.alpha)]
    if not short:
        return []
    return [f"The exact sign-flip test cannot reach {number(comparison.alpha)}: its smallest p is {_smallest(short)}."]


def _marking(comparison: Comparison) -> list[str]:
    """Return a sentence where the test behind the mark cannot reach the level, before or after the correction."""
    tested, alpha, tests = _tested(comparison), comparison.alpha, comparison.tests
    name = f"†, {tests.test}" if tests.over_seeds else f"△, sign-flip over {tests.cluster}s"
    opening = f"The test behind {name}, cannot reach {number(alpha)}"
    short = [test for test, _ in tested if not test.can_reach(alpha)]
    if _out_of_reach(comparison) and len(short) < len(tested):
        every = _smallest([test for test, _ in tested], tests.cluster)
        return [
            f"{opening} after {tests.correction_words}: its smallest p is {every}, and {_asked(tested, alpha)};"
            " no row can be marked there."
        ]
    if not short:
        return []
    verdict = "no row can be marked there" if len(short) == len(tested) else "such rows cannot be marked"
    return [f"{opening}: its smallest p is {_smallest(short, tests.cluster)}; {verdict}."]


def _asked(tested: Sequence[_Tested], alpha: float) -> str:
    sizes = sorted({size for _, size in tested})
    return ", ".join(
        f"{count(size, 'comparison')} {'asks' if size == 1 else 'ask'} for {number(alpha / size)}" for size in sizes
    )


def _tested(comparison: Comparison) -> list[_Tested]:
    return [found for column, pair in _pairs(comparison) if (found := _behind_the_mark(comparison, column, pair))]


def _out_of_reach(comparison: Comparison) -> bool:
    """Whether a discrete test stands behind the mark that can give none, whatever the scores."""
    tested, alpha = _tested(comparison), comparison.alpha
    first = comparison.tests.correction in _FIRST_STEP_DECIDES
    return bool(tested) and not any(test.can_reach(alpha / size if first else alpha) for test, size in tested)


def _behind_the_mark(comparison: Comparison, column: Column, pair: Pair) -> _Tested | None:
    over, size = pair.over_dialogues, column.family if comparison.tests.over_seeds else column.dialogue_family
    test = pair.chosen if over is None else over.test
    return (test, size) if isinstance(test, DiscreteTest) and test.p is not None else None


def _smallest(tests: Sequence[DiscreteTest], cluster: str = "dialogue") -> str:
    found = {(test.smallest_p or 1.0, _observations(test, cluster)): None for test in tests}
    return ", ".join(f"{number(p)} with {words}" for p, words in sorted(found, reverse=True))


def _observations(test: DiscreteTest, cluster: str) -> str:
    if isinstance(test, DialogueSignFlip):
        return count(test.differing, f"differing {cluster}")
    return f"{test.n} and {test.n_second} seeds" if isinstance(test, RankSum) else count(test.n, "seed")


def _detectable(comparison: Comparison) -> list[str]:
    """Return the smallest difference that could have been found at the corrected level, column by column."""
    if _out_of_reach(comparison):
        return []
    parts = [told for column in comparison.columns if (told := _detectable_in(comparison, column))]
    if not parts:
        return []
    return [
        f"{_with_these(comparison)} with probability {number(POWER)} at the first step of the correction (level"
        f" {number(comparison.alpha)} divided by the number of comparisons): {'; '.join(parts)}."
    ]


def _with_these(comparison: Comparison) -> str:
    tests = comparison.tests
    if not tests.over_seeds:
        return f"With these {tests.cluster}s a true difference of about the following size is found"
    name = "paired t-test" if tests.seed_test.paired else "Welch t-test"
    borrowed = "" if tests.test in ("paired-t", "welch") else f" (standing in for {tests.test})"
    return f"With these seeds a {name}{borrowed} finds a true difference of the following size"


def _detectable_in(comparison: Comparison, column: Column) -> str:
    alpha = comparison.alpha
    able = [pair for pair in column.pairs if _may_be_marked(comparison, column, pair)]
    found = [size for pair in able if (size := detectable_after_correction(pair, column, alpha)) is not None]
    if not found:
        return ""
    low, high = f"{min(found):.2f}", f"{max(found):.2f}"
    points = f"{low} points" if low == high else f"{low} to {high} points, by row"
    return f"{column.title} {points}"


def _may_be_marked(comparison: Comparison, column: Column, pair: Pair) -> bool:
    behind = _behind_the_mark(comparison, column, pair)
    return behind is None or behind[0].can_reach(comparison.alpha)


def detectable_after_correction(pair: Pair, column: Column, alpha: float) -> float | None:
    """Return the true difference, in points, that is found at the level alpha/family.

    Over seeds it is that of the t-test whose interval is shown, over dialogues about that of a t-test
    with the standard error of the bootstrap.
    """
    if pair.over_dialogues is not None:
        interval, size = pair.over_dialogues.interval, column.dialogue_family
        if interval.standard_error is None or pair.over_dialogues.test.p is None or not size:
            return None
        return detectable_with_error(interval.standard_error, interval.dialogues - 1, alpha / size, POWER).value
    test = pair.interval_test
    if test.low is None or test.high is None or test.df is None or not column.family:
        return None
    error = (test.high - test.low) / 2 / t_quantile(test.df, alpha)
    return detectable_with_error(error, test.df, alpha / column.family, POWER).value
