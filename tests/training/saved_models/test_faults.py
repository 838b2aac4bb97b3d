"""What must not be saved, and what must not be loaded."""

import json
import pickle
from pathlib import Path

import pytest
import store_fixture
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import erc_bench.api as erc

FROZEN = ("encoder.trainable=none",)


class Forgetful(erc.Classifier):
    """Keeps what it learnt where no state holds it."""

    name = "forgetful"
    source = "this test"
    refit = "end"

    def __init__(self, options=None):
        super().__init__(options)
        self.shift = [0.0]

    def fit(self, train, dev, task):
        self.shift = [float(number) for number in range(task.classes)]
        yield

    def scores(self, outputs):
        return outputs.logits + torch.tensor(self.shift)


class BuiltLate(erc.Classifier):
    """Builds a submodule when it is fitted."""

    name = "built-late"
    source = "this test"
    refit = "end"

    def fit(self, train, dev, task):
        self.linear = nn.Linear(train.z.shape[1], task.classes).to(train.z)
        yield

    def scores(self, outputs):
        return self.linear(outputs.z) if hasattr(self, "linear") else outputs.logits


class MadeLate(erc.Classifier):
    """Has no parameter before it is fitted, and no place for one: it becomes one by being set."""

    name = "made-late"
    source = "this test"
    refit = "end"

    def __init__(self, options=None):
        super().__init__(options)
        self.weight = None

    def fit(self, train, dev, task):
        self.weight = nn.Parameter(torch.arange(task.classes * train.z.shape[1]).to(train.z).view(task.classes, -1))
        yield

    def scores(self, outputs):
        return outputs.logits if self.weight is None else outputs.z @ self.weight.T


class Remembering(erc.Objective):
    """Cross-entropy that scales its projection by an extra state of its own."""

    name = "remembering"
    source = "this test"
    keep = staticmethod(lambda seen: {"seen": seen, "more": [1, 2.5, None]})

    def start(self, task):
        self.seen = 0

    def loss(self, outputs):
        self.seen += 1
        return {"cross_entropy": outputs.cross_entropy()}

    def project(self, z):
        return z * (1 + self.seen)

    def get_extra_state(self):
        return self.keep(self.seen)

    def set_extra_state(self, state):
        self.seen = int(state["seen"])


class BySpace(erc.Classifier):
    """Reads the projection, unscaled."""

    name = "by-space"
    source = "this test"

    def scores(self, outputs):
        return outputs.projected[:, : len(outputs.logits[0])] / 100


class Unsavable(erc.System):
    """A system without save and load."""

    name = "unsavable"
    source = "this test"


class Pickler(erc.System):
    """Saves a pickle."""

    name = "pickler"
    source = "this test"

    def fit(self, train, dev, context):
        self.labels = context.labels

    def predict(self, dialogues):
        keys = [(dialogue.id, index) for dialogue in dialogues for index in dialogue.targets()]
        return {key: torch.arange(len(self.labels)).numpy() for key in keys}

    def save(self, folder):
        (folder / "state.pkl").write_bytes(pickle.dumps(self.labels))

    def load(self, folder, context):
        raise AssertionError("never loaded")


class Rootless(erc.Backbone):
    """A backbone that does not say how it is loaded again."""

    name = "rootless"
    source = "this test"


class Plugin:
    """Brings the components of this test."""

    @staticmethod
    @erc.hookimpl
    def erc_classifiers():
        return [Forgetful, BuiltLate, MadeLate, BySpace]

    @staticmethod
    @erc.hookimpl
    def erc_objectives():
        return [Remembering]

    @staticmethod
    @erc.hookimpl
    def erc_backbones():
        return [Rootless]

    @staticmethod
    @erc.hookimpl
    def erc_methods():
        systems = [erc.Method(each.name, source="", summary="", system=each) for each in (Unsavable, Pickler)]
        return [*systems, erc.Method("mine", source="", summary="", choices={"objective": "remembering"})]


@pytest.fixture
def grid(grid):
    grid.plugins = (Plugin,)
    return grid


@pytest.mark.parametrize(
    ("classifier", "reason"),
    [("forgetful", "scores an utterance of dev differently"), ("built-late", "it has no place for linear.")],
)
def test_what_would_not_come_back_fails_the_cell_and_says_why(grid, classifier, reason):
    outcome = grid.run("ce", settings=(*FROZEN, f"classifier={classifier}"), save_model=True)
    ((_, told),) = outcome.failed
    assert reason in told
    (folder,) = grid.folders()
    assert not (folder / "model").exists()
    assert not list(folder.glob(".model*"))


