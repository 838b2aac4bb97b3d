"""Conformance of objectives: ``check_objective(MyObjective)`` in a plugin's own tests.

The objective runs on a small task of four classes without a language model. ``started_objective`` builds it,
the other modules hold the checks.
"""

from __future__ import annotations

from typing import Any

from erc_bench.contracts.objective import Objective
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.devices import CPU
from erc_bench.testing.findings import Check, Finding, insist, run_checks
from erc_bench.testing.objectives.invariance import INVARIANCE_CHECKS
from erc_bench.testing.objectives.plain_attributes import PLAIN_ATTRIBUTE_CHECKS
from erc_bench.testing.objectives.reproducibility import CHANCE_CHECKS
from erc_bench.testing.objectives.size import SIZE_CHECKS
from erc_bench.testing.objectives.started_objective import ObjectiveSubject
from erc_bench.testing.objectives.training import TRAINING_CHECKS
from erc_bench.testing.objectives.values import VALUE_CHECKS
from erc_bench.training.device import one_thread

__all__ = ["OBJECTIVE_CHECKS", "ObjectiveSubject", "check_objective", "objective_findings"]

OBJECTIVE_CHECKS: tuple[Check[ObjectiveSubject], ...] = (
    *COMPONENT_CHECKS,
    *VALUE_CHECKS,
    *SIZE_CHECKS,
    *INVARIANCE_CHECKS,
    *CHANCE_CHECKS,
    *TRAINING_CHECKS,
    *PLAIN_ATTRIBUTE_CHECKS,
)


def objective_findings(objective_class: type[Objective], options: Any = None) -> list[Finding]:
    """Run every check on an objective; ``options`` is an instance of its ``Options``, the defaults where left out."""
    options = objective_class.Options() if options is None else options
    with one_thread(CPU):
        return run_checks(OBJECTIVE_CHECKS, ObjectiveSubject(objective_class, options))


def check_objective(objective_class: type[Objective], options: Any = None) -> None:
    """Run every check on an objective.

    Raises ``AssertionError`` with a sentence for each check that fails.
    """
    insist(objective_findings(objective_class, options), f"the objective {objective_class.name!r}")
