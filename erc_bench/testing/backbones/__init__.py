"""Conformance of backbones: ``check_backbone(MyBackbone)`` in a plugin's own tests.

A backbone is loaded from the files on this machine, without network. Where its own are not here, a class
that reads Hugging Face checkpoints is checked on a small random one of its architecture; findings say so.
``trial`` loads it, ``loading``, ``states`` and ``facts`` hold the checks.
"""

from __future__ import annotations

from typing import Any

from erc_bench.contracts.backbone import Backbone
from erc_bench.testing.backbones.backbone_runs import BackboneSubject, subject_of
from erc_bench.testing.backbones.facts import FACT_CHECKS
from erc_bench.testing.backbones.loading import LOADING_CHECKS
from erc_bench.testing.backbones.states import STATE_CHECKS
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.findings import Check, Finding, insist, run_checks

__all__ = ["BACKBONE_CHECKS", "BackboneSubject", "backbone_findings", "check_backbone"]

BACKBONE_CHECKS: tuple[Check[BackboneSubject], ...] = (
    *COMPONENT_CHECKS,
    *LOADING_CHECKS,
    *STATE_CHECKS,
    *FACT_CHECKS,
)


def backbone_findings(backbone_class: type[Backbone], options: Any = None) -> list[Finding]:
    """Run every check on a backbone, without network.

    ``options`` is an instance of its ``Options`` (the defaults where left out). What needs weights is
    skipped, with the reason, where there are none on this machine.
    """
    with subject_of(backbone_class, options) as subject:
        return run_checks(BACKBONE_CHECKS, subject)


def check_backbone(backbone_class: type[Backbone], options: Any = None) -> None:
    """Run every check on a backbone.

    Raises ``AssertionError`` with a sentence for each check that fails.
    """
    insist(backbone_findings(backbone_class, options), f"the backbone {backbone_class.name!r}")
