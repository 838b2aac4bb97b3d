"""Who may import whom, read from the source.

A module sees modules of lower layers and of its own room, never higher ones:

====== ============================ ======================================================================
layer  rooms                        what they are
====== ============================ ======================================================================
0      errors, interruption, names  words of the domain, and what ends and shows the program; the standard
       shown_text, system_faults    library only
1      contracts, statistics        what a component must have; pure functions on numbers
1      validation                   foreign input against a typed schema
2      plugin_host                  what is installed, digests of code, packages for new components
3      corpora, pretrained          reading: dialogues, language models
4      store                        run folders
5      comparison                   from stored runs to results
6      planning                     from a request to cells
7      output, training             results as text, pictures and pages; one cell, and models kept of it
8      running                      the grid, and what the terminal shows of it
9      ray, slurm                   the grid on clusters
10     experiments, testing         run, compare, search, read back; checks for authors of components
11     api                          what plugins and notebooks may import
12     commands                     one file each
13     cli                          knows the commands by name
14     __main__
====== ============================ ======================================================================

``torch`` is imported by training, running, the clusters, testing and the contracts of what trains; inside functions
also by ``pretrained`` and ``doctor``. ``transformers`` belongs to ``pretrained`` alone, but for the random checkpoint
that the checks write; Optuna to the study of a search.
"""

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import erc_bench.api

