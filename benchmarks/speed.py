"""How fast erc-bench is, against the published procedure and against what the machine can do.

    python benchmarks/speed.py --dataset meld --data-dir DATA --output speed.json

Everything is measured in one run, the two sides of a ratio in turn. The last line is the ratio of the
seconds of one fine-tuned epoch, its evaluations included: ``epoch ratio: N``. ``--quick`` takes
a minute and a half, leaves out the sizes of a corpus, and is too short to conclude from; ``--part`` measures some
parts only. ``--part labels`` and ``--part adapters`` want a language model that writes: ``--backbone smollm2``.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from speed_parts.adapters import step_costs
from speed_parts.cells import Source
from speed_parts.corpus_size import corpus_costs
from speed_parts.dialogues import dialogue_costs
from speed_parts.epoch import compare_epochs
from speed_parts.equal import equal_results
from speed_parts.frozen import frozen_costs
from speed_parts.labels import label_costs
from speed_parts.loading import loading_costs
from speed_parts.objectives import objective_costs
from speed_parts.sides import Sides
from speed_parts.startup import starting_costs
from speed_parts.tables import epoch_tables, rows_table

from erc_bench.training.device import hardware

EPOCHS = 8
"""Of a whole run, as published."""


@dataclass(frozen=True)
class Asked:
    """What was asked on the command line."""

    source: Source
    quick: bool
    turns: int
    batches: int
    console: Console
    methods: tuple[str, ...] = ()

    def tell(self, what: str) -> None:
        """Say on the error stream what is being measured."""
        print(f"… {what}", file=sys.stderr, flush=True)


def epoch(asked: Asked) -> dict[str, Any]:
    """One fine-tuned epoch on both sides."""
    found = compare_epochs(Sides(asked.source), asked.turns, asked.batches, 1 if asked.quick else 2, asked.tell)
    for table in epoch_tables(found, EPOCHS):
        asked.console.print(table)
    return asdict(found) | {"ratio": found.ratio(), "run_ratio": found.run_ratio(EPOCHS)}


def equal(asked: Asked) -> dict[str, Any]:
    """The same seed with and without each optimisation."""
    return _table(asked, "Equal results: the same seed with and without", equal_results(asked.source, asked.quick))


def objectives(asked: Asked) -> dict[str, Any]:
    """Objectives alone."""
    return _table(asked, "Objectives alone", objective_costs(asked.quick, asked.source.device))


def loading(asked: Asked) -> dict[str, Any]:
    """Reading, tokenising, assembling."""
    return _table(asked, f"Loading {asked.source.dataset}", loading_costs(asked.quick, asked.source))


def corpus(asked: Asked) -> dict[str, Any]:
    """Corpora of growing size."""
    costs = corpus_costs(asked.quick, asked.source.backbone)
    return _table(asked, "Corpora of growing size: reading, tokenising, assembling", costs)


def frozen(asked: Asked) -> dict[str, Any]:
    """The path of a frozen encoder."""
    found = frozen_costs(asked.quick, asked.source)
    _table(asked, "Frozen encoder: encoding", [found.encoding])
    _table(asked, "Frozen encoder: the cache", [found.cache])
    _table(asked, "Frozen encoder: one step of the head", found.steps)
    return asdict(found)


def dialogue(asked: Asked) -> dict[str, Any]:
    """Networks over dialogues."""
    title = "Networks over dialogues: one dialogue after the other, and side by side"
    return _table(asked, title, dialogue_costs(asked.quick, asked.source, asked.methods))


def labels(asked: Asked) -> dict[str, Any]:
    """Labels behind prompts of a language model."""
    title = "Labels behind prompts: a padded batch for every label, and each prompt once"
    return _table(asked, title, label_costs(asked.quick, asked.source))


def adapters(asked: Asked) -> dict[str, Any]:
    """Steps of fine-tuning with adapters."""
    title = "A step of 16 turns with adapters: all logits of a padded batch, and those of the answers alone"
    return _table(asked, title, step_costs(asked.quick, asked.source))


def startup(asked: Asked) -> dict[str, Any]:
    """Commands that train nothing."""
    return _table(asked, "Commands, whole processes", starting_costs(asked.quick))


PARTS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    part.__name__: part
    for part in (startup, loading, corpus, objectives, dialogue, frozen, equal, epoch, labels, adapters)
}
BY_NAME_ALONE = (labels.__name__, adapters.__name__)
"""What needs a backbone that writes text, which the others do not."""


def _table(asked: Asked, title: str, rows: list[Any]) -> dict[str, Any]:
    asked.console.print(rows_table(title, rows))
    return {"rows": [asdict(row) for row in rows]}


def main() -> None:
    """Measure the parts, print their tables and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--device", default="cpu", type=torch.device)
    parser.add_argument("--turns", type=int, default=5, help="of both sides of the epoch ratio")
    parser.add_argument("--batches", type=int, default=2, help="training batches of a turn")
    parser.add_argument(
        "--part", choices=list(PARTS), action="append", help="one or more; by default all but labels and adapters"
    )
    parser.add_argument("--method", action="append", default=[], help="of networks over dialogues, some alone")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path, help="a JSON file")
    chosen = parser.parse_args()
    source = Source(chosen.dataset, chosen.data_dir, chosen.backbone, chosen.device)
    turns, batches = (1, 1) if chosen.quick else (chosen.turns, chosen.batches)
    asked = Asked(source, chosen.quick, turns, batches, Console(width=120), tuple(chosen.method))
    results: dict[str, Any] = {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "hardware": hardware(chosen.device),
        "dataset": chosen.dataset,
        "quick": chosen.quick,
    }
    usual = [name for name in PARTS if name not in BY_NAME_ALONE]
    wanted = chosen.part or [name for name in usual if not (chosen.quick and name == corpus.__name__)]
    for name in [name for name in PARTS if name in wanted]:
        asked.tell(name)
        results[name] = PARTS[name](asked)
        if chosen.output:
            chosen.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if "epoch" in results:
        print(f"epoch ratio: {results['epoch']['ratio']:.1f}")


if __name__ == "__main__":
    main()
