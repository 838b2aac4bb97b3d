"""Every file of the project written anew, with other comments: no component has another digest."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/plugins"]
import erc_bench
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.training.core_versions import CORE_VERSIONS
assert erc_bench.__file__.startswith(sys.argv[1]), erc_bench.__file__
kinds = ("backbone", "encoder", "objective", "classifier")
found = {f"{kind}.{name}": entry.component for kind in kinds for name, entry in Catalogue().entries(kind).items()}
systems = {f"method.{name}": entry.component.system for name, entry in Catalogue().entries("method").items()}
found |= {name: system for name, system in systems.items() if system is not None}
print(json.dumps({**code_digests(found), **CORE_VERSIONS}))
"""


@pytest.fixture
def copy(tmp_path):
    for name in ("erc_bench", "plugins"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def digests(folder):
    command = [sys.executable, "-B", "-c", PROGRAM, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_reformatting_commenting_and_moving_change_no_digest(copy):
    before = digests(copy)
    assert before == digests(ROOT)
    for file in copy.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        # Written by Python itself: other line breaks, brackets and quotes, and none of the comments.
        file.write_text(f"# A comment.\n{ast.unparse(tree)}\n# Another.\n", encoding="utf-8")
    plugins = copy / "plugins" / "erc_bench_plugins"
    (plugins / "moved").mkdir()
    (plugins / "moved" / "__init__.py").write_text('"""Moved here."""\n')
    old, new = "erc_bench_plugins.objectives.eacl.losses", "erc_bench_plugins.moved.anchored"
    (plugins / "objectives" / "eacl" / "losses.py").rename(plugins / "moved" / "anchored.py")
    for file in plugins.rglob("*.py"):
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert digests(copy) == before
    moved = plugins / "moved" / "anchored.py"
    moved.write_text(moved.read_text(encoding="utf-8").replace("similarity / temperature", "similarity * temperature"))
    changed = {name for name, digest in digests(copy).items() if digest != before[name]}
    assert changed == {"objective.eacl"}
