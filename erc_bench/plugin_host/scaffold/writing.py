"""Fill the templates and write the package."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from erc_bench import __version__
from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.scaffold.naming import ComponentNames, Kind

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
    try:
        for path, text in content.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ErcBenchError(f"{folder} cannot be written: {error.strerror or error}") from error
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
