"""The comparisons as a plain table: its columns follow the tests that were asked for."""

from __future__ import annotations

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.comparison.requested_tests import Tests
from erc_bench.output.tables.table_cells import DETAIL_NOTE, Detail, TextTable, details, interval_title

_SHORT_CORRECTIONS = {"holm": "Holm", "hochberg": "Hochberg", "benjamini-hochberg": "BH", "bonferroni": "Bonferroni"}


def detail_table(comparison: Comparison) -> TextTable | None:
    """Return all comparisons; ``None`` where there is none. The first two columns are words."""
    shown = details(comparison)
    if not shown:
        return None
    tests = comparison.tests
    rows = tuple((each.dataset, each.comparison, each.seeds, each.difference, *_tests(each, tests)) for each in shown)
    return TextTable(("dataset", "comparison", "seeds", "difference", *_titles(comparison)), rows)


def adjusted_title(comparison: Comparison) -> str:
    """Return the title of the p-values after correction: ``Holm p``."""
    return f"{_SHORT_CORRECTIONS[comparison.tests.correction]} p"


def _titles(comparison: Comparison) -> tuple[str, ...]:
    unit, adjusted = comparison.tests.unit, adjusted_title(comparison)
    if unit == "dialogue":
        return interval_title(comparison), "p", adjusted, "r"
    statistic = "t (df)" if comparison.tests.test == "paired-t" else "statistic"
    joint: tuple[str, ...] = ("joint p", f"joint {adjusted}") if unit == "both" else ()
    joint += ("equal p", f"equal {adjusted}") if comparison.tests.margin is not None else ()
    return (interval_title(comparison), statistic, "p", adjusted, *joint, *further_titles(comparison))


def further_titles(comparison: Comparison) -> tuple[str, ...]:
    """Return the titles beside a test over seeds; those about paired seeds only beside a paired test."""
    return ("sign-flip p", "g_z", "detectable", "r") if comparison.tests.seed_test.paired else ("detectable",)


def further_figures(detail: Detail, tests: Tests) -> tuple[str, ...]:
    """Return the figures below these titles."""
    if tests.seed_test.paired:
        return detail.sign_flip_p, detail.effect, detail.detectable, detail.correlation
    return (detail.detectable,)


def _tests(detail: Detail, tests: Tests) -> tuple[str, ...]:
    if tests.unit == "dialogue":
        p = f"{detail.dialogue_p} ({detail.reason})" if detail.reason else detail.dialogue_p
        return detail.interval, p, detail.dialogue_adjusted_p, detail.correlation
    statistic = f"{detail.t} ({detail.reason})" if detail.reason else detail.t
    joint: tuple[str, ...] = (detail.joint_p, detail.joint_holm_p) if tests.unit == "both" else ()
    joint += (detail.equal_p, detail.equal_adjusted_p) if tests.margin is not None else ()
    return (detail.interval, statistic, detail.p, detail.holm_p, *joint, *further_figures(detail, tests))


def detail_note(comparison: Comparison) -> str:
    """Return the meaning of the comparisons' columns."""
    margin = comparison.tests.margin
    if margin is None:
        return _note(comparison)
    return f"{_note(comparison)} equal p: of the claim that the difference lies within ±{margin:g} points (TOST)."


def _note(comparison: Comparison) -> str:
    tests, adjusted = comparison.tests, adjusted_title(comparison)
    if (tests.test, tests.correction, tests.unit, tests.cluster) == ("paired-t", "holm", "both", "dialogue"):
        return DETAIL_NOTE
    if tests.unit == "dialogue":
        return (
            f"Comparisons: difference in points with its bootstrap interval over {tests.cluster}s; p and {adjusted} of"
            f" the sign-flip test over {tests.cluster}s; r: correlation of the two rows' scores over seeds."
        )
    joint = f" joint p of the test over seeds and {tests.cluster}s;" if tests.unit == "both" else ""
    interval = "t interval over seeds" if tests.seed_test.paired else "Welch interval over all seeds"
    opening = (
        f"Comparisons: difference in points with its {interval}; p and {adjusted} of the {tests.seed_test.words}"
        f" over seeds;{joint}"
    )
    found = "the smallest true difference that the {} would find with probability .8 at the uncorrected level"
    if not tests.seed_test.paired:
        return f"{opening} detectable: {found.format('Welch t-test')}."
    return (
        f"{opening} exact sign-flip p; Hedges' g_z; detectable: {found.format('paired t-test')}; r: correlation of the"
        " two rows' scores over seeds."
    )
