"""Which stored cells count: those asked for and scored against the same gold labels; a sentence for every other one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from erc_bench.comparison.answered import name_of
from erc_bench.comparison.outcomes import ColumnEntry, Columns, Outcome, test_set_of
from erc_bench.corpora.corpus import Gold, GoldOf
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.statistics.results import counted
from erc_bench.statistics.wording import seed_words
from erc_bench.store.plain_predictions import AskedUtterances
from erc_bench.store.reading import StoredCell
from erc_bench.store.record import Record


def select(
    cells: Sequence[StoredCell], datasets: Sequence[str], methods: Sequence[str]
) -> tuple[list[StoredCell], list[str]]:
    """Return the finished cells of the named datasets and methods (none named: all), and notes.

    Raises :class:`ErcBenchError` for an unknown name, or when no finished cell is left.
    """
    _check("dataset", datasets, {cell.dataset for cell in cells})
    _check("method", methods, {cell.method for cell in cells})
    wanted = [
        cell for cell in cells if (not datasets or cell.dataset in datasets) and (not methods or cell.method in methods)
    ]
    notes = [f"{cell.name} ({cell.status}): {cell.told}" for cell in wanted if cell.status != "done"]
    done = [cell for cell in wanted if cell.status == "done"]
    if not done:
        raise ErcBenchError("no finished run is there to compare", "\n".join(notes) or "Train with `erc-bench run`.")
    kept: list[StoredCell] = []
    for dataset in dict.fromkeys(cell.dataset for cell in done):
        chosen, left_out = _most_complete([cell for cell in done if cell.dataset == dataset], dataset)
        kept += chosen
        notes += left_out
    return kept, notes


def _check(kind: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise ErcBenchError(f"no run of {kind} {name!r} is stored; {did_you_mean(name, known)}")


def _most_complete(cells: list[StoredCell], dataset: str) -> tuple[list[StoredCell], list[str]]:
    by_kind: dict[tuple[bool, bool], list[StoredCell]] = {}
    for cell in cells:
        by_kind.setdefault((cell.typed.limit is not None, cell.typed.dev_only), []).append(cell)
    best, *others = sorted(by_kind)
    notes = [f"{dataset}: {_count(by_kind[kind])} left out because {_told(*kind)}" for kind in others]
    return by_kind[best], notes


def _told(partial: bool, dev_only: bool) -> str:
    if partial and dev_only:
        return "partial and scored on dev only"
    return f"scored on dev only ({OptionName('dev_only')})" if dev_only else f"partial ({OptionName('limit')})"


def _count(cells: Sequence[StoredCell]) -> str:
    names = ", ".join(sorted({cell.method for cell in cells}))
    return f"1 cell ({names}) is" if len(cells) == 1 else f"{len(cells)} cells ({names}) are"


def metric_of(cells: Sequence[StoredCell], metric: str | None) -> dict[str, str]:
    """Return the metric of each dataset: the one asked for, else the dataset's headline metric.

    Raises :class:`ErcBenchError` for an unknown metric or one that a dataset does not have.
    """
    if metric is not None and metric not in METRIC_WORDS:
        raise ErcBenchError(f"there is no metric {metric!r}; {did_you_mean(metric, METRIC_WORDS)}")
    chosen = {cell.dataset: metric or cell.typed.headline_metric for cell in cells}
    for cell in cells:
        if chosen[cell.dataset] == "micro_f1" and not cell.typed.scored_labels:
            raise ErcBenchError(
                f"{cell.dataset} has no micro_f1: it scores all its labels, where micro F1 is the accuracy",
                f"Ask for {OptionName('metric'):accuracy}, or name with {OptionName('datasets')} those that have it.",
            )
    return chosen


def check_readouts(cells: Sequence[StoredCell], readouts: Sequence[str]) -> None:
    """Raise :class:`ErcBenchError` for a classifier that read none of these cells."""
    known = {name for cell in cells for name in (*cell.typed.readouts, own_classifier(cell))} - {""}
    for name in readouts:
        if name not in known:
            raise ErcBenchError(f"no stored run was read out with {name!r}; {did_you_mean(name, known)}")


Address = tuple[str, str, str, str, int]


def address_of(record: Record) -> Address:
    """Return dataset, method, backbone, settings hash and seed of a cell."""
    return record.dataset, record.method, record.backbone, record.settings_hash, record.seed


def own_classifier(cell: StoredCell) -> str:
    """Return the name of the classifier that is the method's own ("" for a system)."""
    return cell.typed.choices.get("classifier", "")


_Data = tuple[str, str, int | None]
"""The data that cells must share to be compared: dataset, fingerprint and limit."""


@dataclass(frozen=True)
class _Reference:
    """The labels that count: ``name`` is that of the test set that has them, ``whose`` says where they come from.

    The name is empty where as many cells have one version as another.
    """

    name: str
    gold: Gold
    whose: str = ""


@dataclass(frozen=True)
class _LeftOut:
    """One outcome that does not count, and its difference from the reference, in numbers."""

    method: str
    readout: str
    seed: int
    labels: int
    added: int
    missing: int