def test_a_parameter_that_appears_while_fitting_comes_back(grid):
    assert grid.run("ce", settings=(*FROZEN, "classifier=made-late"), save_model=True).ran
    assert erc.load_model(grid.runs, plugins=[MadeLate]).predict(["Hello."])


def test_extra_state_comes_back(grid):
    plans = {"settings": (*FROZEN, "classifier=by-space"), "save_model": True}
    assert grid.run("mine", **plans).ran
    (folder,) = grid.folders()
    described = json.loads((folder / "model" / "model.json").read_text())
    seen = described["extra_state"]["objective"]["_extra_state"]["seen"]
    assert seen > 0
    model = erc.load_model(folder, plugins=[Remembering, BySpace])
    described["extra_state"]["objective"]["_extra_state"]["seen"] = 0
    (folder / "model" / "model.json").write_text(json.dumps(described))
    store_fixture.write_status(folder)
    assert erc.load_model(folder, plugins=[Remembering, BySpace]).predict(["Hello."]) != model.predict(["Hello."])


@pytest.mark.parametrize("state", [{"seen": {1, 2}}, {"seen": (1, 2)}, {1: 2}, {"seen": float("nan")}, object()])
def test_extra_state_that_is_no_json_fails_the_cell(grid, monkeypatch, state):
    monkeypatch.setattr(Remembering, "keep", staticmethod(lambda _: state))
    monkeypatch.setattr(Remembering, "set_extra_state", lambda *_: None)
    ((_, told),) = grid.run("mine", settings=FROZEN, save_model=True).failed
    assert "the objective 'remembering' cannot be saved: its extra state '_extra_state' is not JSON" in told


def test_a_system_or_a_backbone_that_cannot_be_saved_is_refused_before_anything_trains(grid):
    with pytest.raises(erc.ErcBenchError, match="--save-model: the system 'unsavable' cannot be saved"):
        grid.plans(("unsavable",), save_model=True)
    assert grid.plans(("unsavable",))
    grid.backbone = "rootless"
    with pytest.raises(erc.ErcBenchError, match="--save-model: the backbone 'rootless' cannot be saved"):
        grid.plans(("ce",), save_model=True)


def test_a_system_that_saves_a_pickle_fails(grid):
    ((_, told),) = grid.run("pickler", save_model=True).failed
    assert "state.pkl does not belong into a saved model" in told


class Trap:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (Path.touch, (self.trace,))


@pytest.mark.parametrize(
    "name", ["backbone/pytorch_model.bin", "weights.pt", "system.pkl", "backbone/extra.safetensors"]
)
def test_nothing_that_was_put_in_is_opened(cell, tmp_path, name):
    trace = tmp_path / "opened"
    (cell / "model" / name).write_bytes(pickle.dumps(Trap(trace)))
    with pytest.raises(erc.ErcBenchError, match=r"belong into a saved model|not part of the saved model"):
        erc.load_model(cell)
    # Not even where it stands in for weights that are missing, and the description names it.
    (cell / "model" / "backbone" / "model.safetensors").unlink()
    described = json.loads((cell / "model" / "model.json").read_text())
    described["files"][name] = described["files"].pop("backbone/model.safetensors")
    (cell / "model" / "model.json").write_text(json.dumps(described))
    store_fixture.write_status(cell)
    with pytest.raises(erc.ErcBenchError):
        erc.load_model(cell / "model")
    assert not trace.exists()


FILES = ("weights.safetensors", "backbone/model.safetensors", "backbone/config.json", "backbone/tokenizer.json")


