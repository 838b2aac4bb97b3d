"""Suites as texts, read from a file of their own."""

from textwrap import dedent

import pytest

from erc_bench.planning.suites.reading import read_suite

GRID = """
methods = ["ce", "eacl"]
datasets = ["meld", "emorynlp"]
"""


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a suite ``trial`` from a text, which stands behind a plain grid."""

    def read(text="", grid=GRID):
        file = tmp_path / "trial.toml"
        file.write_text(grid + dedent(text), encoding="utf-8")
        return read_suite(file)

    return read
