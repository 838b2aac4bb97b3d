"""Read one ``[[table]]`` of a suite: its keys are the options of ``compare``, and so are their words and errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast, get_args

from erc_bench.comparison.comparison_data import Family
from erc_bench.comparison.reported_numbers import reported_numbers
from erc_bench.comparison.requested_tests import Tests
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.suites.fields import Fields
from erc_bench.planning.suites.model import Table
from erc_bench.statistics.metrics import METRIC_WORDS

FAMILIES = get_args(Family)
PARTS = ("slice",)
"""What columns can be added for."""
_NAMES_OF_TESTS = ("test", "correction", "unit", "cluster")
_FLAGS = ("all_pairs", "letters", "ranks", "force_ranks")
KEYS = (
    *("title", "methods", "datasets", "readouts", "reported"),
    *("baseline", "metric", "family", "per_class", "audit"),
    *("alpha", *_NAMES_OF_TESTS, *_FLAGS, "by", "margin"),
)


def read_table(fields: Fields, methods: Sequence[str], datasets: Sequence[str]) -> Table:
    """Return the table; what is wrong with it is noted in the fields."""
    fields.only(KEYS)
    table = Table(
        fields.text("title"),
        fields.names("methods", methods),
        fields.names("datasets", datasets),
        fields.names("readouts"),
        fields.names("reported"),
        fields.text("baseline") or None,
        fields.text("metric") or None,
        cast(Family, fields.text("family") or "dataset"),
        fields.flag("per_class"),
        fields.flag("audit"),
        fields.share("alpha", 0.05),
        _tests(fields),
    )
    _check(fields, table, methods)
    _check_reported(fields, table.reported)
    return table


def _tests(fields: Fields) -> Tests:
    asked: dict[str, Any] = {name: text for name in _NAMES_OF_TESTS if (text := fields.text(name))}
    for name, text in list(asked.items()):
        if not _stands(fields, name, {name: text}):
            del asked[name]
    for name in ("test", "cluster"):
        together = {key: asked[key] for key in (name, "unit") if key in asked}
        if not _stands(fields, name, together):
            del asked[name]
    by = fields.text("by")
    if by and by not in PARTS:
        fields.wrong("by", f"there are no columns by {by!r}; {did_you_mean(by, PARTS)}")
    asked |= {name: fields.flag(name) for name in _FLAGS} | {"by_slice": bool(by)}
    with_margin = asked | {"margin": fields.size("margin")}
    return Tests(**(with_margin if _stands(fields, "margin", with_margin) else asked))


def _stands(fields: Fields, key: str, asked: dict[str, Any]) -> bool:
    """Return whether these tests can be asked for; note under the key what is wrong with them."""
    try:
        Tests(**asked)
    except ErcBenchError as error:
        fields.wrong(key, error.message)
        return False
    return True


def _check(fields: Fields, table: Table, methods: Sequence[str]) -> None:
    if table.per_class:
        _check_per_class(fields, table)
    if table.metric and table.metric not in METRIC_WORDS:
        fields.wrong("metric", f"there is no metric {table.metric!r}; {did_you_mean(table.metric, METRIC_WORDS)}")
    if table.family not in FAMILIES:
        fields.wrong("family", f"it must be {' or '.join(FAMILIES)}")
    method = (table.baseline or "").partition("/")[0]
    if method and method not in methods:
        fields.wrong("baseline", f"the suite has no method {method!r}; {did_you_mean(method, methods)}")


def _check_per_class(fields: Fields, table: Table) -> None:
    usual = Tests()
    unfit = {
        "test": (table.tests.test != usual.test, "a table per class has no tests"),
        "correction": (table.tests.correction != usual.correction, "a table per class has no tests"),
        "unit": (table.tests.unit != usual.unit, "a table per class has no tests"),
        "cluster": (table.tests.cluster != usual.cluster, "a table per class has no tests"),
        "family": (table.family == "table", "a table per class has no tests"),
        "audit": (table.audit, "a table per class shows no selection audit"),
        "metric": (table.metric, "a table per class has no other metric"),
        "letters" if table.tests.letters else "all_pairs": (table.tests.all_pairs, "a table per class has no tests"),
        "by": (table.tests.by_slice, "a table per class has no slices"),
        "margin": (table.tests.margin, "a table per class has no tests"),
        "force_ranks" if table.tests.force_ranks else "ranks": (table.tests.ranks, "a table per class has no ranks"),
    }
    for key, (asked, sentence) in unfit.items():
        if asked:
            fields.wrong(key, sentence)


def _check_reported(fields: Fields, names: Sequence[str]) -> None:
    for name in names:
        try:
            reported_numbers(name)
        except ErcBenchError as error:
            fields.wrong("reported", error.message)
