"""``erc-bench new``: a package for a component, which works before its author has changed a line.

The names follow from the one that the user gives. The templates lie beside this file: for each kind a module, its
tests and a README, and the files that all kinds share.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Literal, get_args

from erc_bench import __version__
from erc_bench.errors import ErcBenchError, naming
from erc_bench.names import LONGEST_NAME, WORDS_OF_COMMANDS, fault_of_name

_TEMPLATE = ".template"
_ENTRY_NOTE = {"method": ".\n# A recipe is found where its objective is"}
"""Comments on the entry point of each kind."""


def write_package(names: ComponentNames, folder: Path) -> list[Path]:
    """Write the package of a component into a folder that is empty or not there; return its files.

    Raises :class:`ErcBenchError` where the folder holds something, where its module would hide another
    one, and where it cannot be written.
    """
    _check_folder(folder)
    _check_module(names)
    content = dict(_filled(names))
    with naming(f"{folder} cannot be written"):
        for path, text in content.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    return [folder / path for path in content]


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ErcBenchError(f"{folder} is a file", "Name a folder that is not there yet: --output DIR")
    if folder.is_dir() and any(folder.iterdir()):
        raise ErcBenchError(
            f"{folder} is not empty, and nothing in it is written over", "Name another folder: --output DIR"
        )


def _check_module(names: ComponentNames) -> None:
    found = importlib.util.find_spec(names.module)
    if found is not None:
        raise ErcBenchError(
            f"there is a Python module {names.module} already: {found.origin or 'a folder of that name'}",
            "Choose another name, or uninstall the package that brings it.",
        )


def _filled(names: ComponentNames) -> Iterator[tuple[str, str]]:
    """Yield path and content of each file, the templates of the kind first."""
    values = _values(names)
    paths = {
        "module.py": f"{names.module}.py",
        "test.py": f"tests/test_{names.module}.py",
        "gitignore": ".gitignore",
        "sample": f"tests/sample/{names.name}",
    }
    for folder in (names.kind, "common"):
        for inner, file in _below(files("erc_bench.plugin_host.scaffold").joinpath("templates", folder)):
            first, slash, rest = inner.removesuffix(_TEMPLATE).partition("/")
            text = file.read_text(encoding="utf-8")
            yield (
                f"{paths.get(first, first)}{slash}{rest}",
                Template(text).substitute(values) if inner.endswith(_TEMPLATE) else text,
            )


def _values(names: ComponentNames) -> dict[str, str]:
    install, check, run = next_steps(names, ".")
    return {
        "name": names.name,
        "kind": names.kind,
        "package": names.package,
        "module": names.module,
        "class_name": names.class_name,
        "entry_kind": names.slot,
        "entry_note": _ENTRY_NOTE.get(names.kind, ""),
        "version": __version__,
        "install": install,
        "check": check,
        "run": run,
    }


def _below(folder: Traversable, inner: str = "") -> Iterator[tuple[str, Traversable]]:
    for found in sorted(folder.iterdir(), key=lambda each: each.name):
        if found.is_dir():
            yield from _below(found, f"{inner}{found.name}/")
        else:
            yield f"{inner}{found.name}", found


_RUN: dict[Kind, str] = {
    "method": "--method $name --method eacl --dataset demo --backbone minilm",
    "objective": "--method ce --set objective=$name --dataset demo --backbone minilm",
    "encoder": "--method ce --set encoder=$name --dataset demo --backbone minilm",
    "dataset": "--method ce --dataset $name --data-dir $folder/tests/sample --backbone minilm",
    "classifier": "--method ce --readout $name --dataset demo --backbone minilm",
    "backbone": "--method ce --dataset demo --backbone $name",
}


def next_steps(names: ComponentNames, folder: str) -> tuple[str, str, str]:
    """Return the commands that install, check and run the package; ``folder`` is its path from the user's place."""
    check = f"{names.name} --data-dir {folder}/tests/sample" if names.kind == "dataset" else names.name
    run = Template(_RUN[names.kind]).substitute(name=names.name, folder=folder)
    return f'pip install -e "{folder}[test]"', f"erc-bench check {check}", f"erc-bench run {run}"


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
