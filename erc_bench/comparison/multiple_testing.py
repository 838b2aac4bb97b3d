"""Many tests at once: the correction of a family, and the verdicts after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from erc_bench.comparison.comparison_data import Column, Family
from erc_bench.comparison.requested_tests import Tests
from erc_bench.comparison.tested_differences import Pair, Verdict
from erc_bench.statistics.corrections import CORRECTIONS
from erc_bench.statistics.results import DiscreteTest


def correct(columns: Sequence[Column], alpha: float, family: Family, tests: Tests | None = None) -> tuple[Column, ...]:
    """Adjust the p-values of the columns of each dataset (family ``table``: of all columns together).

    The columns hold what is of their family and not shown. A comparison that cannot be tested cannot be falsely
    significant and does not count. The slices of a dataset are of one family with the whole.
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
    counted = [pair for pair in pairs if pair.in_family]
    unshown = [test for column in columns for test in column.unshown]
    removed = sum(column.removed for column in columns)
    together = partial(_together, removed=removed, tests=tests)
    seeds, family = together([_of_seeds(pair, tests) for pair in counted], [test.seeds for test in unshown])
    joint, joint_family = together([pair.joint.p for pair in counted], [test.joint for test in unshown])
    over = [pair.over_dialogues.test.p if pair.over_dialogues else None for pair in counted]
    dialogues, dialogue_family = together(over, [test.dialogues for test in unshown])
    equal = [pair.equivalence.p if pair.equivalence else None for pair in counted]
    equivalences, _ = together(equal, [test.equivalence for test in unshown])
    judged = zip(counted, seeds, joint, dialogues, equivalences, strict=True)
    done = {id(pair): _judged(pair, p_values, alpha) for pair, *p_values in judged}
    return [
        replace(
            column,
            pairs=tuple(done.get(id(pair), pair) for pair in column.pairs),
            family=family,
            joint_family=joint_family,
            dialogue_family=dialogue_family,
        )
        for column in columns
    ]


def _of_seeds(pair: Pair, tests: Tests) -> float | None:
    return pair.seed_test.p if tests.over_seeds else None


def _together(
    shown: Sequence[float | None], unshown: Sequence[float | None], removed: int, tests: Tests
) -> tuple[list[float | None], int]:
    """Correct the shown p-values together with those that are not; return them, and the size of the family.

    What a removed row would have given is not known: it counts, and as one that never comes before a shown one.
    """
    if all(p is None for p in shown):
        return list(shown), 0
    family = [*shown, *unshown, *[1.0] * removed]
    return adjusted(family, tests)[: len(shown)], sum(p is not None for p in family)


def adjusted(p_values: Sequence[float | None], tests: Tests) -> list[float | None]:
    """Correct the p-values of one family; tests that were not made stay without one."""
    found = iter(CORRECTIONS[tests.correction]([p for p in p_values if p is not None]))
    return [None if p is None else next(found) for p in p_values]


def _judged(pair: Pair, p_values: Sequence[float | None], alpha: float) -> Pair:
    seeds, joint, dialogues, equivalence = p_values
    pair = replace(
        pair,
        adjusted_p=seeds,
        joint_adjusted_p=joint,
        dialogue_adjusted_p=dialogues,
        equivalence_adjusted_p=equivalence,
    )
    if pair.held_back:
        return pair
    found, contradiction = _verdict(pair.difference, seeds, alpha), False
    if found and isinstance(pair.seed_test, DiscreteTest) and pair.seed_test.leaning is not None:
        contradiction = pair.seed_test.leaning != _SIGNS[found]
    verdict = "" if contradiction else found
    joint_verdict = _verdict(pair.joint.difference, joint, alpha)
    # "Also on new dialogues" needs the first claim.
    joint_verdict = joint_verdict if joint_verdict == verdict else ""
    return replace(
        pair,
        equivalent=equivalence is not None and equivalence <= alpha,
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
