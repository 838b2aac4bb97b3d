"""Grids of a small corpus, run with their models saved."""

import importlib.util
import sys
from pathlib import Path

import pytest


def _running():
    """Load the builders of the tests of grids: test modules cannot import one another."""
    file = Path(__file__).parents[2] / "running" / "conftest.py"
    specification = importlib.util.spec_from_file_location("running_builders", file)
    module = importlib.util.module_from_spec(specification)
    sys.modules["running_builders"] = module  # dataclasses look their module up by name
    specification.loader.exec_module(module)
    return module


_builders = _running()
start = _builders.start


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A data directory with a small corpus in MELD's format."""
    return _builders.write_meld(tmp_path_factory.mktemp("data"))


@pytest.fixture
def grid(tmp_path, corpus, tiny_bert):
    """Runs grids of the small corpus with a tiny backbone."""
    return _builders.Grid(tmp_path / "runs", corpus, str(tiny_bert))


@pytest.fixture(scope="session")
def saved_ce(tmp_path_factory, corpus, tiny_bert):
    """The folder of runs of one frozen cell whose model was saved; never changed."""
    grid = _builders.Grid(tmp_path_factory.mktemp("saved") / "runs", corpus, str(tiny_bert))
    outcome = grid.run("ce", settings=("encoder.trainable=none",), save_model=True)
    assert not outcome.failed
    return grid.runs


@pytest.fixture
def cell(saved_ce, tmp_path):
    """A copy of that cell's folder, to be damaged."""
    import shutil

    (folder,) = saved_ce.glob("*/*/*/*/seed-*")
    return Path(shutil.copytree(folder, tmp_path.joinpath(*folder.parts[-5:])))
