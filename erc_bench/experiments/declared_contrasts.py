"""The comparisons that a suite declares before it runs: what a mark of any of its tables is corrected for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from erc_bench.comparison.declared_family import DeclaredFamily
from erc_bench.comparison.families import Contrasts
from erc_bench.comparison.rows import Baseline, default_baseline
from erc_bench.errors import naming
from erc_bench.planning.suites.reading import Suite
from erc_bench.store.declarations import declare, digest, read_declarations
from erc_bench.store.layout import DECLARATIONS_FILE
from erc_bench.store.reading import StoredCell


def declared(suite: Suite, cells: Iterable[StoredCell]) -> DeclaredFamily:
    """Return the comparisons of all tables of a suite, on the datasets of each, and when they were put on record.

    A table whose baseline is not stored yet has none.
    """
    cells = list(cells)
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
    folders = dict.fromkeys(cell.folder.parents[4] for cell in cells)
    # One folder of runs: what was declared elsewhere is no record of these.
    known = read_declarations(next(iter(folders))) if len(folders) == 1 else []
    own, mine = digest(_comparisons(suite)), [each for each in known if each.suite == suite.name]
    since = next((each.declared for each in mine if each.sha256 == own), "")
    others = sum(each.sha256 != own for each in mine)
    return DeclaredFamily(suite.name, tuple(found), since, others)


def put_on_record(suite: Suite, runs: Path) -> None:
    """Write down the comparisons of a suite in the folder that its cells are about to run in."""
    with naming(f"{runs / DECLARATIONS_FILE} cannot be written"):
        runs.mkdir(parents=True, exist_ok=True)
        declare(runs, suite.name, _comparisons(suite))


def _comparisons(suite: Suite) -> list[dict[str, Any]]:
    """Return what the tables of a suite compare, as it is stored."""
    return [
        {
            "baseline": table.baseline or default_baseline(table.methods or suite.methods).method,
            "methods": sorted(table.methods or suite.methods),
            "datasets": sorted(table.datasets or suite.datasets),
            "readouts": sorted(table.readouts),
            "all_pairs": table.tests.all_pairs,
        }
        for table in suite.tables
        if not table.per_class
    ]
