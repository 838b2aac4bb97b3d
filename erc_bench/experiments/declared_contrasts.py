"""The comparisons that a suite declares before it runs: what a mark of any of its tables is corrected for."""

from __future__ import annotations

from collections.abc import Iterable

from erc_bench.comparison.families import Contrasts
from erc_bench.comparison.rows import Baseline, default_baseline
from erc_bench.planning.suites.reading import Suite
from erc_bench.store.reading import StoredCell


def declared(suite: Suite, cells: Iterable[StoredCell]) -> list[Contrasts]:
    """Return the comparisons of all tables of a suite, on the datasets of each.

    A table whose baseline is not stored yet has none.
    """
    stored = {cell.method for cell in cells if cell.status == "done"}
    found = []
    for table in suite.tables:
        methods = table.methods or suite.methods
        baseline = default_baseline([name for name in methods if name in stored] or methods)
        if table.baseline:
            method, _, backbone = table.baseline.partition("/")
            baseline = Baseline(method, backbone or None)
        if not table.per_class and baseline.method in stored:
            datasets, readouts = tuple(table.datasets or suite.datasets), tuple(table.readouts)
            found.append(Contrasts(baseline, tuple(methods), datasets, readouts, table.tests.all_pairs))
    return found