ROOT = Path(__file__).resolve().parents[1]
LAYERS = (
    ("errors", "interruption", "names", "shown_text", "system_faults"),
    ("contracts", "statistics", "validation"),
    ("plugin_host",),
    ("corpora", "pretrained"),
    ("store",),
    ("comparison",),
    ("planning",),
    ("output", "training"),
    ("running",),
    ("ray", "slurm"),
    ("experiments", "testing"),
    ("api",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
LAYER_OF = {room: layer for layer, rooms in enumerate(LAYERS) for room in rooms}
TORCH_ROOMS = {"training", "running", "slurm", "ray", "testing"}
TORCH_CONTRACTS = {
    f"erc_bench.contracts.{name}"
    for name in (
        "attention",
        "classifier",
        "decoders",
        "dialogue_encoder",
        "encoder",
        "losses",
        "no_language_model",
        "objective",
        "task",
        "turns",
    )
}
TORCH_PRETRAINED = {f"erc_bench.pretrained.kernels.{name}" for name in ("attention", "dropout", "last_layer")}
"""What changes a model that is loaded: imported by what trains, never by what finds and reads checkpoints."""

TORCH_INSIDE_FUNCTIONS = {"erc_bench.commands.doctor"}
PLUGIN_LIBRARIES = {"torch", "transformers", "tokenizers", "numpy", "scipy", "pandas", "peft", "openai", "safetensors"}
TORCHLESS_PLUGINS = ("datasets", "backbones", "methods", "systems", "observers")


@dataclass(frozen=True)
class Import:
    """One import: what, where, and whether it happens when the module is imported."""

    module: str
    line: int
    eager: bool

    @property
    def library(self):
        return self.module.partition(".")[0]


def imports(path):
    return list(_walk(ast.parse(path.read_text(encoding="utf-8")), eager=True))


def _walk(node, eager):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, eager) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (Import(name, child.lineno, eager) for name in _targets(child))
        deferred = isinstance(child, (ast.FunctionDef, ast.Lambda)) or _for_types_only(child)
        yield from _walk(child, eager and not deferred)


def _targets(node):
    assert node.level == 0, f"line {node.lineno}: relative import"
    # `from package import module` imports the module, `from module import name` only what it names.
    submodules = [f"{node.module}.{alias.name}" for alias in node.names]
    return {module if module in CORE or module in PLUGINS else node.module for module in submodules}


def _for_types_only(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def modules(folder, top):
    found = {}
    for path in sorted((folder / top).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


CORE = modules(ROOT, "erc_bench")
PLUGINS = modules(ROOT / "plugins", "erc_bench_plugins")
IMPORTS = {name: imports(path) for name, path in {**CORE, **PLUGINS}.items()}


def room_of(module):
    return module.partition(".")[2].partition(".")[0]


def test_the_reader_of_imports_sees_them_all(tmp_path):
    source = """
import os.path, json
from typing import TYPE_CHECKING
from erc_bench.contracts import hookspecs
from erc_bench.errors import ErcBenchError
if TYPE_CHECKING:
    from erc_bench.contracts.types import Splits
class A:
    import ast
    def f(self):
        import torch
try:
    import numpy
except ImportError:
    pass
"""
    path = tmp_path / "module.py"
    path.write_text(source, encoding="utf-8")
    found = imports(path)
    eager = {each.module for each in found if each.eager}
    assert eager == {"os.path", "json", "typing", "erc_bench.contracts.hookspecs", "erc_bench.errors", "ast", "numpy"}
    assert {each.module for each in found if not each.eager} == {"erc_bench.contracts.types", "torch"}


def test_every_module_has_its_layer():
    rooms = {room_of(name) for name in CORE} - {""}
    assert rooms == set(LAYER_OF)


def places(names, is_wrong):
    """Return where the modules ``names`` import what they must not."""
    return [
        f"{({**CORE, **PLUGINS})[name]}:{imported.line} imports {imported.module}"
        for name in names
        for imported in IMPORTS[name]
        if is_wrong(name, imported)
    ]


def test_a_module_sees_only_lower_layers():
    def is_higher(name, imported):
        room = room_of(imported.module)
        if imported.library != "erc_bench" or room in ("", room_of(name)):
            return False
        # The package itself holds the version and imports nothing.
        return LAYER_OF[room] >= LAYER_OF.get(room_of(name), 0)

    assert places(CORE, is_higher) == []


def test_no_circle_of_imports():
    graph = {name: {each.module for each in IMPORTS[name] if each.eager} & CORE.keys() for name in CORE}
    assert list(TopologicalSorter(graph).static_order())


def test_no_circle_of_folders():
    def folder(module):
        if room_of(module) == "testing":
            return "erc_bench.testing"  # what its folders share lies beside what enters them
        return module if CORE[module].name == "__init__.py" else module.rpartition(".")[0]

    graph = {}
    for name in CORE:
        others = {folder(each.module) for each in IMPORTS[name] if each.module in CORE} - {folder(name), "erc_bench"}
        graph.setdefault(folder(name), set()).update(others if folder(name) != "erc_bench" else ())
    assert list(TopologicalSorter(graph).static_order())


def test_the_core_imports_no_plugin():
    assert places(CORE, lambda _, imported: imported.library == "erc_bench_plugins") == []


def test_torch_is_imported_where_something_trains():
    def is_out_of_place(name, imported):
        allowed = room_of(name) in TORCH_ROOMS or name in TORCH_CONTRACTS | TORCH_PRETRAINED
        inside_functions = room_of(name) == "pretrained" or name in TORCH_INSIDE_FUNCTIONS
        return imported.library == "torch" and not allowed and (imported.eager or not inside_functions)

    assert places(CORE, is_out_of_place) == []
    assert (
        places(
            CORE,
            lambda name, imported: (
                imported.module in TORCH_PRETRAINED and room_of(name) != "training" and name not in TORCH_PRETRAINED
            ),
        )
        == []
    )


def test_transformers_belongs_to_the_loading_of_checkpoints():
    def is_out_of_place(name, imported):
        heavy = imported.library in ("transformers", "tokenizers")
        belongs = room_of(name) == "pretrained" or name == "erc_bench.testing.random_checkpoint"
        return heavy and (imported.eager or not belongs)

    assert places(CORE, is_out_of_place) == []


def test_optuna_belongs_to_the_study_of_a_search():
    def is_out_of_place(name, imported):
        return imported.library in ("optuna", "sqlalchemy") and name != "erc_bench.experiments.tuning.study"

    assert places(CORE, is_out_of_place) == []
    # What `run --settings` reads is read without it.
    study = "erc_bench.experiments.tuning.study"
    assert (
        places(
            [
                name
                for name in CORE
                if name.startswith("erc_bench.experiments.tuning.") and not name.endswith(".objective")
            ],
            lambda _, imported: imported.eager and imported.module == study,
        )
        == []
    )


@pytest.mark.parametrize(
    "part",
    ["errors", "names", "contracts.options", "contracts.types", "plugin_host.code_digests"],
)
def test_what_everything_rests_on_needs_the_standard_library_alone(part):
    names = [name for name in CORE if f"{name}.".startswith(f"erc_bench.{part}.")]
    libraries = {each.library for name in names for each in IMPORTS[name]}
    assert names
    assert libraries <= sys.stdlib_module_names | {"erc_bench"}


def test_a_plugin_imports_the_api_alone():
    def is_foreign(name, imported):
        if imported.library == "erc_bench":
            return imported.module != "erc_bench.api"
        if imported.library == "erc_bench_plugins":
            # A component that fills a folder may import from its own folder and from that of its own recipes.
            own = name.split(".")[2]
            folders = (f"{'.'.join(name.split('.')[:3])}.", f"erc_bench_plugins.methods.{own}.")
            return not imported.module.startswith(folders)
        return imported.library not in sys.stdlib_module_names | PLUGIN_LIBRARIES

    assert places(PLUGINS, is_foreign) == []


def test_datasets_backbones_methods_systems_and_observers_are_listed_without_torch():
    names = [name for name in PLUGINS if room_of(name) in TORCHLESS_PLUGINS and _is_listed(name)]
    assert names
    assert places(names, lambda _, imported: imported.eager and imported.library in ("torch", "transformers")) == []


def _is_listed(name):
    """Whether listing components imports the module: one in a component's folder only where that does so at once."""
    component = ".".join(name.split(".")[:3])
    return name == component or any(each.eager and each.module == name for each in IMPORTS[component])


def test_the_api_gives_every_name_it_promises():
    for name in erc_bench.api.__all__:
        assert getattr(erc_bench.api, name) is not None
    assert dir(erc_bench.api) == sorted(erc_bench.api.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        erc_bench.api.nothing  # noqa: B018 (looking it up is the test)


def test_the_api_takes_its_names_from_lower_layers():
    """What plugins need lies below planning; what notebooks need is a room of its own."""
    for name in erc_bench.api.__all__:
        home = import_module("erc_bench.api")._HOME[name]
        room = home.partition(".")[0]
        assert LAYER_OF[room] < LAYER_OF["planning"] or home.startswith(("experiments.", "training.saved_models."))


COMMANDS = (
    ("--help",),
    ("--version",),
    ("run", "--help"),
    ("sweep", "--help"),
    ("tune", "--help"),
    ("compare", "--help"),
    ("rm", "--help"),
    ("archive", "--help"),
    ("completion", "fish"),
    ("score", "--help"),
    ("power", "--help"),
    ("plot", "--help"),
    ("report", "--help"),
    ("data", "--help"),
    ("features", "--help"),
    ("new", "--help"),
    ("show", "--help"),
    ("check", "--help"),
    ("predict", "--help"),
    ("list", "datasets"),
    ("list", "backbones"),
    ("list", "observers"),
    ("list", "methods"),
    ("run", "--method", "eacll", "--dataset", "demo"),
    ("data", "status"),
    ("doctor", "--cache"),
    ("compare", "--runs", "nothing-is-here"),
)
PROBE = """
import contextlib, io, sys
from erc_bench.cli import main
for command in {commands!r}:
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            main(command)
            code = 0
        except SystemExit as end:
            code = end.code
    heavy = [name for name in ("torch", "transformers", "optuna", "matplotlib") if name in sys.modules]
    print(*command, code, bool(told.getvalue()), heavy)
"""


def test_what_only_reads_answers_without_torch(tmp_path):
    environment = {**os.environ, "ERC_BENCH_DATA": str(tmp_path), "ERC_BENCH_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", PROBE.format(commands=COMMANDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    codes = {("compare", "--runs", "nothing-is-here"): 2, ("run", "--method", "eacll", "--dataset", "demo"): 2}
    expected = [f"{' '.join(command)} {codes.get(command, 0)} True []" for command in COMMANDS]
    assert done.stdout.splitlines() == expected
