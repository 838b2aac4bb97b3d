"""What a page names exists: modules, files and folders of the repository, rooms, components, kinds of figures."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from erc_bench.output.figures import KINDS
from erc_bench.plugin_host.catalogue import Catalogue

ROOT = Path(__file__).resolve().parents[2]
PATH = re.compile(r"(?<![\w./-])(?:erc_bench|erc_bench_plugins|plugins|benchmarks|tests|docs|\.ci)/[\w./-]*\w")
MODULE = re.compile(r"(?<![\w./])erc_bench(?:_plugins)?(?:\.\w+)+")
PLURAL = {"datasets": "dataset", "backbones": "backbone", "encoders": "encoder", "objectives": "objective"}
PLURAL |= {"classifiers": "classifier", "methods": "method", "observers": "observer"}


def texts():
    """Yield where something is told, and what: pages, and the docstrings of programs."""
    for path in (
        ROOT / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "benchmarks").glob("*.md")),
    ):
        yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
    for folder in ("benchmarks", "docs", "erc_bench", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT), "\n".join(docstrings(ast.parse(path.read_text(encoding="utf-8"))))


def docstrings(tree):
    """Return every string that stands alone as a statement: docstrings, and what explains a constant."""
    return [
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]


def exists(path):
    # A page's own commands make files below ``tests/`` of a new package.
    return any((top / path).exists() for top in (ROOT, ROOT / "plugins"))


def can_be_found(name):
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = Path(*parts[:length])
        if any(
            (top / place).is_dir() or (top / place).with_suffix(".py").is_file() for top in (ROOT, ROOT / "plugins")
        ):
            found = importlib.import_module(".".join(parts[:length]))
            for part in parts[length:]:
                if not hasattr(found, part):
                    return False
                found = getattr(found, part)
            return True
    return False


def test_every_file_and_module_that_is_named_is_there():
    told = list(texts())
    paths = {(where, path) for where, text in told for path in PATH.findall(text)}
    modules = {(where, module) for where, text in told for module in MODULE.findall(text)}
    assert len(paths) > 30
    assert len(modules) > 50
    assert not [f"{where}: {path}" for where, path in sorted(paths) if not exists(path)]
    assert not [f"{where}: {module}" for where, module in sorted(modules) if not can_be_found(module)]


@pytest.mark.parametrize("name", ["erc_bench.nowhere", "erc_bench.errors.Nothing", "erc_benchmark.errors"])
def test_a_module_that_is_not_there_is_missed(name):
    assert not can_be_found(name)


def first_column(page, title):
    """Return the rows of the table of a section, each a list of its cells."""
    section = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if row[0].strip()]


def _assigns(node, name):
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name


def test_the_map_of_the_rooms_has_every_room_in_its_layer():
    tree = ast.parse((ROOT / "tests" / "test_layers.py").read_text(encoding="utf-8"))
    (layers,) = [ast.literal_eval(node.value) for node in tree.body if _assigns(node, "LAYERS")]
    rows = first_column("development.md", "The rooms")
    shown = [(int(layer), room.strip("`")) for layer, room, _ in rows if layer.isdigit()]
    assert shown == [(layer, room) for layer, rooms in enumerate(layers) for room in rooms]


def test_what_is_in_the_box_is_what_is_installed():
    catalogue = Catalogue()
    rows = {
        kind: set(re.findall(r"`([\w-]+)(?=`)", cell)) for kind, cell in first_column("index.md", "What is in the box")
    }
    assert rows.keys() == PLURAL.keys()
    for plural, kind in PLURAL.items():
        own = set(catalogue.entries(kind))
        assert rows[plural] <= own if kind == "method" else rows[plural] == own, plural


def test_every_kind_of_figure_is_explained():
    assert {kind.strip("`") for kind, *_ in first_column("report.md", "Figures") if kind != "kind"} == KINDS.keys()
