"""The examples of docstrings say what happens."""

import doctest
import inspect

import pandas
import pytest

import erc_bench.api as erc

NAMES = ("run", "compare", "load_runs", "load_predictions", "load_epochs", "components")
"""What a notebook calls, in an order in which the first leaves the runs that the others read."""


def test_every_function_has_an_example():
    assert all(">>> " in inspect.getdoc(getattr(erc, name)) for name in NAMES)


def test_the_examples_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    told = []
    for name in NAMES:
        for example in finder.find(getattr(erc, name), name, globs={"erc": erc, "pandas": pandas}):
            runner.run(example, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
    assert runner.tries > len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_named(name):
    assert "Raises :class:`ErcBenchError`" in inspect.getdoc(getattr(erc, name))
