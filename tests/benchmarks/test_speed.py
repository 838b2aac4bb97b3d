"""The speed benchmark as it is run: both sides are the same procedure, and the last line is the ratio."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _beside_the_benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("speed_parts", "startup", "compare_cells")]:
        del sys.modules[name]


@pytest.fixture
def sides(tiny_bert):
    from speed_parts.cells import Source
    from speed_parts.sides import Sides

    return Sides(Source("demo", backbone=str(tiny_bert)))


def test_both_sides_have_the_same_loss_and_train_the_same_batches(sides):
    from speed_parts.epoch import BATCH, EVALUATE, TRAIN, compare_epochs

    found = compare_epochs(sides, 2, 1, 1, lambda _what: None)
    published, float32, as_trained = found.losses
    assert float32 == pytest.approx(published, rel=1e-5)
    assert as_trained == pytest.approx(published, rel=0.02)
    assert found.published.tokens == found.ours.tokens
    assert [len(side.seconds[phase]) for side in found.sides for phase in (TRAIN, EVALUATE)] == [2, 2, 2, 2]
    train, dev, test = (
        math.ceil(len(split) / BATCH) for split in (sides.ready.train, sides.ready.dev, sides.ready.test)
    )
    assert found.published.epoch_batches == {TRAIN: train, EVALUATE: dev + test}
    assert found.ours.epoch_batches == {TRAIN: train, EVALUATE: dev}
    assert 0 <= found.ours.padding < found.published.padding < 1
    assert found.ours.flops_per_token < found.published.flops_per_token


def test_an_epoch_is_its_batches_times_their_median():
    from speed_parts.epoch import EVALUATE, TRAIN, Side

    side = Side("some", 100.0, {TRAIN: 10, EVALUATE: 3}, {EVALUATE: 7})
    side.seconds = {TRAIN: [1.0, 9.0, 2.0], EVALUATE: [0.5]}
    side.tokens, side.flops_per_token = [4, 45, 8], 5.0
    assert side.epoch() == 10 * 2.0 + 3 * 0.5
    assert side.run(4) == 4 * 21.5 + 7 * 0.5
    assert side.tokens_per_second() == 4.0
    assert side.share_of_peak() == pytest.approx(4.0 * 5.0 / 100.0)


def test_the_published_procedure_learns(sides):
    from speed_parts.sides import part, rows_of

    procedure = sides.published()
    optimiser = procedure.optimiser(1e-3, 1e-3)
    split = part(sides.ready.train, sides.order()[:16])
    losses = [procedure.train_batch(rows_of(split), split.labels, optimiser) for _ in range(8)]
    assert losses[-1] < losses[0]
    assert procedure.evaluate_batch(rows_of(split)).shape == (16,)


def test_the_results_of_a_seed_stay_the_same(tiny_bert):
    from speed_parts.cells import Source
    from speed_parts.equal import equal_results

    rows = equal_results(Source("demo", backbone=str(tiny_bert)), quick=True)
    assert len(rows) == 6
    assert max(row.difference for row in rows) < 1e-5
    assert all(row.dev == row.dev_against and row.other_labels == 0 for row in rows)


def test_the_command_ends_with_the_ratio(tiny_bert, tmp_path):
    output = tmp_path / "speed.json"
    command = [sys.executable, str(BENCHMARKS / "speed.py"), "--part", "epoch", "--turns", "1", "--batches", "1"]
    command += ["--backbone", str(tiny_bert), "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    stored = json.loads(output.read_text())
    assert done.stdout.splitlines()[-1] == f"epoch ratio: {stored['epoch']['ratio']:.1f}"
    assert stored["epoch"]["losses"][0] == pytest.approx(stored["epoch"]["losses"][1], rel=1e-5)
