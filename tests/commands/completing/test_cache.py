"""The names are kept, and looked up again when what is installed has changed."""

import json
import os
import subprocess
import sys
import textwrap
from importlib.metadata import entry_points

import pytest

from erc_bench.commands.completing import cache
from erc_bench.commands.completing.names import Names

PLUGIN = """
    import erc_bench.api as erc
    print("a plugin that talks")

    class Corpus(erc.Dataset):
        "A corpus."
        name = "{name}"
        source = "invented"

    @erc.hookimpl
    def erc_datasets():
        return [Corpus]
"""


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A cache of this test alone."""
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / cache.FILE


@pytest.fixture
def package(tmp_path):
    """Write a package with a dataset; return a function that changes its name."""
    folder = tmp_path / "installed"
    info = folder / "own_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[erc_bench]\ndataset.own = own_plugin.inner\n")
    (folder / "own_plugin").mkdir()
    (folder / "own_plugin" / "__init__.py").write_text("")

    def write(name):
        (folder / "own_plugin" / "inner.py").write_text(textwrap.dedent(PLUGIN).format(name=name))
        return folder

    return write


def ask(expression, kept, path=""):
    """Evaluate in a process of its own; return what it printed."""
    script = (
        f"import sys; from erc_bench.commands.completing.cache import *; print({expression}, 'torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(path), "ERC_BENCH_CACHE": str(kept.parent)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_methods_are_looked_up_once(kept):
    assert ask("'eacl' in installed_of('method')", kept) == "True True"
    assert kept.is_file()
    assert [path.name for path in kept.parent.iterdir()] == [cache.FILE]
    assert ask("'eacl' in installed_of('method')", kept) == "True False"


def test_datasets_are_not_waited_for(kept):
    assert ask("'meld' in installed_of('dataset')", kept) == "True False"
    assert not kept.exists()


def test_a_plugin_that_comes_or_changes_is_another_state(package, monkeypatch):
    before = cache.state_of(entry_points(group="erc_bench"))
    assert cache.state_of(entry_points(group="erc_bench")) == before
    folder = package("first")
    monkeypatch.syspath_prepend(str(folder))
    with_first = cache.state_of(entry_points(group="erc_bench"))
    package("another")
    with_another = cache.state_of(entry_points(group="erc_bench"))
    monkeypatch.setenv("ERC_BENCH_BLOCK", "own-plugin")
    blocked = cache.state_of(entry_points(group="erc_bench"))
    assert len({before, with_first, with_another, blocked}) == 4
    # What a package runs when it is imported is not run for it.
    assert "own_plugin" not in sys.modules


def test_a_dataset_that_came_since_is_offered_at_once(kept, package):
    kept.parent.mkdir()
    kept.write_text(json.dumps({"key": "of another state", "names": Names({"dataset": ["old"]}).plain()}))
    assert ask("[name for name in installed_of('dataset') if name in ('old', 'first')]", kept, package("first")) == (
        "['first'] False"
    )


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 1}', '{"key": "x", "names": {"other": 1}}', "\xff"])
def test_a_damaged_cache_is_none(kept, content):
    kept.parent.mkdir()
    kept.write_text(content)
    assert cache._read("x") is None


EMPTY = Names().plain()


@pytest.mark.parametrize(
    "names",
    [
        None,
        {**EMPTY, "kinds": 5},
        {**EMPTY, "kinds": {"method": "eacl"}},
        {**EMPTY, "kinds": {"method": [1]}},
        {**EMPTY, "kinds": None},
        {**EMPTY, "options": {"training": {"": ["epochs"]}}},
        {**EMPTY, "options": {"training": {"": {"epochs": "3"}}}},
        {**EMPTY, "choices": {"ce": None}},
        {"kinds": {}},
    ],
)
def test_names_of_another_shape_are_looked_up_again(kept, names, monkeypatch):
    kept.parent.mkdir()
    kept.write_text(json.dumps({"key": cache.state_of(entry_points(group="erc_bench")), "names": names}))
    found = Names({"method": ["found"]}, {"training": {"": {"epochs": ["1"]}}}, {"found": {"objective": "ce"}})
    monkeypatch.setattr(cache, "look_up_names", lambda catalogue: found)
    assert cache.installed_of("method") == ["found"]
    monkeypatch.setattr(cache, "look_up_names", lambda catalogue: pytest.fail("they are kept"))
    assert cache.installed_names() == found


def test_a_cache_that_is_too_deep_is_none(kept):
    kept.parent.mkdir()
    kept.write_text("[" * 100_000)
    assert cache._read("x") is None


def test_a_cache_that_cannot_be_written_is_no_fault(kept):
    kept.parent.write_text("a file in its place")
    cache._write("x", Names())
    assert kept.parent.read_text() == "a file in its place"
