"""Two rows of a column: the tests over seeds, over dialogues and over both, before any correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from erc_bench.comparison.comparison_data import Column, Score, TableRow
from erc_bench.comparison.outcomes import ColumnEntry, Outcome, clustered, is_floor, without_each
from erc_bench.comparison.requested_tests import Tests
from erc_bench.comparison.rows import Baseline, all_pairs, partners
from erc_bench.comparison.tested_differences import OverDialogues, Pair
from erc_bench.statistics import results
from erc_bench.statistics.dialogues import dialogue_bootstrap, dialogue_sign_flip
from erc_bench.statistics.joint import joint_test
from erc_bench.statistics.metrics import from_counts, with_answers
from erc_bench.statistics.power import detectable_effect, detectable_with_error
from erc_bench.statistics.resampling import Counts
from erc_bench.statistics.resampling import Score as ScoreOfCounts
from erc_bench.statistics.seeds import correlation, equivalence, hedges_g, paired_t, sign_flip, welch_t
from erc_bench.statistics.student_t import t_quantile
from erc_bench.statistics.wording import seed_list

_NO_ANSWERS = "not testable: no test predictions"
_NOT_ASKED = "not asked for"


def compare_pair(
    row: tuple[int, ColumnEntry],
    baseline: tuple[int, ColumnEntry],
    metric: str,
    alpha: float,
    tests: Tests | None = None,
) -> Pair:
    """Compare a row with another one over the seeds that both have, before any correction."""
    tests = tests or Tests()
    (row_index, ours), (baseline_index, theirs) = row, baseline
    seeds = sorted(ours.outcomes.keys() & theirs.outcomes.keys())
    mine, other = [ours.outcomes[seed] for seed in seeds], [theirs.outcomes[seed] for seed in seeds]
    first, second = [outcome.value for outcome in mine], [outcome.value for outcome in other]
    test, unpaired = paired_t(first, second, alpha), _unpaired(ours, theirs, tests, alpha)
    joint, by_dialogue = _joint(mine, other, metric, alpha, tests)
    return Pair(
        row=row_index,
        baseline=baseline_index,
        seeds=tuple(seeds),
        only_row=tuple(sorted(ours.outcomes.keys() - theirs.outcomes.keys())),
        only_baseline=tuple(sorted(theirs.outcomes.keys() - ours.outcomes.keys())),
        test=test,
        sign_flip=sign_flip(first, second, alpha),
        effect=hedges_g(first, second),
        detectable=detectable_effect(first, second, alpha) if unpaired is None else _detectable(unpaired, alpha),
        joint=joint,
        one_seed_dialogue_variance=by_dialogue,
        seed_correlation=correlation(first, second),
        sd=float(np.subtract(first, second).std(ddof=1)) if len(seeds) > 1 else None,
        difference=(unpaired or test).difference,
        unpaired=unpaired,
        chosen=_chosen(ours, theirs, seeds, tests, alpha),
        over_dialogues=_over_dialogues(mine, other, metric, alpha, tests),
        equivalence=None if tests.margin is None else equivalence(first, second, tests.margin, alpha),
    )


def _values(entry: ColumnEntry) -> list[float]:
    return [entry.outcomes[seed].value for seed in sorted(entry.outcomes)]


def _unpaired(ours: ColumnEntry, theirs: ColumnEntry, tests: Tests, alpha: float) -> results.WelchT | None:
    """Return the difference of means over all seeds, where the test behind † does not pair them."""
    if tests.seed_test.paired or not tests.over_seeds:
        return None
    return welch_t(_values(ours), _values(theirs), alpha)


def _detectable(test: results.WelchT, alpha: float) -> results.Estimate:
    if test.low is None or test.high is None or test.df is None:
        return results.Estimate(None, test.reason.replace("not testable", "not estimable"))
    return detectable_with_error((test.high - test.low) / 2 / t_quantile(test.df, alpha), test.df, alpha)


def _chosen(
    ours: ColumnEntry, theirs: ColumnEntry, shared: Sequence[int], tests: Tests, alpha: float
) -> results.TTest | results.DiscreteTest | None:
    if tests.test == "paired-t" or not tests.over_seeds:
        return None
    if not tests.seed_test.paired:
        return tests.seed_test.function(_values(ours), _values(theirs), alpha)
    first, second = ([entry.outcomes[seed].value for seed in shared] for entry in (ours, theirs))
    return tests.seed_test.function(first, second, alpha)


def _joint(
    mine: Sequence[Outcome], other: Sequence[Outcome], metric: str, alpha: float, tests: Tests
) -> tuple[results.JointTest, float | None]:
    """Return the test over seeds and dialogues, and the variance over dialogues that one seed has on average."""
    differences = [ours.value - theirs.value for ours, theirs in zip(mine, other, strict=True)]
    mean = sum(differences) / len(differences) if differences else None
    reason = _NOT_ASKED if tests.unit != "both" else _why_no_counts(mine, other)
    if reason:
        return results.JointTest(mean, reason=reason), None
    if len(differences) < 2:
        return joint_test(differences, [], alpha), None
    without = np.array(
        [
            without_each(ours, metric, tests.cluster) - without_each(theirs, metric, tests.cluster)
            for ours, theirs in zip(mine, other, strict=True)
        ]
    )
    # The jackknife's variance, as the joint test has it of the average over seeds.
    groups = without.shape[1]
    by_seed = (groups - 1) / groups * ((without - without.mean(1, keepdims=True)) ** 2).sum(1)
    joint = joint_test(differences, without.mean(0), alpha)
    joint = replace(joint, reason=_in_words(joint.reason, tests.cluster))
    return joint, float(by_seed.mean()) if groups > 1 else None


def _in_words(reason: str, cluster: str) -> str:
    """Return the reason in the words of the clusters."""
    return reason.replace("dialogue", cluster)


def _over_dialogues(
    mine: Sequence[Outcome], other: Sequence[Outcome], metric: str, alpha: float, tests: Tests
) -> OverDialogues | None:
    if tests.unit != "dialogue":
        return None
    reason = _why_no_counts(mine, other) if mine else results.NO_SEEDS
    if reason:
        return OverDialogues(
            results.DialogueSignFlip(0, None, None, reason), results.BootstrapInterval(None, reason=reason)
        )
    # (2, seeds, clusters, classes, classes)
    found = [own for each in (*mine, *other) if (own := clustered(each, tests.cluster)) is not None]
    answers = max(own.shape[-1] for own in found)
    alike: Counts = np.stack([with_answers(own, answers) for own in found])
    counts: Counts = alike.reshape(2, len(mine), *alike.shape[1:])
    score: ScoreOfCounts = partial(from_counts, metric=metric, scored=mine[0].scored)
    test, interval = dialogue_sign_flip(counts, score, alpha), dialogue_bootstrap(counts, score, alpha)
    return OverDialogues(
        replace(test, reason=_in_words(test.reason, tests.cluster)),
        replace(interval, reason=_in_words(interval.reason, tests.cluster)),
    )


def _why_no_counts(mine: Sequence[Outcome], other: Sequence[Outcome]) -> str:
    return _NO_ANSWERS if any(outcome.answered is None for outcome in (*mine, *other)) else ""


def pair_rows(
    column: Column,
    entries: Sequence[ColumnEntry],
    rows: Sequence[TableRow],
    baseline: Baseline,
    alpha: float,
    tests: Tests | None = None,
) -> tuple[tuple[Pair, ...], list[str]]:
    """Compare every row of a column with its baseline row, or each two rows; notes name the pairs that are left out.

    Raises :class:`ErcBenchError` where the clusters of the dialogues are not known.
    """
    tests = tests or Tests()
    by_key = {entry.key: entry for entry in entries}
    present = [i for i, row in enumerate(rows) if row.key in by_key]
    keys = [rows[i].key for i in present]
    chosen = {present[mine]: present[other] for mine, other in partners(keys, baseline).items()}
    wanted = list(chosen.items())
    if tests.all_pairs:
        wanted = [(present[mine], present[other]) for mine, other in all_pairs(keys, baseline)]
    pairs = tuple(
        replace(
            compare_pair((row, by_key[rows[row].key]), (base, by_key[rows[base].key]), column.metric, alpha, tests),
            against_baseline=chosen.get(row) == base,
            in_family=not (is_floor(by_key[rows[row].key]) or is_floor(by_key[rows[base].key])),
            held_back=tuple(told for each in (row, base) if (told := _failed(rows[each], column.scores[each]))),
        )
        for row, base in wanted
    )
    met = {row for pair in wanted for row in pair}
    alone = [rows[i].label for i in present if i not in met and rows[i].key.method != baseline.method]
    notes = [note for pair in pairs for note in _unshared(column, pair, rows, tests)]
    if alone:
        wanted_run = f"{baseline}{'' if baseline.backbone else ' with the same backbone'}"
        notes.insert(0, f"{column.title}: {', '.join(alone)} compared with nothing: there is no run of {wanted_run}")
    return pairs, notes


def _failed(row: TableRow, score: Score | None) -> str:
    """Say that no mark can stand beside a row some of whose seeds failed; nothing where none did."""
    if score is None or not score.collapsed:
        return ""
    alike = len(score.degenerate) == len(score.seeds)
    return f"{row.label} {'is degenerate' if alike else 'has a collapsed seed'}"


def _unshared(column: Column, pair: Pair, rows: Sequence[TableRow], tests: Tests) -> list[str]:
    # A test that does not pair the seeds reads all of them.
    if tests.unit == "seed" and not tests.seed_test.paired:
        return []
    names = rows[pair.row].label, rows[pair.baseline].label
    found = [
        f"{f'seed {seeds[0]} exists' if len(seeds) == 1 else f'seeds {seed_list(seeds)} exist'} only for {name}"
        for seeds, name in zip((pair.only_row, pair.only_baseline), names, strict=True)
        if seeds
    ]
    if not found:
        return []
    what = f"{names[0]} is compared with {names[1]} on"
    if pair.unpaired is not None:
        what = f"the joint test of {names[0]} and {names[1]} is over"
    return [f"{column.title}: {what} shared seeds; {' and '.join(found)}"]
