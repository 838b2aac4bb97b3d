"""What a finished cell leaves behind: predictions, arrays, a line for the terminal, notes on what was there before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from erc_bench.contracts.types import UtteranceKey
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.plan import Plan
from erc_bench.running.record import Row, scored_rows
from erc_bench.store.layout import CellAddress
from erc_bench.store.reading import read_cell
from erc_bench.store.writing import CellWriter
from erc_bench.training.result import CellResult


def write_results(
    plan: Plan, result: CellResult, gold: Mapping[UtteranceKey, str], writer: CellWriter
) -> dict[str, list[Row]]:
    """Write predictions and arrays in the order of the split; return the scored rows of every reading."""
    rows: dict[str, list[Row]] = {}
    own = next(iter(result.readings))
    order = {key: position for position, key in enumerate(result.keys)}
    for name, reading in result.readings.items():
        if reading.scores is not None:
            rows[name] = scored_rows(plan, result.keys, reading.scores, gold)
            scores = reading.scores[[order[key] for key in gold]]
            writer.write_predictions(None if name == own else name, rows[name], scores, plan.dataset.labels)
    arrays = dict(result.arrays)
    for name, array in result.representations.items():
        arrays[name] = array[[order[key] for key in gold]]
    if arrays:
        writer.write_arrays(arrays)
    return rows


def headline(record: Mapping[str, Any]) -> str:
    """Return the headline score of a record in words; nothing for a cell without one."""
    if not record:
        return ""
    metric = record["headline_metric"]
    scores = record["metrics"]["test"] or record["metrics"]["dev"]
    split = "test" if record["metrics"]["test"] else "dev"
    flag = f" (degenerate: {record['degenerate']})" if record["degenerate"] else ""
    return f"{split} {metric.replace('_', ' ')} {scores[metric]:.2f}{flag}"


def other_weights(runs: Path, address: CellAddress, upstream: Mapping[str, Any]) -> Iterator[str]:
    """Yield a note on each stored cell of the seed that read another training of the same upstream."""
    alike = (runs / address.dataset).glob(f"*/{address.backbone}/*/seed-{address.seed}")
    for folder in sorted(alike):
        try:
            before = read_cell(folder).record.get("upstream", {})
        except ErcBenchError:
            continue
        if before.get("key") == upstream["key"] and before.get("weights") != upstream["weights"]:
            yield (
                f"{folder} read other weights of the upstream {upstream['method']} ({before.get('weights')}, now "
                f"{upstream['weights']}): it was trained again elsewhere; "
                f"{OptionName('overwrite'):always} runs such cells again"
            )
