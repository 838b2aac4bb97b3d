"""``run`` of the notebook: the cells of the command, classes in the place of names, failures that raise nothing."""

import inspect
import logging
import re
import sys
import warnings
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pytest

import erc_bench.api as erc
from erc_bench.cli import main
from erc_bench.commands.run import run as command
from erc_bench.errors import ErcBenchError
from erc_bench.experiments.result import Experiment

SMALL = {"dataset.size": 12}


class Always(erc.System):
    """Answer the same label to everything."""

    name = "always"
    source = "invented"

    @dataclass(frozen=True)
    class Options:
        place: int = erc.option(0, "Which label.", at_least=0)

    def fit(self, train, dev, context):
        self.classes = len(context.labels)

    def predict(self, dialogues):
        scores = np.eye(self.classes)[self.options.place]
        return {(dialogue.id, place): scores for dialogue in dialogues for place in dialogue.targets()}


class Breaks(Always):
    """Raise where it should answer."""

    name = "breaks"

    def predict(self, dialogues):
        raise ValueError("no idea")


class Twice(erc.Objective):
    """Cross-entropy, twice."""

    name = "twice"
    source = "invented"

    @dataclass(frozen=True)
    class Options:
        weight: float = erc.option(2.0, "What the loss is multiplied with.", above=0)

    def loss(self, outputs):
        log_p = outputs.logits.log_softmax(-1).gather(1, outputs.labels[:, None])
        return {"twice": -self.options.weight * log_p.mean()}


HEARD = []


class Listener(erc.Observer):
    """Write down what happens."""

    name = "listener"
    source = "invented"

    def run_ended(self, run, result):
        HEARD.append((run.method, run.seed, result.status))


@pytest.fixture
def run(tmp_path):
    """Return ``run`` with a folder of its own, on a small demo corpus, without printing."""

    def run(methods, datasets="demo", backbones="minilm", seeds=2, **wanted):
        settings = {**SMALL, **wanted.pop("settings", {})}
        fixed = {"runs": tmp_path / "runs", "progress": False, "settings": settings}
        return erc.run(methods, datasets, backbones, seeds, **{**fixed, **wanted})

    return run


def test_every_option_of_the_command_is_an_argument():
    options = {parameter.name for parameter in command.params} - {"dry_run"}
    assert set(inspect.signature(erc.run).parameters) - {"progress"} == options


def test_a_further_table_takes_what_compare_takes():
    further = dict(inspect.signature(Experiment.compare).parameters)
    assert further.pop("self")
    assert further == dict(inspect.signature(erc.compare).parameters)


def test_the_command_and_the_function_make_the_same_cells(run, tmp_path, capsys):
    experiment = run("majority")
    fixed = ("--method", "majority", "--dataset", "demo", "--seeds", "2", "--set", "dataset.size=12")
    main(["run", *fixed, "--runs", str(tmp_path / "runs")])
    assert "seed 2: done" in capsys.readouterr().out
    assert list(experiment.frame["seed"]) == [1, 2]
    again = run("majority")
    assert repr(experiment) == "<Experiment: 2 cells: 2 run now>"
    assert repr(again) == "<Experiment: 2 cells: 2 already there>"
    assert again.frame.equals(experiment.frame)


def test_the_frame_is_that_of_load_runs(run):
    experiment = run(["majority", Always])
    stored = erc.load_runs(experiment.runs)
    own = experiment.frame.sort_values(["method", "seed"], ignore_index=True)
    assert list(own["method"]) == ["always", "always", "majority", "majority"]
    assert own[list(stored.columns)].equals(stored)


def test_a_class_of_the_program_trains_beside_names(run, tiny_bert):
    quick = {"training.epochs": 2, "encoder.trainable": "none", "twice:objective.weight": np.float64(3.0)}
    experiment = run(["ce", Twice], backbones=str(tiny_bert), seeds=[np.int64(4)], settings=quick).check()
    assert list(experiment.frame["method"]) == ["ce", "twice"]
    assert "objective.weight=3.0" in experiment.frame["overrides"][1]
    assert set(experiment.frame["seed"]) == {4}
    assert list(erc.load_epochs(experiment.frame.iloc[1])["epoch"]) == [1, 2]
    assert "loss_twice" in erc.load_epochs(experiment.frame.iloc[1])


