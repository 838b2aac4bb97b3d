"""Lint, format and types are part of the test command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from erc_bench.plugin_host.scaffold import KINDS, names_of, write_package

ROOT = Path(__file__).resolve().parents[1]


def execute(*arguments, **environment):
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("arguments", [("check",), ("format", "--check")], ids=["lint", "format"])
def test_the_source_is_clean(arguments):
    done = execute("ruff", *arguments, ".")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_the_types_are_right(tmp_path):
    """The core, the plugins and what ``erc-bench new`` writes are checked in one run: most of it is reading torch."""
    names = [names_of(kind, f"new-{kind}") for kind in KINDS]
    for each in names:
        write_package(each, tmp_path / each.kind)
    folders = [str(folder) for each in names for folder in (tmp_path / each.kind, tmp_path / each.kind / "tests")]
    modules = [name for each in names for name in (each.module, f"test_{each.module}")]
    asked = [word for module in modules for word in ("-m", module)]
    done = execute(
        "mypy",
        "--no-incremental",
        "-p",
        "erc_bench",
        "-p",
        "erc_bench_plugins",
        *asked,
        MYPYPATH=os.pathsep.join(folders),
    )
    assert done.returncode == 0, done.stdout + done.stderr
