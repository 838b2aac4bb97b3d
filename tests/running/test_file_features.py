"""Cells that read vectors of utterances from files: each turn its own, checked first, the same in every process."""

import textwrap
from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus
from erc_bench.corpora.features.feature_file import Features, read_features, sha256_of
from erc_bench.experiments.components import HandedOver
from erc_bench.planning.features import GivenFeature
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.running.grid import GridRunner
from erc_bench.running.worker import GridTask
from erc_bench.training.events import Progress
from erc_bench.training.file_features import FileFeatures
from erc_bench.training.saved_models.saved_model import load_model
from erc_bench_plugins.datasets.meld import Meld

HEARS = '''
    """An encoder that sees nothing but the audio of a turn."""
    import erc_bench.api as erc

    class Hears(erc.DialogueEncoder):
        """Reads two numbers of each turn, and no text."""

        name = "hears"
        source = "this test"
        features = ("audio",)

        @property
        def dim(self):
            return self.feature_dims["audio"]

        def encode_turns(self, turns):
            assert turns.features["audio"].dtype == turns.states.dtype
            return turns.features["audio"] + 0 * turns.states[..., : self.dim]

    @erc.hookimpl
    def erc_encoders():
        return [Hears]

    @erc.hookimpl
    def erc_methods():
        return [erc.Method("hears", "this test", "Cross-entropy on audio.", {"encoder": "hears"})]
'''
SETTINGS = ("encoder.trainable=none", "training.epochs=1")


@pytest.fixture
def plugin(tmp_path):
    file = tmp_path / "hears.py"
    file.write_text(textwrap.dedent(HEARS), encoding="utf-8")
    return file


@pytest.fixture
def corpus(grid):
    return load_corpus(Meld(), grid.data_dir)


def numbered(splits):
    """Return a vector for every turn that names its split, dialogue and place."""
    return {
        f"{split}/{dialogue.id}/{turn}": np.array([number * 100 + int(dialogue.id), turn], np.float32)
        for number, (split, dialogues) in enumerate(splits.items())
        for dialogue in dialogues
        for turn in range(len(dialogue.utterances))
    }


@pytest.fixture
def audio(tmp_path, corpus):
    """Return a function that writes the file of the feature, but for some keys."""

    def audio(name="audio.safetensors", without=(), change=lambda vectors: vectors):
        vectors = change({key: v for key, v in numbered(corpus.splits).items() if key not in without})
        file = tmp_path / name
        file.write_bytes(Features("audio", vectors).content())
        return file

    return audio


@pytest.fixture
def plans(grid, plugin):
    """Return a function that plans the method's cells with a file."""

    def plans(file, **asked):
        catalogue = HandedOver([plugin]).catalogue()
        given = {"audio": GivenFeature(file, sha256_of(file))}
        overrides = [parse_override(text) for text in SETTINGS]
        request = Request(["hears"], ["meld"], [grid.backbone], [1], overrides, features=given, **asked)
        return plan_grid(request, catalogue)

    return plans


@pytest.fixture
def run(grid, plans):
    """Return a function that runs the method's cell with a file in this process."""

    def run(file, **asked):
        task = GridTask(grid.runs, grid.data_dir, "cpu", features={sha256_of(file): file})
        return GridRunner(task, Progress()).run(plans(file, **asked))

    return run


def test_every_turn_has_the_vector_of_its_key(grid, run, audio, corpus):
    file = audio()
    outcome = run(file, save_representations=True)
    (plan,) = outcome.ran
    arrays = load_file(grid.folder(plan) / "arrays.safetensors")
    found = next(array for name, array in arrays.items() if "representations" in name)
    expected = [vector for key, vector in numbered(corpus.splits).items() if key.startswith("test/")]
    np.testing.assert_array_equal(found, np.stack(expected))


def test_the_record_names_the_file_by_its_content(grid, run, audio, tools):
    file = audio()
    (plan,) = run(file).ran
    record = tools.record(grid.folder(plan))
    assert record["settings"]["features.audio"] == sha256_of(file)
    assert str(file) not in (grid.folder(plan) / "record.json").read_text()
    file = file.rename(file.with_name("elsewhere.safetensors"))
    assert len(run(file).skipped) == 1
    other = audio("other.safetensors", change=lambda vectors: {key: v + 1 for key, v in vectors.items()})
    assert len(run(other).ran) == 1
    assert len(grid.folders()) == 2


