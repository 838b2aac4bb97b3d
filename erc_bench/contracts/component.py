"""The base of all components: a name, a source, a summary, options."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, ClassVar


class Component:
    """Base class of all components; each contract derives from it and declares its ``kind``.

    A subclass sets ``name`` (how users call it), ``source`` (the paper or the origin) and a
    docstring, and may declare an inner frozen dataclass ``Options``.
    """

    kind: ClassVar[str]
    name: ClassVar[str] = ""
    source: ClassVar[str] = ""

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
