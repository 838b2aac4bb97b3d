"""The golden numbers notice what they are there for: one-line changes of meaning, each made on a copy of the code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from golden_numbers.mutate import mutations

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "golden_numbers" / "mutate.py"


@pytest.mark.long
def test_every_change_is_noticed_and_an_unchanged_copy_is_not():
    """All in one process: the libraries are imported once, and each case of the unchanged copy is trained once."""
    command = [sys.executable, str(PROGRAM), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("nothing changed") == ""
    assert found.keys() == {mutation.name for mutation in mutations()}
    assert not [name for name, said in found.items() if not said]
    # A change that cannot be run at all would prove nothing about the numbers.
    assert not [f"{name}: {said}" for name, said in found.items() if " is " not in said and " has " not in said]


def test_there_are_at_least_thirty_different_changes():
    changes = {(mutation.file, mutation.find, mutation.replace) for mutation in mutations()}
    assert len(changes) == len(mutations()) >= 30
