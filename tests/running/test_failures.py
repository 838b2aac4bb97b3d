"""Where an error comes from: the innermost frame of a component's package."""

import sys
import types

import pytest

from erc_bench.running.failures import located, raised_by


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a function that makes a module of a source, in a file of this name below site-packages."""

    def module(name, source, file):
        path = tmp_path / "site-packages" / file
        made = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, made)
        exec(compile(source, str(path), "exec"), made.__dict__)
        return made

    return module


COMPONENT = (
    "class Loss:\n    def loss(self, call):\n        return call()\n\n\ndef wrong():\n    raise ValueError('no')\n"
)


def caught(call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_the_innermost_frame_of_the_components_own_package(module):
    package = module("mine", COMPONENT, "mine/__init__.py")
    inner = module("mine.losses", COMPONENT, "mine/losses.py")
    library = module("library", COMPONENT, "library.py")
    error = caught(package.Loss().loss, inner.wrong)
    assert located(error, [package.Loss]) == "mine/losses.py, line 7: ValueError: no"
    assert raised_by(error, [package.Loss])
    error = caught(package.Loss().loss, library.wrong)
    assert located(error, [package.Loss]) == "mine/__init__.py, line 3: ValueError: no"
    assert not raised_by(error, [package.Loss])
    assert located(error, [library.Loss, int]) == "library.py, line 7: ValueError: no"


def test_without_such_a_frame_there_is_no_place(module):
    component = module("mine", COMPONENT, "mine.py").Loss
    core = module("erc_bench.somewhere", COMPONENT, "erc_bench/somewhere.py")
    error = caught(core.wrong)
    assert located(error, [component, core.Loss]) == "ValueError: no"
    assert not raised_by(error, [component, core.Loss])
