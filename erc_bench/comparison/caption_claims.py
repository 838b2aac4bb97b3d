"""Sentences of a caption that tell which tests were made, and how small a p-value and a difference they could give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from erc_bench.comparison.caption_failed_seeds import failed_seeds
from erc_bench.comparison.caption_family import beyond_the_table, family_words
from erc_bench.comparison.comparison_data import Column, Comparison
from erc_bench.comparison.tested_differences import Pair
from erc_bench.statistics.power import detectable_with_error
from erc_bench.statistics.results import DialogueSignFlip, DiscreteTest, RankSum, counted
from erc_bench.statistics.student_t import t_quantile
from erc_bench.statistics.wording import number

POWER = 0.8
_FIRST_STEP_DECIDES = ("holm", "bonferroni")
"""Corrections after which nothing is significant unless one p is at most alpha divided by the number of tests."""
_Tested = tuple[DiscreteTest, int]
"""A test and the number of those that are corrected together with it."""


def reached(comparison: Comparison) -> list[str]:
    """Return which discrete tests cannot reach the level, and which difference would have been found."""
    if not _is_tested(comparison):
        return []
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
        f"{counted(size, 'comparison')} {'asks' if size == 1 else 'ask'} for {number(alpha / size)}" for size in sizes
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
        return counted(test.differing, f"differing {cluster}")
    return f"{test.n} and {test.n_second} seeds" if isinstance(test, RankSum) else counted(test.n, "seed")


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
    behind = [(pair, _behind_the_mark(comparison, column, pair)) for pair in column.pairs]
    able = [pair for pair, tested in behind if tested is None or tested[0].can_reach(alpha)]
    found = [size for pair in able if (size := detectable_after_correction(pair, column, alpha)) is not None]
    if not found:
        return ""
    low, high = f"{min(found):.2f}", f"{max(found):.2f}"
    points = f"{low} points" if low == high else f"{low} to {high} points, by row"
    return f"{column.title} {points}"


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


_RECORDED = "Scores are those of the records; the stored predictions were not read again."


def claims(comparison: Comparison) -> list[str]:
    """Explain the marks, and say which of them are not given."""
    if not any(column.pairs for column in comparison.columns):
        if comparison.per_class or len(comparison.rows) > 1:
            return []
        row = comparison.rows[0].label
        return [f"Nothing is compared: {row} is the only row. Show another method, or name a baseline."]
    if not _is_tested(comparison):
        return ["No comparison can be tested; the reasons stand beside the differences."]
    marks = _over_seeds(comparison) if comparison.tests.over_seeds else _over_dialogues(comparison)
    further = (beyond_the_table, failed_seeds, _contradictions, _equal, _letters)
    return [*marks, *(sentence for tell in further for sentence in tell(comparison))]


def _is_tested(comparison: Comparison) -> bool:
    return any(column.family or column.dialogue_family for column in comparison.columns)


def _over_seeds(comparison: Comparison) -> list[str]:
    tests, level = comparison.tests, _level(comparison)
    sentences = [
        f"† better than {comparison.baseline} in {tests.seed_test.name} over seeds, {level} over the"
        f" {family_words(comparison, [column.family for column in comparison.columns])}:"
        " a claim about running again on this test set."
    ]
    if tests.unit == "seed":
        return [*sentences, "↓ marks what is worse by the same test. Nothing is said about new dialogues.", _RECORDED]
    return [*sentences, *_over_both(comparison)]


def _over_both(comparison: Comparison) -> list[str]:
    cluster = comparison.tests.cluster
    sizes = [column.joint_family for column in comparison.columns]
    if not any(sizes):
        return [
            "↓ marks what is worse by the same test. ‡ is not given: no joint test can be made; the reasons stand"
            " beside the differences."
        ]
    pairs = [pair for column in comparison.columns for pair in column.pairs]
    smaller = any(pair.joint.p and pair.seed_test.p and pair.joint.p < pair.seed_test.p for pair in pairs)
    return [
        f"‡ also better on new {cluster}s: joint test over seeds and {cluster}s (jackknife over"
        f" {cluster}s, Satterthwaite degrees of freedom), {_level(comparison)} over the"
        f" {family_words(comparison, sizes)}.",
        *([JOINT_IS_SMALLER] if smaller and comparison.tests.test == "paired-t" else []),
        "↓ and ⇓ mark what is worse by the same two tests.",
    ]


JOINT_IS_SMALLER = (
    "A joint p can be the smaller one although its variance is the larger: it has more degrees of freedom than the"
    " seeds' n - 1."
)
"""Why a test that allows for more may find more."""


def _over_dialogues(comparison: Comparison) -> list[str]:
    cluster = comparison.tests.cluster
    family = family_words(comparison, [column.dialogue_family for column in comparison.columns])
    return [
        f"△ better than {comparison.baseline} on new {cluster}s, for these systems as they are trained: sign-flip"
        f" permutation of whole {cluster}s over the pooled seeds, {_level(comparison)} over the"
        f" {family}; ▽ marks what is worse."
        f" Nothing is said about training again. Intervals are bootstrapped over {cluster}s."
    ]


def _equal(comparison: Comparison) -> list[str]:
    """Explain the sign ≈ where a margin was given."""
    if comparison.tests.margin is None:
        return []
    sizes = [sum(pair.equivalence_adjusted_p is not None for pair in column.pairs) for column in comparison.columns]
    return [
        f"≈ equal to {comparison.baseline} within ±{comparison.tests.margin:g} points: two one-sided paired t-tests"
        f" over seeds (TOST), {_level(comparison)} over the {family_words(comparison, sizes)}, on this test set. A"
        " difference that is not significant is no such claim."
    ]


def _level(comparison: Comparison) -> str:
    return f"p ≤ {number(comparison.alpha)} after {comparison.tests.correction_words}"


def _letters(comparison: Comparison) -> list[str]:
    if not comparison.tests.letters:
        return []
    return [
        "Letters in a cell name the rows that it beats by the same test; the correction is over all pairs of rows"
        " with the same backbone."
    ]


def _contradictions(comparison: Comparison) -> list[str]:
    found = [
        f"{name(comparison, pair)} on {column.title} ({favoured(comparison, pair)})"
        for column in comparison.columns
        for pair in column.pairs
        if pair.contradiction
    ]
    return [f"No mark where ranks and means disagree: {'; '.join(found)}."] if found else []


def name(comparison: Comparison, pair: Pair) -> str:
    """Return ``ours - theirs``."""
    return f"{comparison.rows[pair.row].label} - {comparison.rows[pair.baseline].label}"


def favoured(comparison: Comparison, pair: Pair) -> str:
    """Say whom ranks and means favour where they disagree."""
    ours, theirs = comparison.rows[pair.row].label, comparison.rows[pair.baseline].label
    if not pair.difference:
        return "the means are equal"
    ranks, means = (theirs, ours) if pair.difference > 0 else (ours, theirs)
    return f"the ranks favour {ranks}, the mean {means}"
