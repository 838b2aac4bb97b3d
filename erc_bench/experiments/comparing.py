"""Compare stored cells, with what their records lack and what a table must be warned of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erc_bench.comparison import Comparison, Tests, compare
from erc_bench.comparison.expected import shipped_alarms
from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import StoredCell, read_cell, read_cells

if TYPE_CHECKING:
    from erc_bench.corpora.corpus import GoldOf
    from erc_bench.planning.plan import Plan
    from erc_bench.plugin_host.catalogue import Catalogue

Tell = Callable[[str], None]
"""Takes one sentence that must not be lost."""


def compare_stored(
    cells: Sequence[StoredCell],
    *,
    datasets: Sequence[str] = (),
    methods: Sequence[str] = (),
    tests: Tests | None = None,
    data_dir: Path | None = None,
    gold_of: GoldOf | None = None,
    tell: Tell,
    **wanted: Any,
) -> Comparison:
    """Compare cells that are stored; ``wanted`` goes to :func:`erc_bench.comparison.compare`.

    ``data_dir`` holds the corpora that gold labels are held against; they are also read where cells were stored
    without slices or clusters that the tests need. Who makes several tables hands over one ``gold_of``, so that each
    corpus is read once.
    """
    tests, gold_of = tests or Tests(), gold_of or corpus_gold(data_dir)
    shown = with_groups(cells, tests, data_dir, tell, datasets, methods)
    chosen: dict[str, Any] = {"datasets": datasets, "methods": methods, "tests": tests}
    return compare(shown, **chosen, alarms=shipped_alarms(), gold_of=gold_of, **wanted)


def corpus_gold(data_dir: Path | None) -> GoldOf:
    """Return what looks up gold labels in the corpora of installed datasets; nothing is read before it is asked."""
    from erc_bench.corpora.corpus import CorpusGold

    @cache
    def catalogue() -> Catalogue:
        from erc_bench.plugin_host.catalogue import Catalogue

        return Catalogue()

    return CorpusGold(lambda name: catalogue().get("dataset", name), data_dir)


def compare_plans(
    plans: Sequence[Plan], runs: Path, datasets: Sequence[str], methods: Sequence[str], **wanted: Any
) -> Comparison:
    """Compare the cells of the plans, in the order of the names; ``wanted`` goes to :func:`compare_stored`."""
    all_cells = read_cells(runs)
    read = {cell.folder: cell for cell in all_cells}
    folders = [plan.address.folder(runs) for plan in plans]
    cells = [read[folder] if folder in read else read_cell(folder) for folder in folders]
    return compare_stored(
        cells,
        datasets=_in(plans, "dataset", datasets),
        methods=_in(plans, "method", methods),
        all_cells=all_cells,
        **wanted,
    )


def _in(plans: Sequence[Plan], kind: str, names: Sequence[str]) -> list[str]:
    """Return those of the names that the plans hold, in the order in which they were asked for."""
    held = {getattr(plan.address, kind) for plan in plans}
    return [name for name in dict.fromkeys(names) if name in held]


def with_groups(
    cells: Sequence[StoredCell],
    tests: Tests,
    data_dir: Path | None,
    tell: Tell,
    datasets: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> list[StoredCell]:
    """Return the cells with the slices, episodes and sessions of their test split.

    Runs that were stored without them get those of the corpus, where it is there and is the same. Only
    the corpora of these datasets and methods are read (none named: all).
    """
    if tests.cluster == "dialogue" and not tests.by_slice:
        return list(cells)
    shown = [
        cell for cell in cells if (not datasets or cell.dataset in datasets) and (not methods or cell.method in methods)
    ]
    lacking = {cell.dataset for cell in shown if cell.status == "done" and "groups" not in cell.record.get("data", {})}
    found = {dataset: _groups(dataset, data_dir, tell) for dataset in sorted(lacking)}
    return [_completed(cell, *found[cell.dataset]) if cell.dataset in found else cell for cell in cells]


def _groups(dataset: str, data_dir: Path | None, tell: Tell) -> tuple[str, dict[str, Any]]:
    """Return the fingerprint of a corpus and the groups of its test split; nothing where it cannot be read."""
    from erc_bench.corpora.corpus import groups, load_corpus
    from erc_bench.plugin_host.catalogue import Catalogue

    try:
        reader = Catalogue().get("dataset", dataset)()
        corpus = load_corpus(reader, data_dir)
    except ErcBenchError as error:
        tell(f"the corpus is not read for slices and clusters: {error.message}")
        return "", {}
    return corpus.fingerprint, groups(corpus.splits.test)


def _completed(cell: StoredCell, fingerprint: str, groups: dict[str, Any]) -> StoredCell:
    data = cell.record.get("data", {})
    if "groups" in data or not fingerprint or data.get("fingerprint") != fingerprint:
        return cell
    return replace(cell, record={**cell.record, "data": {**data, "groups": groups}})
