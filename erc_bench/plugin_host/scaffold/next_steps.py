"""What the author of a new package types next."""

from __future__ import annotations

from string import Template

from erc_bench.plugin_host.scaffold.naming import Kind, Names

_RUN: dict[Kind, str] = {
    "method": "--method $name --method eacl --dataset demo --backbone minilm",
    "objective": "--method ce --set objective=$name --dataset demo --backbone minilm",
    "encoder": "--method ce --set encoder=$name --dataset demo --backbone minilm",
    "dataset": "--method ce --dataset $name --data-dir $folder/tests/sample --backbone minilm",
    "classifier": "--method ce --readout $name --dataset demo --backbone minilm",
    "backbone": "--method ce --dataset demo --backbone $name",
}


def next_steps(names: Names, folder: str) -> tuple[str, str, str]:
    """Return what installs, checks and runs the package; ``folder`` is where it lies, seen from where that is typed."""
    check = f"{names.name} --data-dir {folder}/tests/sample" if names.kind == "dataset" else names.name
    run = Template(_RUN[names.kind]).substitute(name=names.name, folder=folder)
    return f'pip install -e "{folder}[test]"', f"erc-bench check {check}", f"erc-bench run {run}"