def test_a_turn_without_a_vector_fails_the_cell_before_anything_trains(run, audio, corpus):
    keys = [key for key in numbered(corpus.splits) if key.startswith("dev/")]
    ((_, reason),) = run(audio(without=keys[3:5])).failed
    assert f"has no vector for 2 of the {len(keys)} turns of meld's dev split, the first of them {keys[3]}" in reason
    # Vectors that nobody asks for do no harm.
    more = {"train/nobody/0": np.zeros(2, np.float32)}
    assert len(run(audio(change=lambda vectors: vectors | more)).ran) == 1


def test_with_a_limit_only_the_turns_that_are_left_need_one(run, audio, corpus):
    left = {f"{split}/{d.id}/" for split, dialogues in corpus.splits.limited(2).items() for d in dialogues}
    gone = [key for key in numbered(corpus.splits) if key.rpartition("/")[0] + "/" not in left]
    assert len(run(audio(without=gone), limit=2).ran) == 1


def test_a_file_that_changed_since_the_plan_fails_the_cell(grid, plans, audio):
    file = audio()
    planned, task = plans(file), GridTask(grid.runs, grid.data_dir, "cpu", features={sha256_of(file): file})
    audio(change=lambda vectors: {key: v * 2 for key, v in vectors.items()})
    ((_, reason),) = GridRunner(task, Progress()).run(planned).failed
    assert "has changed since the run was planned" in reason
    ((_, reason),) = GridRunner(replace(task, features={}, overwrite="failed"), Progress()).run(planned).failed
    assert "was not handed to this run\nName it: --feature audio=FILE.safetensors." in reason


def test_a_saved_model_says_that_new_conversations_lack_the_feature(grid, run, audio, plugin):
    (plan,) = run(audio(), save_model=True).ran
    model = load_model(grid.folder(plan), catalogue=HandedOver([plugin]).catalogue())
    with pytest.raises(erc.ErcBenchError, match="the saved model reads 'audio' of every turn"):
        model.predict([("Ann", "Hello!")])


def test_every_process_reads_the_file_and_mistakes_come_first(grid, start, audio, plugin, tiny_bert, tmp_path):
    def erc_bench(*arguments, feature=None, jobs=2):
        given = () if feature is None else ("--feature", f"audio={feature}")
        asked = ("--plugin", plugin, "--method", "hears", "--dataset", "meld", "--backbone", tiny_bert, "--seeds", 2)
        settings = ("--set", "encoder.trainable=none", "--set", "training.epochs=1", "--data-dir", grid.data_dir)
        return start("run", *asked, *settings, "--jobs", jobs, "--runs", grid.runs, *given, *arguments).end()

    file = audio()
    assert erc_bench(feature=file)[0] == 0
    assert len(grid.folders()) == 2
    code, _, err = erc_bench(feature=audio("short.safetensors", without=["test/0/0"]))
    assert code == 2
    assert "Error: the feature 'audio' has no vector for 1 of the" in err
    code, _, err = erc_bench()
    assert code == 2
    assert "reads the feature 'audio' on meld" in err
    assert "--feature audio=FILE.safetensors" in err


def test_the_vectors_reach_the_encoder_in_the_order_of_any_batch(audio, corpus):
    features = FileFeatures.of([read_features(audio())], corpus.splits)
    dialogues = list(corpus.splits.train)
    Random(1).shuffle(dialogues)
    found = features.of_examples("train", [erc.Example(each, (0,)) for each in dialogues], torch.device("cpu"))
    assert [int(vectors[0, 0]) for vectors in found["audio"]] == [int(each.id) for each in dialogues]
    cut = erc.Dialogue(dialogues[0].id, dialogues[0].utterances[:-1])
    with pytest.raises(erc.ErcBenchError, match="an example of 3 turns of the dialogue"):
        features.of_examples("train", [erc.Example(cut, (0,))], torch.device("cpu"))