def with_same_gold(columns: Columns, cells: Sequence[StoredCell], gold_of: GoldOf | None) -> tuple[Columns, list[str]]:
    """Return the columns without outcomes of other gold labels or utterances, and a note on each method's.

    ``cells`` are all that the folder of runs holds: they decide by their number where ``gold_of`` knows no corpus.
    """
    by_data: dict[_Data, list[tuple[ColumnEntry, Outcome]]] = {}
    for condition, entries in columns.items():
        scored = [(entry, each) for entry in entries for each in entry.outcomes.values() if each.test_set]
        by_data.setdefault((condition.dataset, condition.fingerprint, condition.limit), []).extend(scored)
    notes: list[str] = []
    for data, scored in by_data.items():
        if scored:
            reference = _reference(data, scored, cells, gold_of)
            notes += _notes(data[0], _take_out(scored, reference), reference)
    kept = {condition: [entry for entry in entries if entry.outcomes] for condition, entries in columns.items()}
    return {condition: entries for condition, entries in kept.items() if entries}, notes


def _reference(
    data: _Data, scored: Sequence[tuple[ColumnEntry, Outcome]], cells: Sequence[StoredCell], gold_of: GoldOf | None
) -> _Reference:
    if gold_of is not None and (gold := gold_of(scored[0][1].cell.record)) is not None:
        return _Reference(name_of((*key, label) for key, label in gold.items()), gold, "the corpus")
    known: dict[str, AskedUtterances] = {}
    votes: Counter[str] = Counter()
    read = {each.cell.folder: each for entry, each in scored if not entry.key.readout}
    for cell in cells:
        if not _votes(cell, data):
            continue
        # Unreadable files are named where they are to be shown.
        with suppress(ErcBenchError):
            outcome = read.get(cell.folder)
            name, asked = test_set_of(cell) if outcome is None else (outcome.test_set, outcome.asked)
            assert asked is not None  # a named test set was read
            known[name] = asked
            votes[name] += 1
    if not votes:  # only the files of further readouts can be read
        votes.update(each.test_set for _, each in scored)
        known |= {each.test_set: each.asked for _, each in scored if each.asked is not None}
    return _of_most(votes, known)


def _votes(cell: StoredCell, data: _Data) -> bool:
    if cell.status != "done" or cell.typed.dev_only or cell.typed.metrics.test is None:
        return False
    return (cell.dataset, cell.typed.data.fingerprint or "", cell.typed.limit) == data


def _of_most(votes: Counter[str], known: Mapping[str, AskedUtterances]) -> _Reference:
    (most, number), *others = votes.most_common(2)
    if others and others[0][1] == number:
        return _Reference("", _gold(known[most]))
    return _Reference(most, _gold(known[most]), f"those of {counted(number, 'other cell')}")


def _gold(asked: AskedUtterances) -> Gold:
    return dict(zip(zip(asked.dialogue_ids, asked.utterances, strict=True), asked.gold, strict=True))


def _take_out(scored: Sequence[tuple[ColumnEntry, Outcome]], reference: _Reference) -> list[_LeftOut]:
    """Remove outcomes with another test set than the reference from the entries, and return them."""
    found: dict[str, tuple[int, int, int]] = {}
    left_out = []
    for entry, outcome in scored:
        if outcome.test_set == reference.name or outcome.asked is None:
            continue
        if outcome.test_set not in found:
            found[outcome.test_set] = _differences(_gold(outcome.asked), reference.gold)
        del entry.outcomes[outcome.seed]
        left_out.append(_LeftOut(entry.key.method, entry.key.readout, outcome.seed, *found[outcome.test_set]))
    return left_out


def _differences(mine: Gold, theirs: Gold) -> tuple[int, int, int]:
    """Return how many labels differ, and how many utterances are added and missing."""
    labels = sum(mine[key] != theirs[key] for key in mine.keys() & theirs.keys())
    return labels, len(mine.keys() - theirs.keys()), len(theirs.keys() - mine.keys())


def _notes(dataset: str, left_out: Sequence[_LeftOut], reference: _Reference) -> list[str]:
    by_row: dict[tuple[str, str], list[_LeftOut]] = {}
    for each in left_out:
        by_row.setdefault((each.method, each.readout), []).append(each)
    whole = len(reference.gold)
    if reference.name or not left_out:
        return [
            f"{dataset}: {_cells(*row, found)} {'is' if len(found) == 1 else 'are'} left out:"
            f" {_reason(found, whole, f' from {reference.whose}')}"
            for row, found in by_row.items()
        ]
    cells = [_cells(*row, found) for row, found in by_row.items()]
    return [
        f"{dataset}: {' and '.join(cells)} are left out: {_reason(left_out, whole, ' between them')}, and no version is"
        " that of most cells; the corpus that they were scored on decides"
        f" ({OptionName('data_dir')} or $ERC_BENCH_DATA)"
    ]


def _cells(method: str, readout: str, found: Sequence[_LeftOut]) -> str:
    row = f"{method} as read by {readout}" if readout else method
    return f"{counted(len(found), 'cell')} of {row} ({seed_words(each.seed for each in found)})"


def _reason(found: Sequence[_LeftOut], whole: int, against: str) -> str:
    # Where two versions are as frequent, the cells of one of them differ in nothing from the reference.
    differing = [each for each in found if each.labels or each.added or each.missing]
    parts = []
    if labels := [each.labels for each in differing if each.labels]:
        parts.append(f"{_range(labels)} of {whole} gold labels differ{against}")
    if added := [each.added for each in differing if each.added]:
        parts.append(f"{_range(added)} of the utterances answered are not scored there")
    if missing := [each.missing for each in differing if each.missing]:
        parts.append(f"{_range(missing)} of {whole} utterances are missing")
    return "; ".join(parts)


def _range(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
