"""The facts that stand below every table, as sentences of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from erc_bench.comparison import caption_cells
from erc_bench.comparison.averages import averaged
from erc_bench.comparison.caption_budgets import budgets
from erc_bench.comparison.caption_claims import claims, reached
from erc_bench.comparison.chosen_columns import left_out
from erc_bench.comparison.comparison_data import Column, Comparison, Score
from erc_bench.comparison.declared_family import DeclaredFamily, when_declared
from erc_bench.comparison.row_key import FREEZING
from erc_bench.comparison.rows import common_backbone, common_overrides
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.statistics.results import counted
from erc_bench.statistics.wording import seed_words
from erc_bench.store.reading import StoredCell


@dataclass(frozen=True)
class Folder:
    """What a folder of runs holds: its cells, its ledgers, and the comparisons that a suite declared, if one did."""

    cells: Sequence[StoredCell]
    ledgers: caption_cells.Ledgers
    declared: DeclaredFamily | None = None


def with_caption(comparison: Comparison, folder: Folder, short: bool = False) -> Comparison:
    """Return the comparison with its caption.

    A short one has what a reader needs to read the marks and to trust the rows; its other facts stand apart.
    """
    facts = [fact for fact in _facts(comparison, folder) if fact.sentence]
    essential = tuple(fact.sentence for fact in facts if fact.is_essential or not short)
    return replace(
        comparison,
        caption=essential,
        further_facts=tuple(fact.sentence for fact in facts if short and not fact.is_essential),
    )


class _Fact(NamedTuple):
    """One sentence, or nothing; an essential one stands in a short caption too."""

    sentence: str
    is_essential: bool


def _facts(comparison: Comparison, folder: Folder) -> Iterator[_Fact]:
    shown = caption_cells.shown_cells(comparison, folder.cells)
    yield from _essential(_what(comparison), _shared(comparison), left_out(comparison), averaged(comparison))
    # The last column of a dataset is one over all classes, with a floor.
    by_dataset = {column.title: column for column in comparison.columns}
    yield from _further(*(_column(comparison, column) for column in by_dataset.values()))
    yield from _essential(*claims(comparison), when_declared(folder.declared, shown, folder.ledgers))
    yield from _further(*reached(comparison))
    yield from _essential(_by_row(comparison, "Epoch selected by", "selection"))
    yield from _further(_by_row(comparison, "Settings", "settings_from"))
    yield from _essential(budgets(comparison), *_marks(comparison), *_reported(comparison))
    yield from _further(*caption_cells.upstreams(shown), caption_cells.another_machine(shown))
    yield from _essential(
        *caption_cells.told_by_systems(shown),
        caption_cells.unanswered(comparison, shown),
        caption_cells.may_have_read(shown),
        caption_cells.configurations(comparison, folder.cells, folder.ledgers),
        caption_cells.unverified(shown),
    )


def _essential(*sentences: str) -> Iterator[_Fact]:
    return (_Fact(sentence, is_essential=True) for sentence in sentences)


def _further(*sentences: str) -> Iterator[_Fact]:
    return (_Fact(sentence, is_essential=False) for sentence in sentences)


def scores(comparison: Comparison) -> list[tuple[Column, Score]]:
    """Return every filled cell of the table with its column."""
    return [(column, score) for column in comparison.columns for score in column.scores if score is not None]


def _what(comparison: Comparison) -> str:
    metric = _class_metrics(comparison) if comparison.per_class else _metrics(comparison)
    several = any(score.summary.n > 1 for _, score in scores(comparison))
    spread = "mean ± standard deviation (n - 1) over" if several else "of single runs with"
    return f"{metric}, in points, {spread} {_common_seeds(comparison) or 'seeds named below'}."


def _metrics(comparison: Comparison) -> str:
    by_words: dict[str, list[str]] = {}
    for column in comparison.columns:
        words = METRIC_WORDS[column.metric]
        by_words.setdefault(f"{words[0].upper()}{words[1:]} on the {column.split} split", []).append(column.title)
    named = len(by_words) > 1
    return "; ".join(f"{words} ({', '.join(titles)})" if named else words for words, titles in by_words.items())


def _class_metrics(comparison: Comparison) -> str:
    further = dict.fromkeys(METRIC_WORDS[column.metric] for column in comparison.columns if not column.class_name)
    return f"{', '.join(['F1 of each class', *further])} on the test split (described, not tested)"


def _common_seeds(comparison: Comparison) -> str:
    found = {score.seeds for _, score in scores(comparison)}
    return seed_words(found.pop()) if len(found) == 1 else ""


def _shared(comparison: Comparison) -> str:
    keys = [row.key for row in comparison.rows]
    backbone = common_backbone(keys)
    parts = [f"backbone {backbone}"] if backbone else []
    parts += [f"{address}={value}" for address, value in common_overrides(keys).items()]
    return f"All rows: {', '.join(parts)}." if parts else ""


def _column(comparison: Comparison, column: Column) -> str:
    parts = []
    if not _common_seeds(comparison):
        found = [score.seeds for score in column.scores if score is not None]
        differ = ", n is given where rows differ" if len(set(found)) > 1 else ""
        parts.append(f"{seed_words([seed for seeds in found for seed in seeds])}{differ}")
    if column.dialogues is not None:
        clusters = _clusters(comparison, column)
        parts.append(f"{counted(column.dialogues, 'dialogue')} with {column.utterances} labelled utterances{clusters}")
    if column.floor is not None:
        metric = f" in {METRIC_WORDS[column.metric]}" if comparison.per_class else ""
        parts.append(f"always answering {column.floor_label} scores {column.floor:.2f}{metric}")
    if column.split == "dev":
        parts.append("no test score exists, the dev scores also chose the epoch")
    if column.limit is not None:
        parts.append("partial data, not comparable with a full run")
    return f"{column.title}, {column.split} split: {'; '.join(parts)}." if parts else ""


def _clusters(comparison: Comparison, column: Column) -> str:
    """Say how many episodes or sessions were taken for independent."""
    cluster, found = comparison.tests.cluster, max((pair.clusters for pair in column.pairs), default=0)
    return f", in {counted(found, cluster)}" if found and cluster != "dialogue" else ""


def _by_row(comparison: Comparison, title: str, field: str) -> str:
    """Say a fact of the rows once where all agree, else by method, and by dataset where needed."""
    values: dict[str, dict[str, list[str]]] = {}
    for column, score in scores(comparison):
        method = comparison.rows[score.row].key.method
        if value := str(getattr(score, field)):
            values.setdefault(method, {}).setdefault(value, []).append(column.title)
    by_value: dict[str, list[str]] = {}
    for method, found in values.items():
        for value, titles in found.items():
            where = f" on {', '.join(dict.fromkeys(titles))}" if len(found) > 1 else ""
            by_value.setdefault(value, []).append(f"{method}{where}")
    if len(by_value) < 2:
        return f"{title}: {next(iter(by_value))}." if by_value else ""
    parts = [f"{value} ({', '.join(methods)})" for value, methods in by_value.items()]
    return f"{title}: {'; '.join(parts)}."


def _marks(comparison: Comparison) -> list[str]:
    sentences = []
    if frozen := [row.key.overrides for row in comparison.rows if row.frozen]:
        by = " or ".join(
            f"{address}={value}" for address, value in FREEZING if (address, value) in set().union(*frozen)
        )
        sentences.append(
            f"(frozen): the language model is as it was pretrained ({by}), where the method's recipe fine-tunes it or"
            " reads through one that was fine-tuned."
        )
    if any(row.sees_future for row in comparison.rows):
        sentences.append("§ reads turns that come after the utterance it labels.")
    if any(score.degenerate for _, score in scores(comparison)):
        sentences.append(
            "Degenerate: at or below what the best single answer scores, or predicting at most two classes."
        )
    return sentences


def _reported(comparison: Comparison) -> list[str]:
    if not comparison.reported:
        return []
    systems: dict[str, dict[str, None]] = {}
    for row in comparison.reported:
        systems.setdefault(row.citation, {})[row.system] = None
    cited = [f"{citation} ({', '.join(names)})" for citation, names in systems.items()]
    printed = dict.fromkeys(source for row in comparison.reported for source in row.printed_in)
    return [
        f"Reported rows are copied from print ({'; '.join(printed)}): other code, other seeds, in part other splits and"
        " selection on test. In this table they are neither tested nor ranked and carry no marks.",
        f"Reported systems are those of {'; '.join(cited)}.",
    ]
