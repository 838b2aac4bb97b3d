"""What real processes print where the encoding of their output knows few characters: files and data are UTF-8."""

import json
import os
import subprocess
import sys

import pytest

FEW = ("cp1252", "latin-1", "ascii", "cp437")


def erc_bench(*arguments, **environment):
    command = [sys.executable, "-m", "erc_bench", *map(str, arguments)]
    plain = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, **plain, **environment})
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("encoding", FEW)
def test_text_is_what_the_pipe_can_show(encoding):
    shown = erc_bench("power", "--sd", "0.8", PYTHONIOENCODING=encoding).decode(encoding)
    title, rule, first = shown.splitlines()[:3]
    assert "detectable (" in title
    assert set(rule.strip()) <= {"-", "─"}
    assert first.split() == ["2", "13.07"]


def test_text_is_what_a_server_without_a_locale_can_show():
    assert erc_bench("power", "--sd", "0.8", LC_ALL="C").isascii()


@pytest.mark.parametrize("encoding", FEW)
def test_data_are_utf_8(encoding, store):
    store.add_seeds("ce", [0.5, 0.6])
    found = {}
    for form in ("csv", "json", "markdown"):
        said = erc_bench("compare", "--runs", store.runs, "--format", form, PYTHONIOENCODING=encoding)
        assert said == erc_bench("compare", "--runs", store.runs, "--format", form, PYTHONIOENCODING="utf-8")
        found[form] = said.decode("utf-8")
    assert json.loads(found["json"])["rows"]
    # Were all of it ASCII, any encoding would do.
    assert not found["markdown"].isascii()
    assert erc_bench("compare", "--runs", store.runs, PYTHONIOENCODING=encoding).decode(encoding)


def test_any_text_can_be_written_to_a_file(tmp_path, store):
    store.add_seeds("ce", [0.5, 0.6])
    for encoding in ("utf-8", "cp1252"):
        file = tmp_path / f"{encoding}.md"
        erc_bench("compare", "--runs", store.runs, "--format", "markdown", "--output", file, PYTHONIOENCODING=encoding)
    assert (tmp_path / "utf-8.md").read_bytes() == (tmp_path / "cp1252.md").read_bytes()
