"""The table of damage has a line for each kind, and every line says that the damage is seen."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import store_fixture
from safetensors.numpy import save_file

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "damage.py"


def test_every_kind_is_made_on_a_copy_and_said(store):
    for folder in store.add_seeds("ce", [0.5, 0.6]):
        save_file({"anchors.raw": np.eye(3)}, folder / "arrays.safetensors")
        store_fixture.write_status(folder)
    before = {file: file.read_bytes() for file in store.runs.rglob("*.*") if file.is_file()}
    done = subprocess.run([sys.executable, str(SCRIPT), str(store.runs)], capture_output=True, text=True, check=True)
    head, _, *lines = done.stdout.splitlines()
    assert head.startswith("| file | damage | reading | run |")
    assert len({line.split(" | damaged | ")[0] for line in lines}) == len(lines) == 28
    assert {line.partition(" | damaged | ")[2] for line in lines} == {
        "runs again | left out, named | left out, named | left, named | removed |"
    }
    assert {file: file.read_bytes() for file in before} == before
