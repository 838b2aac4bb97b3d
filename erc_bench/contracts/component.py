"""What every component has: a name, a source, a sentence about itself, options."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, ClassVar


class Component:
    """Base of datasets, backbones, encoders, objectives and classifiers.

    A subclass sets ``name`` (how users call it), ``source`` (the paper or the origin) and a
    docstring, and may declare an inner frozen dataclass ``Options``.
    """

    name: ClassVar[str] = ""
    source: ClassVar[str] = ""

    @dataclass(frozen=True)
    class Options:
        """No options."""

    options: Any

    @classmethod
    def summary(cls) -> str:
        """Return the first line of the docstring."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]