def test_a_method_finds_its_classes_among_the_plugins(run, tiny_bert):
    mine = erc.Method("mine", "invented", "Twice, read by a probe.", {"objective": "twice", "classifier": "probe"})
    quick = {"training.epochs": 1, "encoder.trainable": "none"}
    with pytest.raises(ErcBenchError, match="there is no objective 'twice'"):
        run(mine, backbones=str(tiny_bert), seeds=1, settings=quick)
    experiment = run(mine, backbones=str(tiny_bert), seeds=1, settings=quick, plugins=Twice).check()
    assert erc.load_runs(experiment.runs, settings=True)["classifier"][0] == "probe"
    replaced = run("ce", backbones=str(tiny_bert), seeds=1, settings={**quick, "objective": Twice}).check()
    assert replaced.frame["overrides"][0].startswith("dataset.size=12")
    assert "objective=twice" in replaced.frame["overrides"][0]


def test_a_file_may_be_a_plugin(run, tmp_path):
    file = tmp_path / "floor.py"
    file.write_text(
        "import numpy as np\nimport erc_bench.api as erc\n\n\nclass Floor(erc.System):\n    name = 'floor'\n"
        "    source = 'invented'\n    def fit(self, train, dev, context):\n        self.classes = len(context.labels)\n"
        "    def predict(self, dialogues):\n        return {(d.id, t): np.ones(self.classes) for d in dialogues"
        " for t in d.targets()}\n\nmethod = erc.Method('floor', 'invented', 'All alike.', system=Floor)\n"
    )
    assert list(run("floor", seeds=1, plugins=file).check().frame["method"]) == ["floor"]


def test_a_module_with_hooks_may_be_a_plugin(run):
    module = ModuleType("my_module")
    with pytest.raises(ErcBenchError, match="the module my_module has no hooks"):
        run("always", plugins=module)
    method = erc.Method("always", "invented", "One label.", system=Always)
    module.erc_methods = erc.hookimpl(lambda: [method])
    assert list(run("always", seeds=1, plugins=[module]).check().frame["method"]) == ["always"]


def test_a_failure_raises_nothing_and_is_not_silent(run, caplog):
    with caplog.at_level(logging.WARNING):
        experiment = run(["majority", Breaks])
    assert "2 cells failed; see .failed of the result" in caplog.text
    assert [(cell.method, cell.seed) for cell in experiment.failed] == [("breaks", 1), ("breaks", 2)]
    reason = experiment.failed[0].reason
    assert re.fullmatch(r".*test_run\.py, line \d+: ValueError: no idea", reason)
    assert str(experiment.failed[0]) == f"demo · breaks · none · seed 1: {reason}"
    failed = experiment.frame[experiment.frame["status"] == "failed"]
    assert list(failed["error"]) == [reason] * 2
    assert failed["score"].isna().all()
    with pytest.raises(ErcBenchError, match="2 of 4 cells failed") as caught:
        experiment.check()
    assert f"breaks · none · seed 2: {reason}" in caught.value.hint
    shown = experiment._repr_html_()
    assert f"<strong>Failed: demo · breaks · none · seed 1: {reason}</strong>" in shown
    assert shown.index("Failed") < shown.index("majority")
    assert "4 cells: 2 run now, 2 failed" in experiment._repr_markdown_()
    earlier = run(["majority", Breaks])
    assert 'overwrite="failed" tries again' in earlier.failed[0].reason


def test_where_nothing_finished_there_is_no_table_and_the_reason_is_told(run):
    experiment = run(Breaks)
    with pytest.raises(ErcBenchError, match="no cell has finished") as caught:
        _ = experiment.comparison
    assert "ValueError: no idea" in caught.value.hint
    assert "There is no table: no cell has finished" in experiment._repr_html_()
    assert len(experiment.frame) == 2


def test_code_that_changed_since_is_said_and_run_again_when_asked(run, monkeypatch, caplog):
    run(Always)
    monkeypatch.setattr("erc_bench.running.state.code_digests", lambda components: dict.fromkeys(components, "new"))
    with caplog.at_level(logging.WARNING):
        stale = run(Always)
    assert "2 cells are stale (the code of system changed since)" in caplog.text
    assert 'old results are shown; overwrite="stale" runs again' in caplog.text
    assert list(stale.frame["status"]) == ["stale", "stale"]
    assert stale.frame["score"].notna().all()
    assert 'Stale: demo · always · none · seed 1: the code of system changed since; overwrite="stale"' in (
        stale._repr_html_()
    )
    assert repr(stale) == "<Experiment: 2 cells: 2 stale>"
    assert repr(run(Always, overwrite="stale")) == "<Experiment: 2 cells: 2 run now>"


