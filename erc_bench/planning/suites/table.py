"""Read one ``[[table]]`` of a suite: its keys are the options of ``compare``, and so are their words and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from erc_bench.comparison.reported_numbers import reported_numbers
from erc_bench.comparison.requested_tests import Tests
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.asked import fields_of
from erc_bench.planning.suites.fields import Fields
from erc_bench.planning.suites.model import Table

FIELDS = {field.name: field for field in fields_of(Table) if field.name not in ("runs", "data_dir")}
_PER_CLASS = {
    **dict.fromkeys(("test", "correction", "unit", "cluster", "family"), "has no tests"),
    **dict.fromkeys(("all_pairs", "letters", "margin"), "has no tests"),
    "audit": "shows no selection audit",
    "metric": "has no other metric",
    "by": "has no slices",
    **dict.fromkeys(("ranks", "force_ranks"), "has no ranks"),
}
"""Key → what a table per class lacks."""


def read_table(fields: Fields, methods: Sequence[str], datasets: Sequence[str]) -> Table:
    """Return the table; what is wrong with it is noted in the fields."""
    fields.only(FIELDS)
    known = {"methods": methods, "datasets": datasets}
    asked = {key: fields.asked(field, known.get(key)) for key, field in FIELDS.items() if key in fields}
    for key in ("test", "cluster", "margin"):
        together = {name: asked[name] for name in (key, "unit") if name in asked}
        _check(fields, key, partial(_tests, **together))
    table = Table(**asked)
    for key, lacks in _PER_CLASS.items() if table.per_class else ():
        if getattr(table, key) != FIELDS[key].spec.default:
            fields.wrong(key, f"a table per class {lacks}")
    method = (table.baseline or "").partition("/")[0]
    if method and method not in methods:
        fields.wrong("baseline", f"the suite has no method {method!r}; {did_you_mean(method, methods)}")
    for name in table.reported:
        _check(fields, "reported", partial(reported_numbers, name))
    return table


def _tests(**asked: Any) -> Tests:
    return Table(**asked).tests


def _check(fields: Fields, key: str, make: Callable[[], object]) -> None:
    """Note under the key what is wrong with what was asked for."""
    try:
        make()
    except ErcBenchError as error:
        fields.wrong(key, error.message)
