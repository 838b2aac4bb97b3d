"""The correction for many tests, and the verdicts after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from erc_bench.comparison.comparison_data import Column, Family
from erc_bench.comparison.requested_tests import Tests
from erc_bench.comparison.tested_differences import Pair, Verdict
from erc_bench.statistics.corrections import CORRECTIONS
from erc_bench.statistics.results import ZERO_VARIANCE, DiscreteTest


def correct(columns: Sequence[Column], alpha: float, family: Family, tests: Tests | None = None) -> tuple[Column, ...]:
    """Adjust the p-values of the columns of each dataset (family ``table``: of all columns together).

    A comparison that cannot be tested cannot be falsely significant and does not count. The slices
    of a dataset are of one family with the whole.
    """
    tests = tests or Tests()
    if family == "table":
        return tuple(_corrected(columns, alpha, tests))
    by_dataset: dict[str, list[Column]] = {}
    for column in columns:
        by_dataset.setdefault(f"{column.header}\n{column.fingerprint}", []).append(column)
    return tuple(done for together in by_dataset.values() for done in _corrected(together, alpha, tests))


def _corrected(columns: Sequence[Column], alpha: float, tests: Tests) -> list[Column]:
    pairs = [pair for column in columns for pair in column.pairs]
    seeds = adjusted([pair.seed_test.p for pair in pairs] if tests.over_seeds else [None] * len(pairs), tests)
    joint = adjusted([pair.joint.p for pair in pairs], tests)
    over = [pair.over_dialogues.test.p if pair.over_dialogues else None for pair in pairs]
    dialogues = adjusted(over, tests)
    pairs = _equivalent(pairs, alpha, tests)
    together = zip(pairs, seeds, joint, dialogues, strict=True)
    done = iter([_judged(pair, p_values, alpha) for pair, *p_values in together])
    family, joint_family, dialogue_family = (sum(p is not None for p in found) for found in (seeds, joint, dialogues))
    return [
        replace(
            column,
            pairs=tuple(next(done) for _ in column.pairs),
            family=family,
            joint_family=joint_family,
            dialogue_family=dialogue_family,
        )
        for column in columns
    ]


def _equivalent(pairs: Sequence[Pair], alpha: float, tests: Tests) -> list[Pair]:
    found = adjusted([pair.equivalence.p if pair.equivalence else None for pair in pairs], tests)
    return [
        replace(pair, equivalence_adjusted_p=p, equivalent=p is not None and p <= alpha)
        for pair, p in zip(pairs, found, strict=True)
    ]


def adjusted(p_values: Sequence[float | None], tests: Tests) -> list[float | None]:
    """Correct the p-values of one family; tests that were not made stay without one."""
    found = iter(CORRECTIONS[tests.correction]([p for p in p_values if p is not None]))
    return [None if p is None else next(found) for p in p_values]


def _judged(pair: Pair, p_values: Sequence[float | None], alpha: float) -> Pair:
    seeds, joint, dialogues = p_values
    found, contradiction = _verdict(pair.difference, seeds, alpha), False
    if found and isinstance(pair.seed_test, DiscreteTest) and pair.seed_test.leaning is not None:
        contradiction = pair.seed_test.leaning != _SIGNS[found]
    verdict = "" if contradiction else found
    joint_verdict = _verdict(pair.joint.difference, joint, alpha)
    # "Also on new dialogues" needs the first claim, unless the seeds do not vary at all.
    if joint_verdict != verdict and not (not found and pair.test.reason == ZERO_VARIANCE):
        joint_verdict = ""
    return replace(
        pair,
        adjusted_p=seeds,
        joint_adjusted_p=joint,
        dialogue_adjusted_p=dialogues,
        verdict=verdict,
        joint_verdict=joint_verdict,
        dialogue_verdict=_verdict(pair.test.difference, dialogues, alpha),
        contradiction=contradiction,
    )


_SIGNS: Mapping[Verdict, int] = {"better": 1, "worse": -1}


def _verdict(difference: float | None, p: float | None, alpha: float) -> Verdict:
    if not difference or p is None or p > alpha:
        return ""
    return "better" if difference > 0 else "worse"
