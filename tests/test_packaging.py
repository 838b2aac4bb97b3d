"""What a user gets: the wheel, built without network and looked into."""

import ast
import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from erc_bench import __version__

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("erc_bench", "plugins", "tests", "benchmarks", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy of the source and open it."""
    folder = tmp_path_factory.mktemp("packaging")
    for name in SOURCES:
        source, copy = ROOT / name, folder / "source" / name
        copy.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        elif source.exists():
            shutil.copy(source, copy)
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, folder / "source"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def entry_points(wheel):
    """Return the sections of the wheel's entry points."""
    parser = configparser.ConfigParser(delimiters="=")
    parser.optionxform = str
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")]
    parser.read_string(wheel.read(name).decode())
    return parser


def file_of(module, names):
    path = module.replace(".", "/")
    (found,) = {f"{path}.py", f"{path}/__init__.py"} & names
    return found


def test_every_module_of_both_packages_is_in_it(wheel):
    expected = {
        path.relative_to(base).as_posix()
        for base, top in ((ROOT, "erc_bench"), (ROOT / "plugins", "erc_bench_plugins"))
        for path in (base / top).rglob("*.py")
    }
    assert expected <= set(wheel.namelist())
    assert any(name.startswith("erc_bench_plugins/") for name in expected)


def test_data_files_are_in_it(wheel):
    names = set(wheel.namelist())
    data = {
        path.relative_to(base).as_posix()
        for base, top in ((ROOT, "erc_bench"), (ROOT / "plugins", "erc_bench_plugins"))
        for path in (base / top).rglob("*.*")
        if path.suffix in (".toml", ".csv", ".json", ".txt", ".html", ".css", ".js", ".template", ".typed", ".pyi")
    }
    some = {"erc_bench/comparison/expected.toml", "erc_bench/comparison/reported/eacl2024.csv"}
    assert some | {"erc_bench/output/report/report.js"} <= data <= names


def test_type_checkers_are_told_that_there_are_types(wheel):
    assert "erc_bench/py.typed" in wheel.namelist()


def test_nothing_else_is_in_it(wheel):
    assert {name.partition("/")[0] for name in wheel.namelist()} == {
        "erc_bench",
        "erc_bench_plugins",
        f"erc_bench-{__version__}.dist-info",
    }


def test_every_entry_point_leads_to_a_module_that_implements_hooks(wheel, entry_points):
    names = set(wheel.namelist())
    points = dict(entry_points["erc_bench"])
    assert len(points) > 10
    for point, module in points.items():
        tree = ast.parse(wheel.read(file_of(module, names)).decode())
        hooks = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("erc_")}
        assert f"erc_{point.partition('.')[0]}s" in hooks, point


def test_every_plugin_with_hooks_has_an_entry_point(wheel, entry_points):
    listed = {file_of(module, set(wheel.namelist())) for module in entry_points["erc_bench"].values()}
    with_hooks = {
        name
        for name in wheel.namelist()
        if name.startswith("erc_bench_plugins/") and name.endswith(".py") and b"@erc.hookimpl" in wheel.read(name)
    }
    assert with_hooks == listed


def test_the_command_leads_to_a_function(wheel, entry_points):
    module, _, function = entry_points["console_scripts"]["erc-bench"].partition(":")
    tree = ast.parse(wheel.read(file_of(module, set(wheel.namelist()))).decode())
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_metadata(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    lines = wheel.read(name).decode().splitlines()
    assert f"Version: {__version__}" in lines
    assert "License-Expression: Apache-2.0" in lines
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
