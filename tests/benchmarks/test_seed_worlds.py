import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seed_worlds():
    spec = importlib.util.spec_from_file_location("seed_worlds", ROOT / "benchmarks" / "seed_worlds.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_means_of_both_methods_are_equal(seed_worlds):
    for draw, _ in seed_worlds.WORLDS.values():
        ours, theirs = draw(np.random.default_rng(1), 200_000)
        assert ours.mean() == pytest.approx(theirs.mean(), abs=0.1)


def test_the_t_test_holds_its_level_where_scores_are_normal_and_not_where_they_collapse(seed_worlds):
    rng = np.random.default_rng(2)
    normal = seed_worlds.rates(seed_worlds.WORLDS["normal"][0], 5, 400, rng)
    collapsing = seed_worlds.rates(seed_worlds.WORLDS["collapsing"][0], 5, 400, rng)
    assert normal[0] < 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5
    assert collapsing[0] > 0.4
    # A collapse that is seen holds the mark back; one that is not cannot.
    assert collapsing[1] <= collapsing[0]


def test_the_page_is_that_of_the_program(seed_worlds):
    text = (ROOT / "benchmarks" / "seed_worlds.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| test")]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == 2 * [test.name for test in seed_worlds.TESTS]
    few = seed_worlds.rates(seed_worlds.WORLDS["collapsing"][0], 5, 400, np.random.default_rng(3))
    printed = float(rows[0].split(" | ")[4])
    assert few[0] == pytest.approx(printed, abs=4 * (0.6 * 0.4 / 400) ** 0.5)
