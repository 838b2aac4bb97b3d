"""Sentences of a caption that tell which tests were made and how small a difference they could have found."""

from __future__ import annotations

from collections.abc import Sequence

from erc_bench.comparison.caption_detectable import reach
from erc_bench.comparison.comparison_data import Comparison
from erc_bench.comparison.tested_differences import Pair
from erc_bench.comparison.wording import count
from erc_bench.comparison.wording import number as number

_RECORDED = "Scores are those of the records; the stored predictions were not read again."


def claims(comparison: Comparison) -> list[str]:
    """Explain the marks, and name tests that cannot reach the level and the difference that the seeds could detect."""
    if not any(column.pairs for column in comparison.columns):
        return _nothing_compared(comparison)
    if not any(column.family or column.joint_family or column.dialogue_family for column in comparison.columns):
        return ["No comparison can be tested; the reasons stand beside the differences."]
    marks = _over_seeds(comparison) if comparison.tests.over_seeds else _over_dialogues(comparison)
    further = (_contradictions, _equal, _letters, reach)
    return [*marks, *(sentence for tell in further for sentence in tell(comparison))]


def _nothing_compared(comparison: Comparison) -> list[str]:
    if comparison.per_class or len(comparison.rows) > 1:
        return []
    row = comparison.rows[0].label
    return [f"Nothing is compared: {row} is the only row. Show another method, or name a baseline."]


def _over_seeds(comparison: Comparison) -> list[str]:
    tests, level = comparison.tests, _level(comparison)
    sentences = [
        f"† better than {comparison.baseline} in {tests.seed_test.name} over seeds, {level} over the"
        f" {_family(comparison, [column.family for column in comparison.columns])}:"
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
        f" {_family(comparison, sizes)}.",
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
    return [
        f"△ better than {comparison.baseline} on new {cluster}s, for these systems as they are trained: sign-flip"
        f" permutation of whole {cluster}s over the pooled seeds, {_level(comparison)} over the"
        f" {_family(comparison, [column.dialogue_family for column in comparison.columns])}; ▽ marks what is worse."
        f" Nothing is said about training again. Intervals are bootstrapped over {cluster}s.",
    ]


def _equal(comparison: Comparison) -> list[str]:
    """Explain the sign ≈ where a margin was given."""
    if comparison.tests.margin is None:
        return []
    sizes = [sum(pair.equivalence_adjusted_p is not None for pair in column.pairs) for column in comparison.columns]
    return [
        f"≈ equal to {comparison.baseline} within ±{comparison.tests.margin:g} points: two one-sided paired t-tests"
        f" over seeds (TOST), {_level(comparison)} over the {_family(comparison, sizes)}, on this test set. A"
        " difference that is not significant is no such claim."
    ]


def _level(comparison: Comparison) -> str:
    return f"p ≤ {number(comparison.alpha)} after {comparison.tests.correction_words}"


def _family(comparison: Comparison, sizes: Sequence[int]) -> str:
    found = {column.header: size for column, size in zip(comparison.columns, sizes, strict=True)}
    # A dataset without comparisons has no family.
    by_dataset = {header: size for header, size in found.items() if size} or found
    counted = set(by_dataset.values())
    if comparison.family == "table" or len(found) == 1:
        words = "the table" if comparison.family == "table" else "the dataset's table"
        return f"{count(max(sizes), 'comparison')} of {words}"
    if len(counted) == 1 and len(by_dataset) == len(found):
        return f"{count(counted.pop(), 'comparison')} of each dataset's table"
    if len(by_dataset) == 1:
        (header,) = by_dataset
        return f"{count(by_dataset[header], 'comparison')} on {header}"
    named = ", ".join(f"{header} {size}" for header, size in by_dataset.items())
    return f"comparisons of each dataset's table ({named})"


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
