"""The comparisons as a plain table: its columns follow the tests that were asked for."""

from __future__ import annotations

from erc_bench.comparison.model import Comparison
from erc_bench.tables.audit import TextTable
from erc_bench.tables.cells import DETAIL_NOTE, Detail, details, interval_title

_SHORT_CORRECTIONS = {"holm": "Holm", "hochberg": "Hochberg", "benjamini-hochberg": "BH", "bonferroni": "Bonferroni"}


def detail_table(comparison: Comparison) -> TextTable | None:
    """Return all comparisons; ``None`` where there is none. The first two columns are words."""
    shown = details(comparison)
    if not shown:
        return None
    unit = comparison.tests.unit
    rows = tuple((each.dataset, each.comparison, each.seeds, each.difference, *_tests(each, unit)) for each in shown)
    return TextTable(("dataset", "comparison", "seeds", "difference", *_titles(comparison)), rows)


def adjusted_title(comparison: Comparison) -> str:
    """Return the title of the p-values after correction: ``Holm p``."""
    return f"{_SHORT_CORRECTIONS[comparison.tests.correction]} p"


def _titles(comparison: Comparison) -> tuple[str, ...]:
    unit, adjusted = comparison.tests.unit, adjusted_title(comparison)
    if unit == "dialogue":
        return interval_title(comparison), "p", adjusted, "r"
    statistic = "t (df)" if comparison.tests.test == "paired-t" else "statistic"
    joint = ("joint p", f"joint {adjusted}") if unit == "both" else ()
    return (interval_title(comparison), statistic, "p", adjusted, *joint, "sign-flip p", "g_z", "detectable", "r")


def _tests(detail: Detail, unit: str) -> tuple[str, ...]:
    if unit == "dialogue":
        p = f"{detail.dialogue_p} ({detail.reason})" if detail.reason else detail.dialogue_p
        return detail.interval, p, detail.dialogue_adjusted_p, detail.correlation
    statistic = f"{detail.t} ({detail.reason})" if detail.reason else detail.t
    joint = (detail.joint_p, detail.joint_holm_p) if unit == "both" else ()
    further = (detail.sign_flip_p, detail.effect, detail.detectable, detail.correlation)
    return (detail.interval, statistic, detail.p, detail.holm_p, *joint, *further)


def detail_note(comparison: Comparison) -> str:
    """Return what the columns of the comparisons mean."""
    tests, adjusted = comparison.tests, adjusted_title(comparison)
    if (tests.test, tests.correction, tests.unit, tests.cluster) == ("paired-t", "holm", "both", "dialogue"):
        return DETAIL_NOTE
    if tests.unit == "dialogue":
        return (
            f"Comparisons: difference in points with its bootstrap interval over {tests.cluster}s; p and {adjusted} of"
            f" the sign-flip test over {tests.cluster}s; r: correlation of the two rows' scores over seeds."
        )
    interval = "t interval over seeds" if tests.test != "welch" else "Welch interval over all seeds"
    joint = f" joint p of the test over seeds and {tests.cluster}s;" if tests.unit == "both" else ""
    return (
        f"Comparisons: difference in points with its {interval}; p and {adjusted} of the {tests.seed_test.words}"
        f" over seeds;{joint} exact sign-flip p; Hedges' g_z; detectable: the smallest true difference that the paired"
        " t-test would find with probability .8 at the uncorrected level; r: correlation of the two rows' scores over"
        " seeds."
    )