def test_the_comparison_is_of_these_cells_alone(run):
    run("majority", seeds=[7])
    experiment = run(["majority", Always], baseline="always")
    assert experiment.comparison.baseline == "always"
    frame = experiment.comparison.to_frame()
    assert set(frame["seeds"]) == {(1, 2)}
    other = experiment.compare(baseline="majority", test="wilcoxon", unit="seed")
    assert other.baseline == "majority"
    assert set(other.tests["test"]) == {"wilcoxon"}
    assert set(experiment.compare(methods="majority").to_frame()["method"]) == {"always", "majority"}


def test_progress_is_lines(run, capsys):
    run("majority", progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "[1/2] demo · majority · none · seed 1",
        "[2/2] demo · majority · none · seed 2",
    ]
    run("majority")
    assert capsys.readouterr().out == ""


def test_warnings_are_as_they_were(run):
    before = list(warnings.filters)
    run("majority", seeds=1)
    assert list(warnings.filters) == before


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"methods": "eakl"}, "there is no method 'eakl'; did you mean eacl"),
        ({"methods": []}, "no methods are named, so there is nothing to run"),
        ({"methods": 3}, "3 is neither a name nor a component"),
        ({"methods": Twice()}, "this Twice is an object\nHand over the class: Twice."),
        ({"datasets": Twice}, "the class Twice is no dataset, but an objective"),
        ({"datasets": "nowhere"}, "there is no dataset 'nowhere'"),
        ({"seeds": 0}, "seeds=0 is neither a number of seeds nor a list of different seeds"),
        ({"seeds": [1, 1]}, "seeds=[1, 1] is neither"),
        ({"seeds": "three"}, "seeds='three' is neither"),
        ({"seeds": "3-1"}, "seeds='3-1' is neither"),
        ({"seeds": True}, "seeds=True is neither"),
        ({"seeds": 1.5}, "seeds=1.5 is neither"),
        ({"seeds": 2000}, "seeds=2000 asks for more than 1000 seeds"),
        ({"settings": {"objective.temprature": 1}}, "objective.temprature"),
        ({"settings": {"training.epochs": "many"}}, "must be a whole number, got 'many' (settings)"),
        ({"settings": {"": 1}}, "is not of the form slot.option"),
        ({"settings": "training.epochs=1"}, "settings must map names to values"),
        ({"settings": 3}, "settings must map names to values"),
        ({"settings": ["training.epochs"]}, "settings 'training.epochs' is not of the form slot.option=value"),
        ({"overwrite": "all"}, "there is no overwrite 'all'"),
        ({"jobs": 0}, "jobs must be a whole number, at least 1, and is 0"),
        ({"limit": 1.5}, "limit must be a whole number, at least 1, and is 1.5"),
        ({"device": "gpu"}, "the device 'gpu' cannot be used"),
        ({"audit": True, "dev_only": True}, "audit scores every epoch on test, and dev_only never reads test"),
        ({"baseline": "supcon"}, "the baseline 'supcon' is none of the methods of this run"),
        ({"plugins": "nothing.py"}, "the plugin file nothing.py cannot be read"),
        ({"observers": "tensorbord"}, "there is no observer 'tensorbord'; did you mean tensorboard?"),
    ],
)
def test_a_mistake_is_a_sentence_and_nothing_runs(tmp_path, wanted, sentence):
    asked = {"methods": "ce", "datasets": "demo", "backbones": "minilm", "seeds": 1, **wanted}
    with pytest.raises(ErcBenchError) as caught:
        erc.run(**asked, runs=tmp_path / "runs", progress=False)
    assert sentence in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_a_component_needs_a_name_of_its_own(run):
    with pytest.raises(ErcBenchError, match="there is a method 'majority' already, of erc-bench"):
        run(type("Mine", (Always,), {"name": "majority"}))
    with pytest.raises(ErcBenchError, match="the class Nameless has no name"):
        run(type("Nameless", (Always,), {"name": ""}))


