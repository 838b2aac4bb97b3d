"""From stored cells to a comparison: rows, columns, tests and a caption, all of it plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from erc_bench.comparison.against_reported import printed_claims, readings
from erc_bench.comparison.averages import with_averages
from erc_bench.comparison.caption import Folder, with_caption
from erc_bench.comparison.caption_cells import ledgers_of
from erc_bench.comparison.chosen_columns import with_columns
from erc_bench.comparison.claims_over_datasets import over_datasets, ranking
from erc_bench.comparison.columns import (
    audit_column,
    build_column,
    check_audited,
    class_columns,
)
from erc_bench.comparison.comparison_data import Column, Comparison, Family, Score, TableRow
from erc_bench.comparison.counted_cells import check_readouts, metric_of, select
from erc_bench.comparison.declared_family import DeclaredFamily
from erc_bench.comparison.expected import Alarm, rung_alarms
from erc_bench.comparison.families import Contrasts, TestedTogether, all_entries
from erc_bench.comparison.grouping import Reference, group
from erc_bench.comparison.multiple_testing import correct
from erc_bench.comparison.outcomes import ColumnEntry, Columns, Condition
from erc_bench.comparison.reported_numbers import reported_rows
from erc_bench.comparison.requested_tests import Tests
from erc_bench.comparison.row_key import RowKey
from erc_bench.comparison.rows import (
    PREFERRED,
    Baseline,
    default_baseline,
    label_rows,
    lettered,
    ordered,
    parse_baseline,
    renamed,
    said_once,
)
from erc_bench.comparison.significance import pair_rows
from erc_bench.comparison.slices import check_sliced, slice_columns
from erc_bench.comparison.tested_differences import Pair, Ranking
from erc_bench.corpora.corpus import GoldOf
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.store.reading import StoredCell

__all__ = ["Column", "Comparison", "Family", "Pair", "Row", "RowKey", "Score", "Tests", "compare"]

Build = Callable[[Condition, Sequence[Condition], Sequence[ColumnEntry]], tuple[list[Column], list[str]]]
"""From one condition of a dataset, its other conditions and its entries to columns and notes."""


def compare(
    cells: Sequence[StoredCell],
    *,
    datasets: Sequence[str] = (),
    methods: Sequence[str] = (),
    baseline: str | None = None,
    metric: str | None = None,
    readouts: Sequence[str] = (),
    alpha: float = 0.05,
    family: Family = "dataset",
    per_class: bool = False,
    audit: bool = False,
    reported: Sequence[str] = (),
    alarms: Sequence[Alarm] = (),
    all_cells: Sequence[StoredCell] | None = None,
    tests: Tests | None = None,
    gold_of: GoldOf | None = None,
    declared: DeclaredFamily | None = None,
    names: Sequence[str] = (),
    columns: Sequence[str] = (),
    average: bool = False,
    short_caption: bool = False,
) -> Comparison:
    """Compare stored cells: one row for each (method, backbone, overrides), one column per dataset.

    ``baseline`` is a method, or ``method/backbone``; without it ``ce``, else ``supcon``, else the first method. A named
    baseline takes part even where ``methods`` leaves it out. ``readouts`` adds rows for further classifiers that read
    the same training. ``family`` says which tests are corrected together, and ``declared`` are those that a
    suite names; without any they are those of all rows of a dataset and regime in the folder. ``tests`` are made.
    ``per_class`` shows the F1 of each class instead, without tests. ``audit`` adds the scores that choosing epochs on
    test would have given; no test reads it. ``reported`` names published numbers to stand beside ours, ``alarms`` the
    scores not to be believed. ``all_cells`` is everything in the folder of runs, where ``cells`` is a part of it: the
    caption counts configurations there. ``gold_of`` knows the gold labels of corpora: a cell scored against others is
    left out, as are gold labels that most cells of the folder do not have where no corpus decides. ``names`` say what
    methods are called, each as ``METHOD=WORDS``. ``columns`` are those classes, slices or speakers that are shown,
    ``average`` adds each row's average over the datasets, and ``short_caption`` leaves facts to ``further_facts``.
    Raises :class:`ErcBenchError` for an unknown name, or when there is nothing to compare.
    """
    named = None if baseline is None else parse_baseline(baseline, cells)
    wanted = [*methods, named.method] if methods and named else methods
    kept, notes = select(cells, datasets, wanted)
    check_readouts(kept, readouts)
    tests = tests or Tests()
    metrics = metric_of(kept, _checked(metric, per_class, audit, tests, family))
    every = cells if all_cells is None else all_cells
    grouped, unusable = group(kept, metrics, readouts, Reference(every, gold_of), per_class or tests.needs_counts)
    if not grouped:
        raise ErcBenchError("no finished run can be read", "\n".join([*notes, *unusable]))
    found = sorted({entry.key.method for entries in grouped.values() for entry in entries})
    # Those that were named, in that order, before the others.
    chosen = named or default_baseline([*(name for name in methods if name in found), *found])
    rows = renamed(_rows(grouped, methods, chosen), names)
    rows = lettered(rows) if tests.letters else rows
    build: Build = partial(_metric_columns, rows, metrics, chosen, alpha, audit, tests)
    if per_class:
        build = partial(_class_columns, rows, alpha)
    built, told = _columns(grouped, _ordered(grouped, datasets), build)
    if audit:
        check_audited(built)
    if tests.by:
        check_sliced(built, tests.by)
    beside, lacking = reported_rows(reported, built)
    ledgers = ledgers_of(every)
    notes += [*unusable, *told, *lacking, *_alarms(grouped, rows, alarms), *ledgers.notes]
    notes += [] if per_class else _on_the_baseline(chosen, named, built)
    unique = said_once(notes, built)
    if not per_class and family != "shown":
        whole_folder = Contrasts(chosen, readouts=(*readouts,), all_pairs=tests.all_pairs, whole_folder=True)
        contrasts = (declared and declared.contrasts) or (whole_folder,)
        whole = TestedTogether(contrasts, all_entries(every, kept, grouped, metrics, contrasts, tests), ledgers)
        built = [whole.complete(column, rows, alpha, tests) for column in built]
    corrected = correct(built, alpha, family, tests)
    result = Comparison(
        rows,
        corrected,
        str(chosen),
        alpha,
        family,
        (),
        unique,
        beside,
        tests,
        declared=bool(declared and declared.contrasts),
    )
    result = replace(result, readings=readings(result), over_datasets=over_datasets(result))
    if tests.ranks:
        result = replace(result, ranking=_ranked(result, tests))
    if not per_class:
        result = replace(result, printed_claims=printed_claims(beside, alpha))
    result = with_columns(result, columns) if columns else result
    result = with_averages(result) if average else result
    return with_caption(result, Folder(every, ledgers, declared), short_caption)


def _ranked(comparison: Comparison, tests: Tests) -> Ranking:
    found = ranking(comparison, tests.force_ranks)
    if not found.rows:
        raise ErcBenchError(
            "no row has a score on every dataset: there are no ranks", f"Leave {OptionName('ranks')}, or a dataset."
        )
    return found


def _checked(metric: str | None, per_class: bool, audit: bool, tests: Tests, family: Family) -> str | None:
    if per_class and (tests != Tests() or family == "table"):
        raise ErcBenchError(
            "a table per class has no tests, no ranks and no slices", f"Leave {OptionName('per_class')} or the rest."
        )
    if per_class and audit:
        raise ErcBenchError(
            "a table per class shows no selection audit", f"Leave {OptionName('per_class')} or {OptionName('audit')}."
        )
    if per_class and metric is not None:
        raise ErcBenchError(f"a table per class has no other metric; {metric!r} is one too many", "Leave one of them.")
    return metric


def _on_the_baseline(chosen: Baseline, named: Baseline | None, columns: Sequence[Column]) -> list[str]:
    """Say which baseline was taken for want of a usual one."""
    if named is None and chosen.method not in PREFERRED and any(column.pairs for column in columns):
        return [f"{chosen} is the baseline: neither {' nor '.join(PREFERRED)} is among the methods shown"]
    return []


def _alarms(grouped: Columns, rows: Sequence[TableRow], alarms: Sequence[Alarm]) -> list[str]:
    labels = {row.key: row.label for row in rows}
    return [note for condition, entries in grouped.items() for note in rung_alarms(condition, entries, labels, alarms)]


def _rows(grouped: Columns, methods: Sequence[str], baseline: Baseline) -> tuple[TableRow, ...]:
    entries = [entry for column in grouped.values() for entry in column]
    keys = ordered((entry.key for entry in entries), methods, baseline.method)
    return label_rows(keys, {entry.key: entry.record.sees_future for entry in entries})


def _ordered(grouped: Columns, datasets: Sequence[str]) -> list[Condition]:
    def order(condition: Condition) -> tuple[int, str, int]:
        name = condition.dataset
        return datasets.index(name) if name in datasets else len(datasets), name, -len(grouped[condition])

    return sorted(grouped, key=order)


def _columns(grouped: Columns, conditions: Sequence[Condition], build: Build) -> tuple[list[Column], list[str]]:
    columns: list[Column] = []
    notes: list[str] = []
    for condition in conditions:
        others = [other for other in grouped if other.dataset == condition.dataset and other != condition]
        found, told = build(condition, others, grouped[condition])
        if others and found:
            notes.append(f"{found[0].title}: apart, because these runs differ from the others in data or hardware")
        columns += found
        notes += told
    if not columns:
        raise ErcBenchError("there is no F1 of classes to show", "\n".join(notes))
    return columns, notes


def _metric_columns(
    rows: Sequence[TableRow],
    metrics: Mapping[str, str],
    baseline: Baseline,
    alpha: float,
    audit: bool,
    tests: Tests,
    condition: Condition,
    others: Sequence[Condition],
    entries: Sequence[ColumnEntry],
) -> tuple[list[Column], list[str]]:
    whole = build_column(condition, others, entries, rows, metrics[condition.dataset], alpha)
    if audit:
        whole = replace(whole, audit=audit_column(whole, entries, rows, alpha))
    slices = slice_columns(whole, entries, rows, alpha, tests.by) if tests.by else []
    columns, notes = [], []
    for column, parts in [(whole, entries), *slices]:
        pairs, found = pair_rows(column, parts, rows, baseline, alpha, tests)
        columns.append(replace(column, pairs=pairs))
        # The notes of a slice are among those of the whole.
        notes += found if column is whole else []
    return columns, notes


def _class_columns(
    rows: Sequence[TableRow],
    alpha: float,
    condition: Condition,
    others: Sequence[Condition],
    entries: Sequence[ColumnEntry],
) -> tuple[list[Column], list[str]]:
    columns = class_columns(condition, others, entries, rows, alpha)
    return columns, [] if columns else [f"{condition.dataset} is left out: it has dev scores alone"]
