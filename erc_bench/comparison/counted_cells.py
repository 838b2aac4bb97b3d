"""Which stored cells count, and a sentence for every one that does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.store.reading import StoredCell


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


def own_classifier(cell: StoredCell) -> str:
    """Return the name of the classifier that is the method's own ("" for a system)."""
    return cell.typed.choices.get("classifier", "")