def typed(monkeypatch):
    """Return a class as a cell of a notebook leaves it: of a main program that has no file."""
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    return type("Typed", (Always,), {"name": "typed", "__module__": "__main__", "__qualname__": "Typed"})


@pytest.mark.parametrize("several", [{"jobs": 2}, {"device": "cpu,cpu"}])
def test_several_processes_cannot_share_what_was_typed(run, monkeypatch, several):
    component = typed(monkeypatch)
    with pytest.raises(ErcBenchError, match="the class Typed exists in this process alone") as caught:
        run(component, **several)
    assert "Leave jobs=1" in caught.value.hint
    assert len(run(component).check().frame) == 2

    class Local(Always):
        name = "local"

    with pytest.raises(ErcBenchError, match="the class Local exists in this process alone"):
        run(Local, **several)


def test_a_script_that_is_read_again_says_what_to_do(run, monkeypatch):
    monkeypatch.setattr("erc_bench.experiments.early_checks.parent_process", object)
    with pytest.raises(ErcBenchError) as caught:
        run("majority", jobs=2)
    assert 'if __name__ == "__main__":' in caught.value.hint


def test_an_observer_of_the_program_hears_of_it(run):
    HEARD.clear()
    run("majority", observers=Listener)
    assert HEARD == [("majority", 1, "done"), ("majority", 2, "done")]

    class Local(Listener):
        name = "local"

    with pytest.raises(ErcBenchError, match="the class Local stands within a function"):
        run("majority", observers=Local)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"methods": None}, "None is neither a name nor a component\nA method is an erc.Method, or a subclass of"),
        (
            {"datasets": None},
            "None is neither a name nor a component\nA dataset is a name, or a subclass of erc.Dataset.",
        ),
        ({"backbones": 5}, "5 is neither a name nor a component\nA backbone is a name, or a subclass of erc.Backbone."),
        ({"runs": None}, "runs must be a path, and is None"),
        ({"data_dir": 5}, "data_dir must be a path, and is 5"),
        ({"settings_files": 5}, "each of settings_files must be a path, and is 5"),
        ({"device": 5}, "device must be a text, and is 5"),
        ({"baseline": 5}, "baseline must be a text, and is 5"),
    ],
)
def test_what_is_none_of_what_an_argument_takes_is_a_sentence(run, wanted, sentence):
    with pytest.raises(ErcBenchError) as raised:
        run(**{"methods": "majority", **wanted})
    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize(("runs", "told"), [("t.py", "is a file\n"), ("t.py/runs", "cannot be made below it\n")])
def test_a_file_in_the_place_of_the_runs_is_told_before_anything_trains(run, tmp_path, monkeypatch, runs, told):
    (tmp_path / "t.py").write_text("")
    monkeypatch.setattr(Always, "fit", lambda self, *_: pytest.fail("it trains"))
    with pytest.raises(ErcBenchError) as raised:
        run(Always, runs=tmp_path / runs)
    assert f"{told}runs takes a folder: name another one." in str(raised.value)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: erc.load_runs(None), "runs must be a path, and is None"),
        (lambda: erc.load_runs(5), "runs must be a path, and is 5"),
        (lambda: erc.compare(3), "runs must be a path, and is 3"),
        (lambda: erc.compare("runs", data_dir=3), "data_dir must be a path, and is 3"),
        (lambda: erc.components(3), "there is no kind 3; known: backbone"),
        (lambda: erc.components([]), "there is no kind []; known: backbone"),
        (lambda: erc.load_model(None), "run must be a path, and is None"),
    ],
)
def test_what_is_no_path_and_no_kind_is_a_sentence(call, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ErcBenchError) as raised:
        call()
    assert str(raised.value).startswith(sentence)


def test_a_name_that_the_module_does_not_have_is_told_its_neighbour():
    with pytest.raises(AttributeError, match=r"^module 'erc_bench.api' has no attribute 'rum'; did you mean run\?$"):
        _ = erc.rum
    with pytest.raises(AttributeError, match=r"^module 'erc_bench.api' has no attribute 'qqqqqq'$"):
        _ = erc.qqqqqq
    assert not hasattr(erc, "__path__")
