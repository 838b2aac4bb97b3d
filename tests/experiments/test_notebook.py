"""The notebook of the documentation runs in a fresh kernel, and shows what is stored with it."""

import json
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def cells(path):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def forms(cell):
    """Return what a cell shows, without the numbers and the times of a machine."""
    return [(each["output_type"], each.get("name"), sorted(each.get("data", ()))) for each in cell["outputs"]]


def test_every_cell_runs_and_shows_what_is_stored(tmp_path):
    """In one test, so that no two processes of the test run start a kernel and train the same cells."""
    target = tmp_path / "ran.ipynb"
    command = [sys.executable, str(DOCS / "run_notebook.py"), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ran, stored = cells(target), cells(DOCS / "notebook.ipynb")
    assert [forms(cell) for cell in ran] == [forms(cell) for cell in stored]
    assert [cell["execution_count"] for cell in stored] == list(range(1, len(stored) + 1))
    assert_nothing_but_progress_is_printed(ran)
    assert_the_table_is_shown(ran)


def assert_nothing_but_progress_is_printed(ran):
    lines = [line for cell in ran for each in cell["outputs"] for line in "".join(each.get("text", "")).splitlines()]
    assert lines[0] == "encoder.trainable = none (suggested by dataset demo)"
    progress = r"\[\d+/15\] demo · (ce|eacl|poly) · minilm · seed \d: test weighted f1 [\d.]+ \([\d.]+ s\)"
    assert all(re.fullmatch(progress, line) for line in lines[1:])
    assert len(lines) == 16


def assert_the_table_is_shown(ran):
    (shown,) = [each["data"] for cell in ran for each in cell["outputs"] if "text/markdown" in each.get("data", {})]
    assert "15 cells: 15 run now" in "".join(shown["text/html"])
    assert "<td>poly</td>" in "".join(shown["text/html"])


def test_the_stored_notebook_names_no_machine():
    text = (DOCS / "notebook.ipynb").read_text(encoding="utf-8")
    assert "/tmp/" not in text
    assert "/home/" not in text
    assert '"execution"' not in text
