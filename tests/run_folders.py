"""What lies in a folder of runs, and the fixtures of another room: for tests of cells that ran elsewhere."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path


def answers(folder):
    return {str(file.parent.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("predictions.csv"))}


def records(folder):
    return [json.loads(file.read_text()) for file in sorted(folder.rglob("record.json"))]


def ledger(folder):
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]


def fixtures_of(room):
    """Load the fixtures of a room: test modules cannot import one another."""
    file = Path(__file__).parent / room / "conftest.py"
    specification = importlib.util.spec_from_file_location(f"{room}_fixtures", file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
