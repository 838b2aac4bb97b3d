"""The language model that a system writes with, as its cell has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from erc_bench.contracts.system import System
from erc_bench.contracts.system_context import SystemContext
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.statistics.metrics import score
from erc_bench.training.device import computes_bf16
from erc_bench.training.events import Hear, PhaseStarted, StepDone, unheard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from erc_bench.contracts.backbone import LoadedBackbone, Precision
    from erc_bench.training.workspace import Workspace


def context_of(plan: Plan, workspace: Workspace, hear: Hear = unheard) -> SystemContext:
    """Return what the system of a plan is told of its cell."""
    dataset, system = plan.dataset, plan.components["system"]
    assert issubclass(system, System)

    def metric(gold: Sequence[str], predicted: Sequence[str]) -> float:
        scored = score(list(gold), list(predicted), dataset.labels, dataset.scored_labels)
        return float(scored[dataset.headline_metric])

    def language_model(precision: Precision) -> LoadedBackbone:
        return workspace.generative(plan, precision, share=not system.trains)

    def phase(name: str, steps: int) -> Callable[[], None]:
        hear(PhaseStarted(name, steps))
        return lambda: hear(StepDone())

    told = SystemContext(
        labels=dataset.labels,
        label_words=dataset.words(),
        seed=plan.seed,
        metric=metric,
        device=str(workspace.device),
        computes_bf16=computes_bf16(workspace.device),
        phase=phase,
    )
    return told if plan.backbone is None else told.with_language_model(language_model)


def check_same(plan: Plan, identity: str) -> None:
    """Raise :class:`ErcBenchError` where the backbone that a saved system was made with is another one here."""
    if plan.backbone is None or not identity:
        return
    present = plan.backbone_of("main").identity()
    if present != identity:
        raise ErcBenchError(
            f"the saved model was made with language model {identity}, and {plan.backbone.name!r} here is {present}",
            "Fetch that version: what was learnt belongs to it.",
        )
