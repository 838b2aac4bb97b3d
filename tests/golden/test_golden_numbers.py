"""What the code computes is what it computed when the numbers were written down."""

import json
import re
import sys
from copy import deepcopy
from pathlib import Path

import golden_numbers.__main__ as golden_numbers
import pytest
from golden_numbers.cases import CASES
from golden_numbers.recording import differences, read_numbers, record

from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.training.core_versions import CORE_VERSIONS

ROOT = Path(__file__).parents[2]
KNOWN = read_numbers(ROOT / "benchmarks" / "golden_numbers" / "numbers.json")
REMEDY = (
    "A number moved. If it should not have, mend the code. If it should, raise the version of the part in "
    "erc_bench/training/core_versions.py, say so in CHANGELOG.md, and run: python benchmarks/golden_numbers --write"
)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_number_moved(case, precision):
    wrong = differences(record(case, precision), KNOWN[precision][case.name], precision)
    assert not wrong, f"{'; '.join(wrong)}\n{REMEDY}"


def test_the_numbers_are_those_of_these_versions():
    assert KNOWN["versions"] == CORE_VERSIONS, REMEDY


def test_every_version_has_a_line_in_the_changelog():
    said = re.findall(r"`([a-z-]+) (\d+)`", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    raised = {(part, str(version)) for part, version in CORE_VERSIONS.items()}
    assert raised <= set(said), "CHANGELOG.md names each version of a part of the core, such as `losses 2`"


def test_every_case_has_its_numbers_and_no_other_is_written_down():
    for precision in ("float64", "float32"):
        assert KNOWN[precision].keys() == {case.name for case in CASES}


def test_every_installed_objective_classifier_encoder_and_method_is_written_down():
    catalogue = Catalogue()
    methods = {case.method for case in CASES}
    readouts = {name for case in CASES for name in case.readouts}
    found = {kind: set() for kind in ("objective", "encoder", "classifier")}
    for name in methods:
        method = catalogue.get("method", name)
        if method.system is None:
            chosen = {"objective": "cross-entropy", "encoder": "prompt", "classifier": "head", **method.choices}
            for kind in found:
                found[kind].add(chosen[kind])
    systems = {name: entry.component.system for name, entry in catalogue.entries("method").items()}
    # What another machine answers is no number of ours.
    assert methods == {name for name, system in systems.items() if system is None or not system.sends_text}
    assert found["objective"] == set(catalogue.entries("objective"))
    assert found["encoder"] == set(catalogue.entries("encoder"))
    assert found["classifier"] | readouts == set(catalogue.entries("classifier"))


def test_a_difference_beyond_the_tolerance_is_told():
    known = {"loss": [1.0, -2.0], "scores": [0.5]}
    assert not differences({"loss": [1.0 + 1e-9, -2.0], "scores": [0.5]}, known, "float64")
    assert differences({"loss": [1.0 + 1e-7, -2.0], "scores": [0.5]}, known, "float64") == ["loss is off by 5.0e-08"]
    assert differences({"loss": [float("nan"), -2.0], "scores": [0.5]}, known, "float64")
    assert differences({"loss": [1.0], "more": [1.0]}, known, "float64") == [
        "more is new",
        "scores is gone",
        "loss has 1 numbers, not 2",
    ]


def test_numbers_that_moved_are_not_written_without_a_new_version(tmp_path, monkeypatch, capsys):
    file = tmp_path / "numbers.json"
    altered = deepcopy(KNOWN)
    altered["float64"]["ce"]["loss cross_entropy"][0] *= 1.001
    file.write_text(json.dumps(altered), encoding="utf-8")
    before = file.read_bytes()
    monkeypatch.setattr(sys, "argv", ["golden_numbers", "--write", "--file", str(file), "--cases", "ce"])
    assert golden_numbers.main() == 1
    told = capsys.readouterr().out
    assert "float64, ce: loss cross_entropy is off by" in told
    assert "Not written: raise the version" in told
    assert file.read_bytes() == before
