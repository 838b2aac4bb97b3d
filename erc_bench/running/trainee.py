"""The training of one cell, apart from everything that knows a test label: splits in, scores out."""

from __future__ import annotations

from collections.abc import Callable

from filelock import FileLock

from erc_bench.planning.plan import Plan
from erc_bench.store.layout import ANSWERS_LOCK_FILE
from erc_bench.training.cell import Cell
from erc_bench.training.events import Hear
from erc_bench.training.preparation import CellData
from erc_bench.training.result import CellResult
from erc_bench.training.system_cell import run_system
from erc_bench.training.upstream import UpstreamTrainer
from erc_bench.training.upstream_weights import UpstreamWeights
from erc_bench.training.workspace import Workspace


def train(
    plan: Plan,
    data: CellData,
    fingerprint: str,
    workspace: Workspace,
    hear: tuple[Hear, Hear],
    look_at: Callable[[UpstreamWeights], None] = lambda _weights: None,
) -> CellResult:
    """Train and read one cell; ``hear`` are who hears of it, and who of the training of its upstream.

    ``look_at`` is handed the weights of the upstream before they are read through.
    """
    hear_cell, hear_upstream = hear
    if plan.sends_text and workspace.runs is not None:
        # Cells that would ask the same at the same time wait for one another, and find the answers.
        with FileLock(workspace.runs / ANSWERS_LOCK_FILE):
            return run_system(plan, data, workspace, hear_cell)
    if plan.is_system:
        return run_system(plan, data, workspace, hear_cell)
    upstream = UpstreamTrainer(workspace, hear_upstream).weights_for(plan, data, fingerprint)
    if upstream is not None:
        look_at(upstream)
    return Cell(plan, data, fingerprint, workspace, hear_cell, upstream).run()
