"""Requirements of every component, whatever its kind: a name, a source, options with bounds, and the right imports.

The checks of this module read a class and need no torch; ``options`` and ``imports`` hold two of them.
"""

from __future__ import annotations

from typing import Any, Protocol

from erc_bench.contracts.component import Component
from erc_bench.names import fault_of_name
from erc_bench.testing.findings import Check, insist, run_checks
from erc_bench.testing.imports import imports_allowed
from erc_bench.testing.option_bounds import options_bounded, options_declared


class Subject(Protocol):
    """The subject of a check of any kind: the class and its options (``None``: the defaults)."""

    @property
    def component(self) -> type[Component]:
        """The class."""
        ...

    @property
    def options(self) -> Any:
        """An instance of its ``Options``."""
        ...


def check_component(component: type[Component]) -> None:
    """Check name, source, docstring, options and imports of a component.

    Raises ``AssertionError`` with a sentence for each thing that does not hold.
    """
    insist(run_checks(COMPONENT_CHECKS, _Alone(component)), _called(component))


class _Alone:
    """A component of which nothing else is known."""

    options = None

    def __init__(self, component: type[Component]) -> None:
        self.component = component


def _name(subject: Subject) -> str:
    name = subject.component.name
    assert name, f"{subject.component.__qualname__} has no name"
    fault = fault_of_name(name)
    assert not fault, f"the name of {subject.component.__qualname__}: {fault}"
    return f"the name is {name!r}"


def _source(subject: Subject) -> str:
    source = subject.component.source
    assert source, f"{_called(subject.component)} has no source: name the paper or the origin"
    return f"the source is {source!r}"


def _docstring(subject: Subject) -> str:
    component = subject.component
    # A docstring that is inherited speaks of another component.
    own = str(component.__dict__.get("__doc__") or "").strip()
    assert own, f"{_called(component)} has no docstring: its first line is what users are shown"
    return f"its first line is {component.summary()!r}"


def _options(subject: Subject) -> str:
    return options_declared(subject.component.Options, _called(subject.component))


def _bounds(subject: Subject) -> str:
    return options_bounded(subject.component.Options, _called(subject.component))


def _imports(subject: Subject) -> str:
    return imports_allowed(subject.component)


def _called(component: type[Component]) -> str:
    return f"{component.name} ({component.__qualname__})" if component.name else component.__qualname__


COMPONENT_CHECKS: tuple[Check[Any], ...] = (
    Check(
        "name",
        "The class attribute `name` is read: small letters, digits and single hyphens, a letter first, 30 at most.",
        "Commands, tables, folders and records call a component by its name.",
        _name,
    ),
    Check(
        "source",
        "The class attribute `source` is read.",
        "A row of a table is worth little if nobody can tell which paper, equation or code it stands for.",
        _source,
    ),
    Check(
        "docstring",
        "The docstring of the class itself is read.",
        "Its first line is what `erc-bench list` shows; one that is inherited describes another component.",
        _docstring,
    ),
    Check(
        "options",
        "Every field of `Options` is read: its sentence, its type, and its default in each training regime.",
        "What is not declared cannot be set, is not stored with a result, and does not stand in the table's caption.",
        _options,
    ),
    Check(
        "bounds",
        "A value beyond each bound, and a choice that there is none, are given to every option.",
        "A temperature of 0 or a misspelt choice must be refused before a run, and not end in NaN or in a "
        "default that nobody asked for (SPCL's -train_obj defaults to a word that trains the head alone).",
        _bounds,
    ),
    Check(
        "imports",
        "The imports of the module that holds the class, and of the modules beside it, are read.",
        "Who imports the inside of erc_bench can reach the labels of test, and breaks with the next release.",
        _imports,
    ),
)
"""Checks of all kinds of components."""
