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
    """The folder of a cache of this test alone."""
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


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
    environment = {**os.environ, "PYTHONPATH": str(path), "ERC_BENCH_CACHE": str(kept)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def state():
    return cache.file_of(entry_points(group="erc_bench"))


def test_classifiers_are_looked_up_once(kept):
    assert ask("'anchor' in installed_of('classifier')", kept) == "True True"
    assert list(kept.iterdir()) == [state()]
    assert ask("'anchor' in installed_of('classifier')", kept) == "True False"


@pytest.mark.parametrize(("kind", "name"), [("dataset", "meld"), ("method", "eacl")])
def test_datasets_and_methods_are_not_waited_for(kept, kind, name):
    assert ask(f"{name!r} in installed_of({kind!r})", kept) == "True False"
    assert not kept.exists()


def test_a_plugin_that_comes_or_changes_is_another_state(kept, package, monkeypatch):
    before = state()
    assert state() == before
    folder = package("first")
    monkeypatch.syspath_prepend(str(folder))
    with_first = state()
    package("another")
    with_another = state()
    monkeypatch.setenv("ERC_BENCH_BLOCK", "own-plugin")
    blocked = state()
    assert len({before, with_first, with_another, blocked}) == 4
    # What a package runs when it is imported is not run for it.
    assert "own_plugin" not in sys.modules


def test_a_dataset_that_came_since_is_offered_at_once(kept, package):
    kept.mkdir()
    state().write_text(json.dumps({"kinds": {"dataset": ["old"]}, "options": {}, "choices": {}}))
    assert ask("[name for name in installed_of('dataset') if name in ('old', 'first')]", kept) == "['old'] False"
    assert ask("[name for name in installed_of('dataset') if name in ('old', 'first')]", kept, package("first")) == (
        "['first'] False"
    )


DAMAGED = (
    "",
    "{",
    "[]",
    "null",
    "5",
    '{"kinds": {}}',
    '{"kinds": {}, "options": {}, "choices": {}, "more": 1}',
    "\xff",
)


@pytest.mark.parametrize("content", [*DAMAGED, "[" * 100_000])
def test_a_damaged_file_is_looked_up_again_and_earlier_ones_go(kept, content, monkeypatch):
    kept.mkdir()
    state().write_text(content)
    (kept / "completion-0123.json").write_text("of another state")
    assert cache.kept_in(state()) is None
    found = Names({"classifier": ["found"]}, {"training": {"": {"epochs": ["1"]}}}, {"found": {"objective": "ce"}})
    monkeypatch.setattr(cache, "look_up_names", lambda catalogue: found)
    assert cache.installed_of("classifier") == ["found"]
    monkeypatch.setattr(cache, "look_up_names", lambda catalogue: pytest.fail("they are kept"))
    assert cache.installed_names() == found
    assert list(kept.iterdir()) == [state()]


def test_a_cache_that_cannot_be_written_is_no_fault(kept, monkeypatch):
    kept.write_text("a file in its place")
    found = Names({"classifier": ["found"]}, {}, {})
    monkeypatch.setattr(cache, "look_up_names", lambda catalogue: found)
    assert cache.installed_names() == found
    assert kept.read_text() == "a file in its place"
