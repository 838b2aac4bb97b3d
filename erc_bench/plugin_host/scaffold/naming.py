"""The names that follow from that of a component: its package, its module, its class."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from erc_bench.errors import ErcBenchError
from erc_bench.names import LONGEST_NAME, WORDS_OF_COMMANDS, fault_of_name

Kind = Literal["method", "objective", "encoder", "dataset", "classifier", "backbone"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class ComponentNames:
    """The names of one component's package, module, class and tests."""

    kind: Kind
    name: str

    @property
    def slot(self) -> Kind:
        """The kind of the class: a method is an objective and its recipe."""
        return "objective" if self.kind == "method" else self.kind

    @property
    def package(self) -> str:
        """The package, as pip knows it."""
        return f"erc-bench-{self.name}"

    @property
    def module(self) -> str:
        """The module: the prefix keeps it from hiding another one."""
        return self.package.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The class; the kind behind it, said once, keeps it apart from whatever the module imports."""
        words = self.name.split("-")
        if len(words) > 1 and words[-1] == self.slot:
            words.pop()
        return "".join(part.capitalize() for part in (*words, self.slot))


def names_of(kind: Kind, name: str) -> ComponentNames:
    """Check a name.

    Raises :class:`ErcBenchError` for text that is not a name, and suggests one.
    """
    fault = fault_of_name(name)
    if fault and name in WORDS_OF_COMMANDS:
        raise ErcBenchError(fault, f"For example: my-{name}")
    if fault:
        other = _mended(name)
        raise ErcBenchError(fault, f"This one would do: {other}" if other else "")
    return ComponentNames(kind, name)


def _mended(name: str) -> str:
    words = re.findall(r"[a-z]+|[0-9]+|[A-Z]+(?![a-z])|[A-Z][a-z]*", name)
    mended = "-".join(word.lower() for word in words)[:LONGEST_NAME].strip("-")
    return "" if fault_of_name(mended) else mended


def check_free(names: ComponentNames, taken: Mapping[str, Mapping[str, str]]) -> None:
    """Check that no component has the name; ``taken`` holds the package of each by kind and name.

    Raises :class:`ErcBenchError` naming the package that has it.
    """
    for kind in dict.fromkeys((names.kind, names.slot)):
        package = taken.get(kind, {}).get(names.name)
        if package is not None:
            raise ErcBenchError(
                f"the {kind} {names.name!r} exists already, in {package}",
                "Choose another name: two components of one kind and name cannot be told apart.",
            )
