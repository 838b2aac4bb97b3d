"""Sentences of a caption about a table's cells: how far another machine moves them, whether damage would show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean
from typing import Any

from erc_bench.comparison.comparison_data import Comparison
from erc_bench.comparison.wording import count
from erc_bench.store.reading import StoredCell

MOVED_MEAN, MOVED_SEED = 0.2, 2.2
"""Points of weighted F1 by which means over five seeds, and single seeds, moved at most between instruction sets, with
frozen states in float32: docs/another-machine.md. Most methods did not move at all; these are of the one that did."""
_EXACT = ("float32", "float64")


def shown_cells(comparison: Comparison, cells: Iterable[StoredCell]) -> list[StoredCell]:
    """Return the finished cells whose scores stand in the table, each once."""
    shown = {
        (column.dataset, key.method, key.backbone, score.settings_hash, seed)
        for column in comparison.columns
        for score in column.scores
        if score is not None
        for seed in score.seeds
        for key in [comparison.rows[score.row].key]
    }
    done = (cell for cell in cells if cell.status == "done")
    return list({address: cell for cell in done if (address := _address(cell.record)) in shown}.values())


def _address(record: dict[str, Any]) -> tuple[str, str, str, str, int]:
    return record["dataset"], record["method"], record["backbone"], record["settings_hash"], record["seed"]


def upstreams(shown: Sequence[StoredCell]) -> list[str]:
    """Say which rows read through an upstream, and how much better that fits what it was trained on."""
    found: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for cell in shown:
        record = cell.record
        if told := record.get("upstream"):
            scores = tuple(float(told[split][record["headline_metric"]]) for split in ("train", "dev"))
            found.setdefault((record["method"], told["method"], record["dataset"]), []).append((scores[0], scores[1]))
    by_pair: dict[tuple[str, str], list[str]] = {}
    for (method, upstream, dataset), scores_of in found.items():
        train, dev = (mean(each) for each in zip(*scores_of, strict=True))
        by_pair.setdefault((method, upstream), []).append(f"{dataset}: train {train:.1f}, dev {dev:.1f}")
    return [
        f"{method} reads utterances through {upstream}, trained with each run's own seed ({'; '.join(told)}: what it"
        " gives of training turns is over-fitted unless upstream.folds says otherwise)."
        for (method, upstream), told in by_pair.items()
    ]


def another_machine(shown: Sequence[StoredCell]) -> str:
    """Say how far another processor moves the numbers, where that was measured: with a frozen backbone."""
    trained = [cell.record for cell in shown if cell.record["backbone"] != "none"]
    if not trained or not all(_is_frozen_and_exact(record) for record in trained):
        return ""
    return (
        f"Another machine: about ± {MOVED_MEAN:g} points for a mean over five seeds, up to ± {MOVED_SEED:g} for one"
        " seed (measured with frozen backbones; most methods do not move)."
    )


def _is_frozen_and_exact(record: dict[str, Any]) -> bool:
    # Only cells that record the versions of the core computed in float64.
    versions = record.get("inputs", {}).get("core", {})
    frozen = "features" in versions and "fine-tuning" not in versions
    return frozen and record.get("provenance", {}).get("precision") in _EXACT


def unverified(shown: Sequence[StoredCell]) -> str:
    """Say how many cells of the table could be damaged without anybody seeing it."""
    found = sum(not cell.verified for cell in shown)
    if not found:
        return ""
    were = "was" if found == 1 else "were"
    return (
        f"Unverified: {found} of {count(len(shown), 'cell')} {were} stored without digests of their files, so"
        " damage to them would not show."
    )
