"""Conformance of datasets: ``check_dataset(MyDataset, folder)`` in a plugin's own tests.

``folder`` holds the files of one layout; a few invented dialogues are enough. That the published
files are complete is what ``erc-bench data verify`` checks. ``declarations`` holds the checks of what a
dataset says of itself, ``contents``, ``copies``, ``cues`` and ``sequence`` those of its dialogues,
``loading`` and ``files`` those of how it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from erc_bench.contracts.dataset import Dataset
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.datasets.copies import COPY_CHECKS
from erc_bench.testing.datasets.cues import CUE_CHECKS
from erc_bench.testing.datasets.declarations import DECLARATION_CHECKS
from erc_bench.testing.datasets.dialogue_checks import CONTENT_CHECKS
from erc_bench.testing.datasets.files import FILE_CHECKS
from erc_bench.testing.datasets.loading import LOADING_CHECKS
from erc_bench.testing.datasets.read_dataset import DatasetTrial
from erc_bench.testing.datasets.sequence import SEQUENCE_CHECKS
from erc_bench.testing.findings import Check, Finding, insist, run_checks

__all__ = ["DATASET_CHECKS", "DatasetTrial", "check_dataset", "dataset_findings"]

DATASET_CHECKS: Sequence[Check[DatasetTrial]] = (
    *COMPONENT_CHECKS,
    *DECLARATION_CHECKS,
    *LOADING_CHECKS,
    *CONTENT_CHECKS,
    *COPY_CHECKS,
    *CUE_CHECKS,
    *SEQUENCE_CHECKS,
    *FILE_CHECKS,
)


def dataset_findings(
    dataset_class: type[Dataset], folder: Path | None, options: Any = None, missing: str = "no files were given"
) -> list[Finding]:
    """Run every check on a dataset.

    Without a ``folder`` the checks that read files are skipped, for the reason ``missing``. ``options`` is an
    instance of its ``Options``, the defaults where left out.
    """
    return run_checks(DATASET_CHECKS, DatasetTrial(dataset_class, folder, options, missing))


def check_dataset(dataset_class: type[Dataset], folder: Path, options: Any = None) -> None:
    """Run every check on a dataset.

    Raises ``AssertionError`` with a sentence for each check that fails.
    """
    insist(dataset_findings(dataset_class, folder, options), f"the dataset {dataset_class.name!r}")
