"""Grids of a small corpus and processes, as the tests of ``running`` have them."""

import importlib.util
from pathlib import Path


def _running():
    """Load the fixtures beside: test modules cannot import one another."""
    file = Path(__file__).parents[1] / "running" / "conftest.py"
    specification = importlib.util.spec_from_file_location("running_fixtures", file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


_fixtures = _running()
data_dir, grid, start = _fixtures.data_dir, _fixtures.grid, _fixtures.start
