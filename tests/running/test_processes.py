"""Real processes: killed, interrupted, two at once."""

import signal

import pytest

from erc_bench.cli import main
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.reading import read_cell

METHODS = ("ce", "supcon")
SEEDS = (1, 2)
SETTINGS = ("training.epochs=2",)


def arguments(grid, tools, runs, *more, settings=SETTINGS, seeds="1,2"):
    methods = [word for method in METHODS for word in ("--method", method)]
    changed = [word for setting in (*tools.short, *settings) for word in ("--set", setting)]
    places = ["--backbone", grid.backbone, "--data-dir", grid.data_dir, "--runs", runs, "--device", "cpu"]
    return ["run", *methods, "--dataset", "meld", "--seeds", seeds, *places, *changed, *more]


@pytest.fixture
def undisturbed(grid, tools):
    """What the files of every cell hold where nothing went wrong, by the cell's address."""
    runs = grid.runs.parent / "undisturbed"
    outcome = grid.run(*METHODS, seeds=SEEDS, settings=SETTINGS, runs=runs)
    assert len(outcome.ran) == 4
    return results(grid, tools, runs)


def results(grid, tools, runs):
    names = ("predictions.csv", "arrays.safetensors")
    return {str(folder.relative_to(runs)): tools.content(folder, *names) for folder in grid.folders(runs)}


def test_killed_and_started_again(grid, tools, start, undisturbed):
    process = start(*arguments(grid, tools, grid.runs))
    process.read_until("[1/4]")
    process.wait_for(lambda: len(list(grid.runs.rglob(".lock"))) > 1)
    process.popen.kill()
    assert process.end()[0] == -signal.SIGKILL

    finished = [cell.folder for cell in read_cells(grid.runs) if cell.status == "done"]
    assert 1 <= len(finished) < 4
    before = {folder: (tools.content(folder), (folder / "record.json").stat().st_mtime_ns) for folder in finished}

    code, output, errors = start(*arguments(grid, tools, grid.runs)).end()
    assert code == 0, errors
    told = [line.partition(": ")[2] for line in output.splitlines() if line.startswith("[")]
    assert [line.startswith("done: ") for line in told] == [True] * len(finished) + [False] * (4 - len(finished))
    for folder, (stored, time) in before.items():
        assert tools.content(folder) == stored
        assert (folder / "record.json").stat().st_mtime_ns == time
    assert results(grid, tools, grid.runs) == undisturbed


def test_ctrl_c_leaves_an_interrupted_cell(grid, tools, start, tmp_path):
    # With a frozen backbone the features are on disk when the training, which is endless, begins.
    features = tmp_path / "cache" / "features"
    settings = ("encoder.trainable=none", "training.epochs=1000000")
    process = start(
        *arguments(grid, tools, grid.runs, settings=settings), environment={"ERC_BENCH_CACHE": str(features.parent)}
    )
    process.wait_for(lambda: len(list(features.glob("*.safetensors"))) == 3)
    process.popen.send_signal(signal.SIGINT)
    code, _, errors = process.end()
    assert code == 130, errors
    assert errors.splitlines()[-1].startswith("Interrupted. What is done is kept: ")
    assert "Traceback" not in errors
    (folder,) = grid.folders()
    assert tools.status(folder)["status"] == "interrupted"


def test_two_processes_share_one_folder_of_runs(grid, tools, start, undisturbed):
    processes = [start(*arguments(grid, tools, grid.runs)) for _ in range(2)]
    told = []
    for process in processes:
        code, output, errors = process.end()
        assert code == 0, errors
        told += [line.partition(": ")[2] for line in output.splitlines() if line.startswith("[")]
        assert "Weighted F1 on the test split" in output
    assert len(told) == 8
    assert sum(line.startswith("done: ") for line in told) == 4, "a cell ran twice"
    assert [read_cell(folder).status for folder in grid.folders()] == ["done"] * 4
    assert results(grid, tools, grid.runs) == undisturbed


def test_failed_cells_are_listed_and_change_the_exit_code(grid, tools, capsys):
    bad = ("supcon:training.encoder_lr=1e30", "training.epochs=3")
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in arguments(grid, tools, grid.runs, settings=bad, seeds="1")])
    assert stop.value.code == 1
    told = capsys.readouterr()
    assert "1 cell failed" in told.err
    assert "meld · supcon · " in told.err
    assert "not finite at step" in told.err
    assert "meld · ce · " not in told.err
    assert "[2/2]" in told.out
    assert {cell.method: cell.status for cell in read_cells(grid.runs)} == {"ce": "done", "supcon": "failed"}


def test_a_wrong_request_runs_nothing(grid, tools, capsys):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in arguments(grid, tools, grid.runs, settings=("training.epoch=3",))])
    assert stop.value.code == 2
    assert "did you mean epochs?" in capsys.readouterr().err
    assert not grid.runs.exists()
