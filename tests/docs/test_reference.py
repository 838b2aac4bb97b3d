"""The reference says what the program says."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def written():
    """Return the pages as the generator writes them now."""
    path = ROOT / "docs" / "generate_reference.py"
    specification = importlib.util.spec_from_file_location("generate_reference", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up by name
    specification.loader.exec_module(module)
    return module.pages()


def test_the_reference_is_not_stale(written):
    folder = ROOT / "docs" / "reference"
    stored = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.md")}
    stale = sorted(name for name in stored.keys() | written.keys() if stored.get(name) != written.get(name))
    assert not stale, f"run `python docs/generate_reference.py`: {', '.join(stale)}"


def test_every_command_has_a_page_with_its_options(written):
    from erc_bench.cli import COMMANDS

    assert {f"commands/{name}.md" for name in COMMANDS} <= set(written)
    assert "`--micro-batch N`" in written["commands/run.md"]
