"""Cells whose encoder reads a file that an option names: its content is in the record, a copy in the saved model."""

import textwrap

import pytest

import erc_bench.api as erc
from erc_bench.experiments.components import HandedOver
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.running.grid import GridRunner
from erc_bench.running.worker import GridTask
from erc_bench.training.events import Progress
from erc_bench.training.saved_models.saved_model import load_model

SCALES = '''
    """An encoder that multiplies states by the number in a file."""
    from dataclasses import dataclass
    from pathlib import Path

    import erc_bench.api as erc

    class Scales(erc.DialogueEncoder):
        """Multiplies states."""

        name = "scales"
        source = "this test"

        @dataclass(frozen=True)
        class Options(erc.DialogueEncoder.Options):
            by: str | None = erc.option(None, "A file with a number.", file={"scaling": True})
            scaling: bool = erc.option(True, "Whether it is read.")

        def __init__(self, options, backbone):
            super().__init__(options, backbone)
            self.factor = float(Path(options.by).read_text())

        def encode_turns(self, turns):
            return self.factor * turns.states

    @erc.hookimpl
    def erc_encoders():
        return [Scales]

    @erc.hookimpl
    def erc_methods():
        return [erc.Method("scales", "this test", "Cross-entropy.", {"encoder": "scales"})]
'''


@pytest.fixture
def plugin(tmp_path):
    file = tmp_path / "scales.py"
    file.write_text(textwrap.dedent(SCALES), encoding="utf-8")
    return file


@pytest.fixture
def number(tmp_path):
    file = tmp_path / "number"
    file.write_text("2.5", encoding="utf-8")
    return file


@pytest.fixture
def plans(grid, plugin):
    """Return a function that plans the method's cell with a file."""

    def plans(file, **asked):
        settings = (f"encoder.by={file}", "encoder.trainable=none", "training.epochs=1")
        overrides = [parse_override(text) for text in settings]
        request = Request(["scales"], ["meld"], [grid.backbone], [1], overrides, features={}, **asked)
        return plan_grid(request, HandedOver([plugin]).catalogue())

    return plans


@pytest.fixture
def run(grid, plans):
    """Return a function that runs the method's cell with a file in this process."""

    def run(planned):
        return GridRunner(GridTask(grid.runs, grid.data_dir, "cpu"), Progress()).run(planned)

    return run


def test_the_record_names_the_file_by_its_content(grid, run, plans, number, tools):
    (plan,) = run(plans(number)).ran
    record = tools.record(grid.folder(plan))
    assert record["settings"]["encoder.by"].startswith("sha256:")
    assert str(number) not in (grid.folder(plan) / "record.json").read_text()
    moved = number.rename(number.with_name("elsewhere"))
    assert len(run(plans(moved)).skipped) == 1
    moved.write_text("3", encoding="utf-8")
    assert len(run(plans(moved)).ran) == 1
    assert len(grid.folders()) == 2


def test_a_file_that_changed_since_the_plan_fails_the_cell(run, plans, number):
    planned = plans(number)
    number.write_text("4", encoding="utf-8")
    ((_, reason),) = run(planned).failed
    assert "(encoder.by) has changed since the run was planned" in reason


def test_a_saved_model_holds_a_copy(grid, run, plans, number, plugin):
    (plan,) = run(plans(number, save_model=True)).ran
    number.unlink()
    catalogue = HandedOver([plugin]).catalogue()
    model = load_model(grid.folder(plan), catalogue=catalogue)
    (answer,) = model.predict([("Ann", "Hello!")])
    assert answer.emotion in model.labels
    copy = model.folder / "option_files" / "encoder.by.txt"
    assert copy.read_text(encoding="utf-8") == "2.5"
    copy.write_text("9.5", encoding="utf-8")
    with pytest.raises(erc.ErcBenchError, match=r"encoder\.by\.txt"):
        load_model(grid.folder(plan), catalogue=catalogue)
