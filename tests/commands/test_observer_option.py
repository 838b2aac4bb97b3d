"""``--observer`` on ``run`` and ``sweep``."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

MAJORITY = ("--method", "majority", "--dataset", "demo", "--set", "dataset.size=20", "--seeds", "2", "--device", "cpu")
SUITE = """
methods = ["majority"]
datasets = ["demo"]
backbones = ["minilm"]
seeds = 1

[dataset]
size = 20
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def logs(folder):
    return sorted(file.parent.relative_to(folder).as_posix() for file in folder.rglob("events.out.tfevents.*"))


def test_a_run_writes_one_log_for_each_cell(command, here):
    outcome = command("run", *MAJORITY, "--observer", "tensorboard")
    assert (outcome.code, outcome.err) == (0, "")
    cells = sorted(folder.relative_to(here / "runs").as_posix() for folder in (here / "runs").glob("*/*/*/*/seed-*"))
    assert logs(here / "tensorboard") == cells
    assert len(cells) == 2
    accumulator = EventAccumulator(str(here / "tensorboard" / cells[0]))
    accumulator.Reload()
    (score,) = accumulator.Scalars("test/weighted_f1")
    assert f"test weighted f1 {score.value:.2f}" in outcome.out


def test_a_suite_writes_logs_where_it_is_told_to(command, here):
    (here / "suite.toml").write_text(SUITE)
    outcome = command("sweep", "suite.toml", "--device", "cpu", "--observer", "tensorboard:folder=my logs")
    assert (outcome.code, outcome.err) == (0, "")
    assert len(logs(here / "my logs")) == 1


def test_logs_among_the_results_are_one_warning_and_the_run_goes_on(command, here):
    outcome = command("run", *MAJORITY, "--observer", "tensorboard:folder=runs")
    assert outcome.code == 0
    (warning,) = [line for line in outcome.out.splitlines() if "tensorboard" in line]
    assert warning.startswith("Warning: the observer tensorboard is left out from here on: ")
    assert "its logs would lie among the results" in warning
    assert logs(here) == []


@pytest.mark.parametrize(
    ("observer", "sentence"),
    [
        ("tensorbord", "there is no observer 'tensorbord'; did you mean tensorboard?"),
        ("tensorboard:foldr=x", "did you mean folder?"),
        ("tensorboard:folder=s3://x", "'s3://x' is an address"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_what_cannot_work_is_refused_before_anything_runs(command, here, observer, sentence, more):
    outcome = command("run", *MAJORITY, "--observer", observer, *more)
    assert outcome.code == 2
    assert sentence in outcome.err
    assert list(here.iterdir()) == []
