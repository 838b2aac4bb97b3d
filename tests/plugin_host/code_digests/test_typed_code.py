"""Classes of a notebook: their compiled code counts, and what it names."""

import os
import subprocess
import sys

import pytest

from erc_bench.plugin_host.code_digests import code_digests


def test_a_class_without_a_file_has_a_digest():
    typed = type("Typed", (), {"__module__": "__main__"})
    assert len(code_digests({"objective": typed})["objective"]) == 16


CELL = """
import math
FACTOR = 2.0
def curve(x):
    return FACTOR * math.sqrt(x)
class Base:
    def start(self):
        return {"a", "b"}
class Own(Base):
    '''A sentence.'''
    momentum = 0.9
    class Options:
        gamma: float = 2.0
    @property
    def ready(self):
        return True
    @classmethod
    def words(cls):
        return [word for word in ("one", "two") if curve(len(word))]
    def loss(self, outputs):
        inner = lambda z: z * curve(4)
        return inner(outputs)
"""
"""A cell of a notebook, whose source stands in no file."""


def typed(source):
    """Return the class of a cell, as a new session would have it."""
    module = {"__name__": "__main__"}
    exec(compile(source, "<ipython-input-3-0123456789ab>", "exec"), module)
    return module["Own"]


@pytest.fixture
def notebook(monkeypatch):
    """Make the main program one that has no file."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)


@pytest.mark.usefixtures("notebook")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FACTOR = 2.0", "FACTOR = 3.0"),
        ("math.sqrt(x)", "math.exp(x)"),
        ('{"a", "b"}', '{"a", "c"}'),
        ("momentum = 0.9", "momentum = 0.8"),
        ("gamma: float = 2.0", "gamma: float = 3.0"),
        ("return True", "return False"),
        ('"two")', '"three")'),
        ("curve(4)", "curve(5)"),
    ],
)
def test_what_was_typed_into_a_notebook_is_covered(old, new):
    assert CELL.count(old) == 1
    changed = typed(CELL.replace(old, new))
    assert code_digests({"objective": changed}) != code_digests({"objective": typed(CELL)})


@pytest.mark.usefixtures("notebook")
def test_a_notebook_that_is_run_again_has_the_same_code():
    moved = "# A comment, and further lines.\n\n" + CELL.replace("    def loss", "    # the loss\n\n    def loss")
    assert code_digests({"objective": typed(moved)}) == code_digests({"objective": typed(CELL)})


def test_another_process_finds_the_same_code():
    """The order of a set of words differs from process to process."""
    program = (
        f"CELL = {CELL!r}\nmodule = {{'__name__': '__main__'}}\nexec(compile(CELL, '<cell>', 'exec'), module)\n"
        "from erc_bench.plugin_host.code_digests import code_digests\nprint(code_digests({'objective': module['Own']}))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
    assert "objective" in found.pop()


@pytest.mark.usefixtures("notebook")
def test_a_value_that_changes_later_is_seen():
    own = typed(CELL)
    before = code_digests({"objective": own})
    own.loss.__globals__["FACTOR"] = 5.0
    assert code_digests({"objective": own}) != before
