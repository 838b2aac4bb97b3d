"""Conformance of classifiers: ``check_classifier(MyClassifier)`` in a plugin's own tests.

The classifier reads a small task of four classes that lie well apart. ``trial`` makes it and fits
classifiers, ``scores`` and ``fit`` hold the checks.
"""

from __future__ import annotations

from typing import Any

from erc_bench.contracts.classifier import Classifier
from erc_bench.testing.classifiers.fit import FIT_CHECKS
from erc_bench.testing.classifiers.fitted_classifier import ClassifierSubject, fitted, toy_split
from erc_bench.testing.classifiers.scores import SCORE_CHECKS
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.devices import CPU
from erc_bench.testing.findings import Check, Finding, insist, run_checks
from erc_bench.training.device import one_thread

__all__ = [
    "CLASSIFIER_CHECKS",
    "ClassifierSubject",
    "check_classifier",
    "classifier_findings",
    "fitted",
    "toy_split",
]

CLASSIFIER_CHECKS: tuple[Check[ClassifierSubject], ...] = (*COMPONENT_CHECKS, *SCORE_CHECKS, *FIT_CHECKS)


def classifier_findings(classifier_class: type[Classifier], options: Any = None) -> list[Finding]:
    """Run every check on a classifier; ``options`` is an instance of its ``Options``, the defaults where left out."""
    options = classifier_class.Options() if options is None else options
    with one_thread(CPU):
        return run_checks(CLASSIFIER_CHECKS, ClassifierSubject(classifier_class, options))


def check_classifier(classifier_class: type[Classifier], options: Any = None) -> None:
    """Run every check on a classifier.

    Raises ``AssertionError`` with a sentence for each check that fails.
    """
    insist(classifier_findings(classifier_class, options), f"the classifier {classifier_class.name!r}")
