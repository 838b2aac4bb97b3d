"""The base of all components: a name, a source, a summary, options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from erc_bench.contracts.options import has
from erc_bench.errors import ErcBenchError


class Component:
    """Base class of all components; each contract derives from it and declares its ``kind``.

    A subclass sets ``name`` (how users call it), ``source`` (the paper or the origin) and a
    docstring, and may declare an inner frozen dataclass ``Options``.
    """

    kind: ClassVar[str]
    name: ClassVar[str] = ""
    source: ClassVar[str] = ""
    departures: ClassVar[tuple[str, ...] | None] = None
    """Where it departs from its source, a sentence each; ``()``: none is known, ``None``: nobody says."""

    @dataclass(frozen=True)
    class Options:
        """No options."""

    def __init__(self, options: Any = None) -> None:
        super().__init__()  # an encoder, objective or classifier is a module of torch as well
        self.options: Any = self.Options() if options is None else options

    @classmethod
    def summary(cls) -> str:
        """Return the first line of the docstring."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]


def kind_of(component: type) -> str:
    """Return the kind of a component: the one that its contract declares, whatever a subclass has under that name."""
    contracts = (base for base in reversed(component.__mro__) if issubclass(base, Component))
    return next((str(vars(base)["kind"]) for base in contracts if "kind" in vars(base)), "")


def sees_future(component: type[Component], options: Any = None) -> bool:
    """Return whether a component with these options (default: its own) may read turns after the one it answers for.

    It is read from the class alone, so that there is one answer. Raises :class:`ErcBenchError` where it is neither a
    bool nor a mapping of options to values.
    """
    return _declared(component, options, "sees_future", False, '{"direction": "both"}')


def needs_backbone(component: type[Component], options: Any = None) -> bool:
    """Return whether an encoder with these options (default: its own) reads by a language model.

    As :func:`sees_future` it is read from the class alone, and raises :class:`ErcBenchError` likewise.
    """
    return _declared(component, options, "needs_backbone", True, '{"modalities": "text and audio"}')


def _declared(component: type[Component], options: Any, attribute: str, usual: bool, example: str) -> bool:
    declared = inspect.getattr_static(component, attribute, usual)
    if isinstance(declared, Mapping):
        return has(component.Options() if options is None else options, declared)
    if isinstance(declared, bool):
        return declared
    raise ErcBenchError(
        f"{attribute} of {component.name!r} is a {type(declared).__name__}",
        f"Make it True, False, or the options with which it does, such as {example}.",
    )


def wanted_features(component: type[Component], options: Any = None) -> tuple[str, ...]:
    """Return the names of the features that an encoder with these options (default: its own) reads.

    As :func:`sees_future` it is read from the class alone. Raises :class:`ErcBenchError` where ``features`` is neither
    a tuple of names nor a mapping from each name to the options with which it is read.
    """
    declared = inspect.getattr_static(component, "features", ())
    if isinstance(declared, Mapping) and all(isinstance(when, Mapping) for when in declared.values()):
        chosen = component.Options() if options is None else options
        return tuple(name for name, when in declared.items() if has(chosen, when))
    if isinstance(declared, tuple) and all(isinstance(name, str) for name in declared):
        return declared
    raise ErcBenchError(
        f"features of {component.name!r} is {declared!r}",
        'Make it a tuple of names, such as ("audio",), or a mapping from each to the options with which it is read:'
        ' {"audio": {"modalities": "text and audio"}}.',
    )
