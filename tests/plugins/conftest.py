"""MELD, where it is at hand."""

import os
from pathlib import Path

import pytest

from erc_bench_plugins.datasets.meld import Meld


@pytest.fixture(scope="session")
def meld():
    """MELD's splits; skip where the corpora are not at hand."""
    folder = os.environ.get("ERC_BENCH_DATA")
    if folder is None:
        pytest.skip("ERC_BENCH_DATA is not set")
    return Meld().load(Path(folder, "meld"))
