"""The language model that a system writes with, as its cell has it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from erc_bench.contracts.language_models import MAIN
from erc_bench.contracts.system import System
from erc_bench.contracts.system_context import SystemContext
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.plugin_host.provenance import versions
from erc_bench.statistics.metrics import score
from erc_bench.store.feature_files import cache_folder
from erc_bench.store.layout import ANSWERS_FILE
from erc_bench.store.memory import Memory
from erc_bench.training.device import hardware
from erc_bench.training.events import Hear, PhaseStarted, StepDone, unheard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from erc_bench.contracts.backbone import LoadedBackbone, Precision
    from erc_bench.training.workspace import Workspace

FILE = "systems/remembered.sqlite"
"""In the cache."""
_LIBRARIES = ("torch", "transformers", "erc-bench")


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

    loading = {} if plan.backbone is None else {"language_model": language_model}
    return SystemContext(
        labels=dataset.labels,
        label_words=dataset.words(),
        seed=plan.seed,
        metric=metric,
        device=str(workspace.device),
        phase=phase,
        memory=_memory(plan, workspace),
        send_text=workspace.send_text,
        **loading,
    )


def _memory(plan: Plan, workspace: Workspace) -> Memory:
    """Return what may be used again by cells whose code, language model and kind of machine are the same.

    What another machine answered is used again whatever the code: it cannot be computed anew.
    """
    if plan.sends_text and workspace.runs is not None:
        return Memory(workspace.runs / ANSWERS_FILE, f"{plan.choices()['system']}/")
    machine = hardware(workspace.device)
    covered = {
        "code": code_digests({"system": plan.components["system"]}),
        "backbone": workspace.backbone_key(plan) if plan.backbone else "",
        "machine": [machine["class"], machine["name"] if machine["class"] == "cuda" else machine["instructions"]],
        "versions": {name: version for name, version in versions().items() if name in _LIBRARIES},
    }
    scope = hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()
    return Memory(cache_folder() / FILE, f"{scope}/")


def check_same(plan: Plan, identity: str) -> None:
    """Raise :class:`ErcBenchError` where the backbone that a saved system was made with is another one here."""
    if plan.backbone is None or not identity:
        return
    present = plan.backbone_of(MAIN).identity()
    if present != identity:
        raise ErcBenchError(
            f"the saved model was made with language model {identity}, and {plan.backbone.name!r} here is {present}",
            "Fetch that version: what was learnt belongs to it.",
        )
