"""A cell of erc-bench, made from names, for the parts of the benchmark that need one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from erc_bench.contracts.types import seal
from erc_bench.corpora.corpus import load_corpus
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.training.assembly import Assembly
from erc_bench.training.preparation import CellData
from erc_bench.training.workspace import Workspace


@dataclass(frozen=True)
class Source:
    """Which corpus and backbone a part of the benchmark reads, and where."""

    dataset: str = "demo"
    data_dir: Path | None = None
    backbone: str = "minilm"
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


def plan_cell(source: Source, method: str, settings: Sequence[str]) -> Plan:
    """Return the plan of one cell with seed 1."""
    overrides = [parse_override(text) for text in settings]
    request = Request((method,), (source.dataset,), (source.backbone,), (1,), overrides=overrides)
    return plan_grid(request, Catalogue())[0]


def frozen_plan(source: Source, method: str, settings: Sequence[str] = ()) -> Plan:
    """Return the plan of one cell whose backbone does not train."""
    return plan_cell(source, method, ("encoder.trainable=none", *settings))


def read_data(source: Source, dialogues: int | None = None) -> CellData:
    """Return the dialogues of a corpus, test sealed; of each split the first ``dialogues`` where a number is given."""
    dataset = Catalogue().get("dataset", source.dataset)
    splits = load_corpus(dataset(), source.data_dir).splits
    return CellData(splits.train[:dialogues], splits.dev[:dialogues], seal(splits.test[:dialogues]))


def assembly(plan: Plan, data: CellData, workspace: Workspace) -> Assembly:
    """Return what builds the parts of the plan's cell."""
    return Assembly(plan, data, "benchmark", workspace)
