"""What every kind must have, checked on objectives: names, sources, options with bounds, imports."""

import importlib
import importlib.metadata
from dataclasses import dataclass
from typing import Any, Literal

import pytest

import erc_bench.api as erc
from erc_bench.testing.components import COMPONENT_CHECKS, check_component
from erc_bench.testing.findings import Check, Finding, NotApplicableError, insist, run_checks
from erc_bench.testing.imports import imports_allowed
from erc_bench.testing.objectives import ObjectiveSubject
from erc_bench.testing.option_bounds import options_bounded, options_declared


def failed(component):
    findings = run_checks(COMPONENT_CHECKS, ObjectiveSubject(component, None))
    return {finding.name: finding.measured for finding in findings if finding.outcome == "failed"}


class Sound(erc.Objective):
    """A sound component, for the bad ones to deviate from."""

    name = "own"
    source = "this test"

    @dataclass(frozen=True)
    class Options:
        """One of each kind."""

        rate: float = erc.option(0.1, "A number.", above=0, below=1, small=0.2)
        count: int | None = erc.option(None, "A whole number or none.", at_least=1, at_most=5)
        way: Literal["one", "other"] = erc.option("one", "A choice.")
        several: tuple[float, ...] = erc.option((0.5,), "Numbers.", at_least=0)
        path: str | None = erc.option(None, "Any text.")
        on: bool = erc.option(True, "Whether.")


class Nameless(Sound):
    """Has no name."""

    name = ""


class Misnamed(Sound):
    """Has a name that leads elsewhere."""

    name = "../../mine"


class Reserved(Sound):
    """Has a name that `--set objective=none` would not mean."""

    name = "none"


class Sourceless(Sound):
    """Comes from nowhere."""

    source = ""


class Undescribed(Sound):
    __doc__ = None


class Unexplained(Sound):
    """Does not say what its option means."""

    @dataclass(frozen=True)
    class Options:
        """One option."""

        rate: float = erc.option(0.1, "", above=0)


class Undeclared(Sound):
    """Has an option that no command can set."""

    @dataclass(frozen=True)
    class Options:
        """One option."""

        rate: float = 0.1


class BeyondItself(Sound):
    """Has a default that it does not admit for small backbones."""

    @dataclass(frozen=True)
    class Options:
        """One option."""

        rate: float = erc.option(0.1, "A number.", above=0, small=-1.0)


class Boundless(Sound):
    """Has a temperature that may be anything."""

    @dataclass(frozen=True)
    class Options:
        """One option."""

        temperature: float = erc.option(0.1, "Divides similarities.")


@pytest.mark.parametrize(
    ("component", "check", "sentence"),
    [
        (Nameless, "name", "Nameless has no name"),
        (Misnamed, "name", "the name of Misnamed: '../../mine' is no name for a component: small letters, digits"),
        (Reserved, "name", "the name of Reserved: 'none' is a word that means something else"),
        (Sourceless, "source", "own (Sourceless) has no source"),
        (Undescribed, "docstring", "own (Undescribed) has no docstring"),
        (Unexplained, "options", "option rate of own (Unexplained) has no sentence"),
        (Undeclared, "options", "is not declared by erc.option"),
        (BeyondItself, "options", "(small backbone) must be above 0"),
        (Boundless, "bounds", "is a number without any bound"),
    ],
)
def test_an_unsound_component_is_caught_by_name(component, check, sentence):
    found = failed(component)
    assert sentence in found.pop(check)
    assert found == {}


def test_a_sound_component_passes():
    assert failed(Sound) == {}
    check_component(Sound)
    assert options_declared(Sound.Options, "own").startswith("6 option(s)")
    # Both ends of two ranges, a choice that there is none, and one end of a list's numbers.
    assert options_bounded(Sound.Options, "own") == "6 value(s) out of bounds were refused; path may be any text"


def test_an_inherited_docstring_describes_another_component():
    class Heir(Sound):
        name = "heir"

    assert set(failed(Heir)) == {"docstring"}


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Return a function that writes a package with one objective, and imports it."""

    # A module is imported once: every test has a package of its own name.
    name = f"package_of_{tmp_path.name}"

    def written(imports, **others):
        imports = imports.replace("own_package", name)
        folder = tmp_path / name
        folder.mkdir()
        source = f"{imports}\nimport erc_bench.api as erc\nclass Own(erc.Objective):\n    '''Own.'''\n"
        for file, text in {"__init__": "", "own": source, **others}.items():
            (folder / f"{file}.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        return importlib.import_module(f"{name}.own").Own

    return written


@pytest.mark.parametrize(
    "imports",
    [
        "import json, torch.nn\nfrom numpy import array\nimport pandas as pd",
        "from own_package.losses import loss",
        "from .losses import loss",
        "from erc_bench.testing.objectives import check_objective",
        "from erc_bench import api",
        "import safetensors",
    ],
)
def test_what_a_plugin_may_import(plugin, imports):
    assert "none of the inside of erc_bench" in imports_allowed(plugin(imports, losses="loss = 1"))


@pytest.mark.parametrize(
    ("imports", "sentence"),
    [
        ("from erc_bench import statistics", "own.py, line 1 imports erc_bench.statistics"),
        ("import os\ndef late():\n    from erc_bench.store import reading", "line 3 imports erc_bench.store"),
        ("import erc_bench", "line 1 imports erc_bench: import erc_bench.api"),
        ("from erc_bench_plugins.objectives.supcon import SupCon", "of another plugin"),
    ],
)
def test_an_import_of_the_inside_or_of_another_plugin_is_caught(plugin, imports, sentence):
    with pytest.raises(AssertionError, match=sentence.replace(".", r"\.")):
        imports_allowed(plugin(imports))


def test_a_strangers_plugin_is_another_plugin_too(plugin, monkeypatch):
    own = plugin("import torch.nn")
    point = importlib.metadata.EntryPoint("objective.torch", "torch.nn:plugin", "erc_bench")
    monkeypatch.setattr("erc_bench.testing.imports.entry_points", lambda group: [point])
    with pytest.raises(AssertionError, match=r"imports torch\.nn, of another plugin"):
        imports_allowed(own)


def test_a_class_that_was_typed_in_has_no_file():
    typed: dict[str, Any] = {"__name__": "typed_in", "erc": erc}
    exec("class Own(erc.Objective):\n    pass", typed)
    with pytest.raises(NotApplicableError, match="in no file"):
        imports_allowed(typed["Own"])


class TestFindings:
    @staticmethod
    def raising(error):
        def run(subject):
            raise error

        return Check("one", "Something is tried.", "It matters.", run)

    def test_a_check_passes_fails_or_is_skipped(self):
        passing = Check("one", "Something is tried.", "It matters.", lambda subject: f"saw {subject}")
        checks = [passing, *map(self.raising, (AssertionError("wrong"), NotApplicableError("none"), KeyError("x")))]
        told = [(finding.outcome, finding.measured) for finding in run_checks(checks, 7)]
        assert told == [("passed", "saw 7"), ("failed", "wrong"), ("skipped", "none"), ("failed", "KeyError: 'x'")]

    def test_insisting_names_what_failed_and_nothing_else(self):
        findings = [Finding("one", "passed", "", "", ""), Finding("two", "skipped", "", "", "")]
        insist(findings, "it")
        with pytest.raises(AssertionError) as caught:
            insist([*findings, Finding("three", "failed", "", "wrong", "")], "it")
        assert str(caught.value) == "it does not pass 1 of 3 checks\nthree: wrong"
