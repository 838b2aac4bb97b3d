"""The simulation behind the false-positive rates: its data are what it says, and its page is complete."""

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from erc_bench.statistics.dialogues import intra_cluster_correlation

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "false_positive_rate.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("false_positive_rate", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize("size", ["MELD", "EmoryNLP", "IEMOCAP"])
def test_a_draw_has_the_size_that_is_asked_for(script, size):
    dialogues, utterances, fewest = script.SIZES[size]
    data = script.simulate(script.SIZES[size], script.BOTH, 0.1, np.random.default_rng(0), 10)
    assert data.counts.shape == (2, script.SEEDS, dialogues, 3, 3)
    assert (data.counts.sum((2, 3, 4)) == utterances).all()
    assert data.counts[0, 0].sum((1, 2)).min() >= fewest
    # A right answer is one on the diagonal.
    assert (np.trace(data.counts.sum(2), axis1=-2, axis2=-1) == data.right.sum(-1)).all()


@pytest.mark.parametrize("wanted", [0.0, 0.05, 0.1])
def test_the_correlation_that_is_asked_for_comes_out(script, wanted):
    rng = np.random.default_rng(1)
    found = []
    for _ in range(12):
        data = script.simulate(script.SIZES["MELD"], script.DIALOGUES, script.CORRELATIONS[wanted], rng, 10)
        differences = data.right[0].astype(float) - data.right[1]
        found += [intra_cluster_correlation(row, data.dialogue.tolist()).correlation for row in differences]
    assert np.mean(found) == pytest.approx(wanted, abs=0.012)


def test_a_test_knows_its_own_null(script):
    tests = {test.name: test for test in script.TESTS}
    conditions = [script.Condition("MELD", v, c, c, ()) for v in script.VARYING for c in script.CORRELATIONS]
    own = {name: sum(each.is_own_null(test) for each in conditions) for name, test in tests.items()}
    assert own["exact McNemar, one seed"] == 1
    assert own["dialogue sign-flip"] == own["paired t over seeds (†)"] == 3
    assert own["joint test (‡)"] == 9


def test_the_page_shows_every_test_and_says_how_sure_it_is(tmp_path, script):
    target = tmp_path / "page.md"
    command = [sys.executable, str(SCRIPT), "--simulations", "4", "--draws", "39", "--size", "IEMOCAP"]
    subprocess.run([*command, "--output", str(target)], check=True, capture_output=True)
    text = target.read_text(encoding="utf-8")
    assert all(f"| {test.name} |" in text for test in script.TESTS)
    assert "standard error of a rate of\n0.05: 0.1090" in text
    assert "## IEMOCAP-sized: 31 dialogues, 1622 utterances" in text
    assert "**0.000**" in text


def test_a_rate_above_the_bound_is_looked_at_again(script, monkeypatch):
    asked = []

    def run(size, varying, correlation, simulations, draws, seed):
        asked.append((simulations, seed))
        rates = tuple(0.07 if seed == 0 and test.name == "dialogue sign-flip" else 0.01 for test in script.TESTS)
        return script.Condition(size, varying, correlation, 0.0, rates, simulations)

    monkeypatch.setattr(script, "run", run)
    found = script.run_and_confirm("MELD", script.DIALOGUES, 0.0, 100, 9, 0)
    assert asked == [(100, 0), (500, 1)]
    assert found.again
    assert "500 times" in "\n".join(script._confirmed([found]))
    assert script._confirmed([replace(found, again=False)]) == []
    assert not script.run_and_confirm("MELD", script.RUNS, 0.0, 100, 9, 0).again  # not that test's own null
