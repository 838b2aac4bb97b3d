"""The reference says what the program says."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from erc_bench.plugin_host.catalogue import Catalogue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator():
    """Return the module that writes the pages."""
    path = ROOT / "docs" / "generate_reference.py"
    specification = importlib.util.spec_from_file_location("generate_reference", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their module up by name
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def written(generator):
    """Return the pages as the generator writes them now."""
    return generator.pages()


def test_the_reference_is_not_stale(written):
    folder = ROOT / "docs" / "reference"
    stored = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.md")}
    stale = sorted(name for name in stored.keys() | written.keys() if stored.get(name) != written.get(name))
    assert not stale, f"run `python docs/generate_reference.py`: {', '.join(stale)}"


def test_the_page_of_departures_is_not_stale(generator):
    stored = (ROOT / "docs" / "departures.md").read_text(encoding="utf-8")
    assert stored == generator.departures(), "run `python docs/generate_reference.py`"


@pytest.mark.parametrize("kind", ["method", "objective", "encoder", "classifier"])
def test_all_that_is_shipped_says_where_it_departs_or_that_nothing_is_known(kind):
    page = (ROOT / "docs" / "departures.md").read_text(encoding="utf-8")
    entries = Catalogue().entries(kind)
    assert entries
    for name, entry in entries.items():
        departures = entry.component.departures
        assert isinstance(departures, tuple), f"the {kind} {name} does not say where it departs from its source"
        assert all(sentence.endswith(".") for sentence in departures), name
        assert f"`{name}`" in page


def test_every_command_has_a_page_with_its_options(written):
    from erc_bench.cli import COMMANDS

    assert {f"commands/{name}.md" for name in COMMANDS} <= set(written)
    assert "`--micro-batch N`" in written["commands/run.md"]


def test_what_a_help_text_keeps_in_lines_stays_in_lines(written):
    import click

    from erc_bench.cli import COMMANDS, root

    kept = {name: lines(root.get_command(click.Context(root), name).help or "") for name in COMMANDS}
    assert {name for name, own in kept.items() if own} == {"completion", "predict", "score"}
    for name, own in kept.items():
        page = written[f"commands/{name}.md"]
        assert "\b" not in page
        assert "\\b" not in page  # a help text in a raw string
        blocks = [block.splitlines() for block in re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)]
        for block in own:
            assert block in [[line.strip() for line in each] for each in blocks]


def lines(text):
    """Return the lines of every paragraph that is not to be wrapped, without their indentation."""
    paragraphs = (re.split(r"^ *\x08\n", paragraph)[1:] for paragraph in text.split("\n\n"))
    return [[line.strip() for line in one[0].splitlines()] for one in paragraphs if one]
