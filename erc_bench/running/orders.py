"""Cells that another process is told to run: a file of JSON, written by who plans and read where they run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from erc_bench.errors import ErcBenchError
from erc_bench.planning.observers import ChosenObserver
from erc_bench.planning.plan import Plan, from_json, to_json
from erc_bench.plugin_host.plugin_files import PluginFile, load_again
from erc_bench.running.worker import GridTask
from erc_bench.store.regular_files import write_whole
from erc_bench.validation import json_object

FORMAT = 1


@dataclass(frozen=True)
class Order:
    """One group of cells, to be run one after the other, and where they and their corpora lie."""

    task: GridTask
    plans: tuple[Plan, ...]


def write_orders(file: Path, task: GridTask, groups: Sequence[Sequence[Plan]]) -> None:
    """Write groups of cells, each for a process of its own. Paths become absolute: they are read elsewhere."""
    content = {
        "format": FORMAT,
        "task": _described(task),
        "groups": [[json.loads(to_json(plan)) for plan in group] for group in groups],
    }
    write_whole(file, json.dumps(content, indent=1).encode())


def read_order(file: Path, group: int) -> Order:
    """Read one group of a file of orders, after the plugin files that it names.

    Raises :class:`ErcBenchError` for a file that is none, of another version, or of something that is not installed.
    """
    try:
        content = json_object(file.read_bytes(), file.name)
    except OSError as error:
        raise ErcBenchError(f"{file} cannot be read: {error.strerror or error}") from None
    if content.get("format") != FORMAT:
        raise ErcBenchError(
            f"{file} has format {content.get('format')!r}, and this version reads {FORMAT}",
            "Plan and run with the same version of erc-bench.",
        )
    groups: Any = content["groups"]
    if not 0 <= group < len(groups):
        raise ErcBenchError(f"{file} has {len(groups)} groups of cells, and no group {group}", "They count from 0.")
    task = _task(content["task"])
    load_again(task.plugins)
    return Order(task, tuple(from_json(json.dumps(each)) for each in groups[group]))


def _described(task: GridTask) -> dict[str, Any]:
    return {
        "runs": str(task.runs.resolve()),
        "data_dir": None if task.data_dir is None else str(task.data_dir.resolve()),
        "device": task.device,
        "overwrite": task.overwrite,
        "micro_batch": task.micro_batch,
        "plugins": [{**asdict(file), "path": str(file.path)} for file in task.plugins],
        "observers": [asdict(observer) for observer in task.observers],
        "features": {sha256: str(file.resolve()) for sha256, file in task.features.items()},
        "send_text": task.send_text,
    }


def _task(described: Any) -> GridTask:
    said: Mapping[str, Any] = described
    return GridTask(
        runs=Path(said["runs"]),
        data_dir=None if said["data_dir"] is None else Path(said["data_dir"]),
        device=said["device"],
        overwrite=said["overwrite"],
        micro_batch=said["micro_batch"],
        plugins=tuple(PluginFile(**{**file, "path": Path(file["path"])}) for file in said["plugins"]),
        observers=tuple(ChosenObserver(**observer) for observer in said["observers"]),
        features={sha256: Path(file) for sha256, file in said["features"].items()},
        send_text=said["send_text"],
    )