@pytest.mark.parametrize("says", [True, False], ids=["the-status-says", "the-model-says"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_changed_or_gone_is_named(cell, name, says):
    if not says:
        store_fixture.without_contents(cell)
    file = cell / "model" / name
    content = file.read_bytes()
    file.write_bytes(content[:-9])
    with pytest.raises(erc.ErcBenchError, match=f"{file.name} is damaged: .* bytes of"):
        erc.load_model(cell)
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(erc.ErcBenchError, match="its content is not what was written"):
        erc.load_model(cell)
    file.unlink()
    with pytest.raises(erc.ErcBenchError, match=file.name):
        erc.load_model(cell / "model")


def rewrite(cell, change):
    """Change the tensors of a model as someone would who also corrects the description."""
    import hashlib

    file = cell / "model" / "weights.safetensors"
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)
    described = json.loads((cell / "model" / "model.json").read_text())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    described["files"]["weights.safetensors"] = {"bytes": file.stat().st_size, "sha256": digest}
    (cell / "model" / "model.json").write_text(json.dumps(described))
    store_fixture.write_status(cell)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda tensors: tensors.pop("head.1.weight"), "the head does not fit what was saved: it lacks 1.weight"),
        (lambda tensors: tensors.update({"head.extra": torch.zeros(1)}), "the head .* has no place for extra"),
        (
            lambda tensors: tensors.update({"head.1.bias": torch.zeros(99)}),
            r"1.bias is \(99,\) as saved and \(7,\) here",
        ),
        (lambda tensors: tensors.pop("standardiser.mean"), "holds no standardiser.mean"),
        (lambda tensors: tensors.update({"words.0": torch.zeros(2, 2)}), "holds no words.0 of the shape"),
    ],
)
def test_tensors_that_do_not_fit_are_told_in_a_sentence(cell, change, told):
    rewrite(cell, change)
    with pytest.raises(erc.ErcBenchError, match=told) as caught:
        erc.load_model(cell)
    assert "\n" not in caught.value.message


def described(cell, change):
    file = cell / "model" / "model.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    store_fixture.write_status(cell)


def set_in(*path, to):
    def change(content):
        for name in path[:-1]:
            content = content[name]
        content[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (set_in("format", to=2), "has format 2, this version reads format 1"),
        (set_in("labels", to="joy"), "has no valid 'labels'"),
        (set_in("labels", to=["joy", "joy"]), "has no valid 'labels'"),
        (set_in("label_words", to=["joy"]), "has no valid 'label_words'"),
        (set_in("components", to={}), "has no valid 'components'"),
        (set_in("components", "head", to={}), "has no valid 'components'"),
        (set_in("components", "encoder", "kind", to="nope"), "has no valid 'components'"),
        (set_in("components", "encoder", "kind", to="classifier"), "has no valid 'components'"),
        (set_in("train_counts", to=[1]), "has no valid 'train_counts'"),
        (set_in("seed", to=True), "has no valid 'seed'"),
        (set_in("regime", to="huge"), "has no valid 'regime'"),
        (set_in("words", to=[["joy", 3]]), "has no valid 'words'"),
        (set_in("components", "encoder", to={"kind": "encoder"}), "has no valid 'components'"),
        (set_in("files", "weights.safetensors", to={"bytes": 3}), "has no valid 'files'"),
        (lambda content: content.pop("settings_hash"), "has no valid 'settings_hash'"),
        (set_in("settings", "objective.zest", to=1), "sets objective.zest, an option that is not there"),
        (set_in("settings", "encoder.window", to="wide"), "sets encoder.window to what it cannot be"),
        (
            set_in("components", "objective", "name", to="cross-entropi"),
            "needs the objective 'cross-entropi', which is",
        ),
    ],
)
def test_a_description_that_is_wrong_is_told_in_a_sentence(cell, change, told):
    described(cell, change)
    with pytest.raises(erc.ErcBenchError, match=told) as caught:
        erc.load_model(cell)
    assert "\n" not in caught.value.message


def test_a_component_that_is_not_installed_is_named_with_where_it_was(cell):
    described(cell, set_in("components", "objective", "name", to="cross-entropi"))
    with pytest.raises(erc.ErcBenchError, match=r"did you mean cross-entropy\?") as caught:
        erc.load_model(cell)
    assert "erc_bench_plugins.objectives.cross_entropy.CrossEntropy" in caught.value.hint


def test_a_component_whose_code_has_changed_is_a_warning(cell):
    assert erc.load_model(cell).caveats == ()
    described(cell, set_in("components", "encoder", "code", to="0" * 16))
    (caveat,) = erc.load_model(cell).caveats
    assert caveat.startswith("The code of the encoder 'prompt' has changed since the model was saved")


def test_without_the_corpus_texts_stay_as_they_are_and_the_user_is_told(cell):
    described(cell, set_in("dataset", to="elsewhere"))
    model = erc.load_model(cell)
    assert "dataset 'elsewhere' is not installed here" in model.caveats[0]
    (answer,), (again,) = model.predict(["It is I."]), model.predict(['It is "I".'])
    assert again.scores != answer.scores


def test_model_json_that_is_none_is_told(cell):
    store_fixture.without_contents(cell)
    for content in (b"", b"[]", b"{", b"\xff", b"[" * 100_000):
        (cell / "model" / "model.json").write_bytes(content)
        with pytest.raises(erc.ErcBenchError, match=r"model\.json") as caught:
            erc.load_model(cell)
        assert "\n" not in caught.value.message
