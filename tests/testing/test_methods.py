"""Unsound methods, each with the fault that its docstring names, are caught by the check of that name."""

import csv
import functools
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench.corpora.features.feature_file import Features, read_features
from erc_bench.planning.request import Combination
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.components import COMPONENT_CHECKS
from erc_bench.testing.corpus import SmallCorpus, other_test_labels, small_corpus
from erc_bench.testing.findings import run_checks
from erc_bench.testing.method_cells import MethodTrial
from erc_bench.testing.methods import METHOD_CHECKS, check_system, method_findings
from erc_bench.testing.random_backbone import TinyBackbone, TinyGenerative
from erc_bench.testing.seeded_features import drawing_from

CATALOGUE = Catalogue()
EPOCHS = 6


class Sound(erc.System):
    """A bag of words and one linear layer, in a loop of its own: for the bad ones to deviate from."""

    name = "own"
    source = "this test"

    def fit(self, train, dev, context):
        rng = np.random.default_rng(context.seed)
        self.labels = context.labels
        self.words = {}
        for dialogue in train:
            for turn in dialogue.utterances:
                for word in turn.text.split():
                    self.words.setdefault(word, len(self.words))
        self.weights = 0.1 * rng.standard_normal((len(self.words) + 1, len(context.labels)))
        for epoch in range(EPOCHS):
            for index in self.order(len(train), rng):
                self.step(train[index])
            self.epoch_ended(epoch)

    def order(self, size, rng):
        return rng.permutation(size)

    def step(self, dialogue):
        for position, turn in enumerate(dialogue.utterances):
            seen = self.seen(dialogue.utterances, position)
            error = softmax(seen @ self.weights) - np.eye(len(self.labels))[self.labels.index(turn.label)]
            self.weights -= 0.3 * self.weight(turn.label) * np.outer(seen, error)

    def seen(self, utterances, position):
        counts = np.zeros(len(self.words) + 1)
        counts[-1] = 1
        for word in utterances[position].text.split():
            if word in self.words:
                counts[self.words[word]] += 1
        return counts

    def weight(self, label):
        return 1.0

    def epoch_ended(self, epoch):
        pass

    def predict(self, dialogues):
        return {(d.id, i): softmax(self.seen(d.utterances, i) @ self.weights) for d in dialogues for i in d.targets()}


def softmax(scores):
    shares = np.exp(scores - scores.max())
    return shares / shares.sum()


def read_test(folder):
    with Path(folder, "meld", "test_sent_emo.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class ChoosesOnTest(Sound):
    """Keeps the weights of the epoch that does best on test, whose labels it reads by itself."""

    best = -1

    def epoch_ended(self, epoch):
        rows = read_test(os.environ["ERC_BENCH_DATA"])
        right = sum(self.answer(row["Utterance"]) == row["Emotion"] for row in rows)
        if right > self.best:
            self.best, self.kept = right, self.weights.copy()
        if epoch == EPOCHS - 1:
            self.weights = self.kept

    def answer(self, text):
        return self.labels[int((self.seen([erc.Utterance("A", text)], 0) @ self.weights).argmax())]


class WeighsByTest(Sound):
    """Weighs the classes by how often they occur in test."""

    def weight(self, label):
        rows = read_test("data")  # where many a script has its corpora
        return sum(row["Emotion"] == label for row in rows) / len(rows)


class Copies(Sound):
    """Answers with the labels of test."""

    def predict(self, dialogues):
        gold = {(row["Dialogue_ID"], int(row["Utterance_ID"])): row["Emotion"] for row in read_test("data")}
        return {key: np.eye(4)[self.labels.index(gold.get(key, "joy"))] for key in super().predict(dialogues)}


class NeverShuffles(Sound):
    """Goes through train as it lies on the disk, epoch after epoch."""

    def order(self, size, rng):
        return range(size)


class ShufflesOnce(Sound):
    """Shuffles train before the first epoch, and never again."""

    def order(self, size, rng):
        return np.random.default_rng(7).permutation(size)


class Unseeded(Sound):
    """Draws on a generator that no seed reaches."""

    def order(self, size, rng):
        return np.random.default_rng().permutation(size)


class OneSeed(Sound):
    """Has one seed of its own, whatever it is given."""

    def fit(self, train, dev, context):
        super().fit(train, dev, replace(context, seed=0))


class Transductive(Sound):
    """Takes its priors from the answers to all of test."""

    def predict(self, dialogues):
        scores = super().predict(dialogues)
        mean = np.mean(list(scores.values()), axis=0)
        return {key: row / mean for key, row in scores.items()}


class LearnsWhileAnswering(Sound):
    """Goes on to train on its own answers, dialogue by dialogue."""

    def predict(self, dialogues):
        scores = {}
        for dialogue in dialogues:
            scores |= super().predict([dialogue])
            given = [self.labels[int(scores[dialogue.id, i].argmax())] for i in range(len(dialogue.utterances))]
            turns = zip(dialogue.utterances, given, strict=True)
            self.step(replace(dialogue, utterances=tuple(replace(turn, label=label) for turn, label in turns)))
        return scores


class CountsDialogues(Sound):
    """Answers by the place of a dialogue in the split."""

    def predict(self, dialogues):
        place = {dialogue.id: number % 4 for number, dialogue in enumerate(dialogues)}
        return {key: scores + np.eye(4)[place[key[0]]] for key, scores in super().predict(dialogues).items()}


@functools.cache
def gold_of_test():
    return {(row["Dialogue_ID"], int(row["Utterance_ID"])): row["Emotion"] for row in read_test("data")}


class RemembersTest(Sound):
    """Adds the labels of test, which a cache keeps from the first corpus of the process."""

    def predict(self, dialogues):
        gold = gold_of_test()
        right = {key: np.eye(4)[self.labels.index(gold.get(key, "joy"))] for key in super().predict(dialogues)}
        return {key: scores + right[key] for key, scores in super().predict(dialogues).items()}


class Hashes(Sound):
    """Has eleven words: those between which hash() does not tell are one."""

    def seen(self, utterances, position):
        counts = np.zeros(len(self.words) + 1)
        for word in utterances[position].text.split():
            counts[hash(word) % 11] += 1
        return counts


class ReadsEarlierCells(Sound):
    """Finds gold labels beside the predictions of other seeds."""

    def predict(self, dialogues):
        scores = super().predict(dialogues)
        for path in Path("runs").rglob("predictions.csv"):
            with path.open(encoding="utf-8", newline="") as stream:
                gold = {(row["dialogue_id"], int(row["utterance"])): row["gold"] for row in csv.DictReader(stream)}
            for key in scores.keys() & gold.keys():
                scores[key] += np.eye(4)[self.labels.index(gold[key])]
        return scores


class TrainsOnDev(Sound):
    """Takes dev for more of train."""

    def fit(self, train, dev, context):
        super().fit([*train, *dev], dev, context)


class ThereAndBack(Sound):
    """Trains in the order of the disk, and reads backwards in between."""

    def order(self, size, rng):
        return (*range(size), *range(size - 1, -1, -1))


class FromShortToLong(Sound):
    """A curriculum: the same order in each epoch, and no chance."""

    def fit(self, train, dev, context):
        super().fit(sorted(train, key=lambda each: len(said(*each.utterances))), dev, replace(context, seed=0))

    def order(self, size, rng):
        return range(size)


class SeesNextTurn(Sound):
    """Reads the next turn with its own."""

    def seen(self, utterances, position):
        following = utterances[position + 1 : position + 2]
        return super().seen([replace(utterances[position], text=said(utterances[position], *following))], 0)


def said(*turns):
    return " ".join(turn.text for turn in turns)


class SaysThatItSees(SeesNextTurn):
    """The same, and it says so."""

    sees_future = True


class WarmStart(Sound):
    """Goes on with the weights of the cell before it, where that had another seed."""

    kept = (None, 0.0)

    def fit(self, train, dev, context):
        self.seed = context.seed
        super().fit(train, dev, context)
        WarmStart.kept = (context.seed, self.weights.copy())

    def order(self, size, rng):
        if WarmStart.kept[0] not in (None, self.seed):
            self.weights += WarmStart.kept[1]
            WarmStart.kept = (None, 0.0)
        return super().order(size, rng)


class LearnsNothing(Sound):
    """Has one answer."""

    def predict(self, dialogues):
        return {key: np.eye(4)[2] for key in super().predict(dialogues)}


class NoFloor(Sound):
    """Is called a floor, and reads texts."""

    is_floor = True


class Saved(Sound):
    """Saves all that it learnt."""

    def save(self, folder):
        learnt = {"labels": list(self.labels), "words": self.words, "weights": self.weights.tolist()}
        (folder / "learnt.json").write_text(json.dumps(learnt), encoding="utf-8")

    def load(self, folder, context):
        learnt = json.loads((folder / "learnt.json").read_text(encoding="utf-8"))
        self.labels, self.words, self.weights = learnt["labels"], learnt["words"], np.array(learnt["weights"])


class SavesOneDigit(Saved):
    """Rounds what it saves."""

    def save(self, folder):
        self.weights = self.weights.round(1)
        super().save(folder)


class Crashes(Sound):
    """Meets a label that it does not know."""

    def weight(self, label):
        raise KeyError(label)


class NoSource(Sound):
    """Comes from nowhere."""

    source = ""


def method_of(system):
    return erc.Method("own", "this test", "A method of this test.", system=system)


def failed(findings):
    # This file holds components and imports, as no plugin may, the inside that it tests.
    unsound = [finding for finding in findings if finding.outcome == "failed" and finding.name != "imports"]
    return {finding.name: finding.measured for finding in unsound}


def skipped(findings):
    return {finding.name: finding.measured for finding in findings if finding.outcome == "skipped"}


@functools.cache
def findings_of(system):
    return method_findings(method_of(system), CATALOGUE)


def test_a_sound_system_passes():
    findings = findings_of(Sound)
    assert failed(findings) == {}
    assert set(skipped(findings)) == {"options", "bounds", "settings", "chosen epoch", "saved model"}
    measured = {finding.name: finding.measured for finding in findings}
    assert measured["training order"] == "it read the 32 training dialogues in changing order"
    assert measured["other seed"] == "84 of 84 answers have other scores"
    assert measured["future turns"].startswith("40 answers")


@pytest.mark.parametrize(
    ("system", "name", "sentence"),
    [
        (ChoosesOnTest, "test labels", "other labels on disk change"),
        (WeighsByTest, "test labels", "other labels on disk change 84 of 84 answers"),
        (Copies, "test labels", "other labels on disk change 84 of 84 answers"),
        (NeverShuffles, "training order", "it read the training dialogues 7 times in the same order"),
        (Unseeded, "same seed", " of 84 answers: some chance does not hang on the seed"),
        (OneSeed, "other seed", "another seed shuffles them alike"),
        (
            Transductive,
            "test neighbours",
            "when the first half of test is not there and the other one comes in the opposite order",
        ),
        (LearnsWhileAnswering, "test neighbours", "of 42 answers change"),
        (CountsDialogues, "test neighbours", "42 of 42 answers change"),
        (RemembersTest, "test labels", "other labels on disk change 84 of 84 answers"),
        (Hashes, "same seed", "hash() of a text decides, or the order of a set"),
        (ReadsEarlierCells, "earlier cells", "a cell of another seed before it changes 84 of 84 answers"),
        (TrainsOnDev, "dev labels", "it learns from dev: 100% of the answers"),
        (ThereAndBack, "training order", "it read the training dialogues 7 times in the same order"),
        (SeesNextTurn, "future turns", "if it may, declare sees_future"),
        (WarmStart, "earlier cells", "a cell of another seed before it changes 84 of 84 answers"),
        (LearnsNothing, "learning", "it has not learnt what a bag of words does"),
        (NoFloor, "learning", "it says that it is a floor (is_floor), and gives"),
        (NoSource, "source", "has no source"),
        (SavesOneDigit, "saved model", "something that was learnt is not saved"),
    ],
)
def test_an_unsound_system_is_told_why(system, name, sentence):
    findings = failed(findings_of(system))
    assert sentence in findings[name]


def test_one_fault_fails_one_check():
    for system in (NeverShuffles, SeesNextTurn, WarmStart, RemembersTest, Hashes, ReadsEarlierCells, TrainsOnDev):
        assert len(failed(findings_of(system))) == 1


def test_what_sees_the_future_and_says_so_is_not_blamed():
    findings = findings_of(SaysThatItSees)
    assert failed(findings) == {}
    assert skipped(findings)["future turns"] == "it declares sees_future: tables mark it"


def test_chance_without_a_seed_changes_most_answers():
    # How many it changes is chance itself: a score may come out the same to its last stored digit.
    changed = re.match(r"the same seed changes (\d+) of 84 answers", failed(findings_of(Unseeded))["same seed"])
    assert 42 < int(changed[1]) <= 84


def test_chance_without_a_seed_is_told_once():
    findings = findings_of(Unseeded)
    assert list(failed(findings)) == ["same seed"]
    aside = {name for name, reason in skipped(findings).items() if "see the check `same seed`" in reason}
    assert aside == {"test labels", "test neighbours", "future turns", "earlier cells"}


def test_what_learns_while_answering_is_not_told_to_declare_the_future():
    findings = findings_of(LearnsWhileAnswering)
    assert list(failed(findings)) == ["test neighbours"]
    assert "see the check `test neighbours`" in skipped(findings)["future turns"]


def test_a_curriculum_is_no_chance_and_no_order_of_the_disk():
    findings = findings_of(FromShortToLong)
    assert failed(findings) == {}
    assert "an order that follows from what they hold: a curriculum" in skipped(findings)["training order"]


def test_classes_that_no_other_process_can_have_are_checked_here_and_that_is_said():
    class Local(Sound):
        """Belongs to this function."""

    findings = findings_of(Local)
    assert failed(findings) == {}
    measured = {finding.name: finding.measured for finding in findings}
    for name in ("test labels", "same seed", "test neighbours", "future turns"):
        assert "what it may remember from one training to the next is not excluded: no fresh process" in measured[name]


def test_what_shuffles_once_sees_one_order():
    measured = failed(findings_of(ShufflesOnce))
    assert list(measured) == ["training order"]


def test_what_does_not_run_is_told_once():
    findings = findings_of(Crashes)
    assert list(failed(findings)) == ["runs"]
    assert re.fullmatch(r".*test_methods\.py, line \d+: KeyError: 'neutral'", failed(findings)["runs"])
    reasons = set(skipped(findings).values())
    assert "it does not run on the small corpus: see the check `runs`" in reasons


class Vectorised(NeverShuffles):
    """Reads train once, and trains on numbers: nobody sees in which order."""

    def step(self, dialogue):
        self.kept = {**getattr(self, "kept", {}), dialogue.id: dialogue}

    def fit(self, train, dev, context):
        super().fit([replace(dialogue) for dialogue in train], dev, context)
        for _ in range(EPOCHS):
            for dialogue in self.kept.values():
                super().step(erc.Dialogue(dialogue.id, dialogue.utterances))


class ByUtterance(Sound):
    """Shuffles utterances, wherever they stand."""

    def order(self, size, rng):
        return ()

    def fit(self, train, dev, context):
        super().fit(train, dev, context)
        places = [(dialogue, index) for dialogue in train for index in range(len(dialogue.utterances))]
        for number in np.random.default_rng(context.seed).permutation(len(places)):
            dialogue, index = places[number]
            self.step(erc.Dialogue(dialogue.id, dialogue.utterances[index : index + 1]))


class FewExamples(Sound):
    """Reads four dialogues, as examples for a prompt."""

    def fit(self, train, dev, context):
        super().fit([train[i] for i in sorted(np.random.default_rng(context.seed).permutation(32)[:4])], dev, context)


class ReadsNothing(Sound):
    """Knows everything already."""

    is_floor = True

    def fit(self, train, dev, context):
        self.labels = context.labels

    def predict(self, dialogues):
        return {(d.id, i): np.eye(4)[1] for d in dialogues for i in d.targets()}


@pytest.mark.parametrize(
    ("system", "outcome", "sentence"),
    [
        (Vectorised, "skipped", "whether it shuffles that cannot be seen"),
        (ByUtterance, "passed", "it went from one training dialogue to another"),
        (ReadsNothing, "skipped", "it does not look into its training data"),
    ],
)
def test_what_cannot_be_seen_is_not_claimed(system, outcome, sentence, tmp_path):
    trial = MethodTrial(Combination(method_of(system), SmallCorpus, TinyBackbone, "tiny"), CATALOGUE, tmp_path)
    order, other = findings_named(trial, "training order", "other seed")
    assert (order.outcome, other.outcome) == (outcome, "passed")
    assert sentence in order.measured


def test_a_system_that_reads_a_few_examples_is_not_blamed(tmp_path):
    trial = MethodTrial(Combination(method_of(FewExamples), SmallCorpus, TinyBackbone, "tiny"), CATALOGUE, tmp_path)
    order, other = findings_named(trial, "training order", "other seed")
    assert "failed" not in (order.outcome, other.outcome)


class Composition(erc.Objective):
    """A sound objective, for the bad ones to deviate from."""

    name = "composed"
    source = "this test"

    def loss(self, outputs):
        return {"own": outputs.cross_entropy()}


class Drifting(nn.Module):
    """A head with a bias that no state holds."""

    def __init__(self, dim, classes):
        super().__init__()
        self.linear = nn.Linear(dim, classes)
        self.drift = 0.0

    def forward(self, z):
        return self.linear(z) + self.drift * torch.eye(self.linear.out_features)[0]


class HiddenState(Composition):
    """Keeps what it learnt in a plain attribute, so that the chosen epoch cannot be restored."""

    def make_head(self, dim, classes, dropout):
        self.head = Drifting(dim, classes)
        return self.head

    def after_step(self):
        self.head.drift += 0.05


class SwappedHead(nn.Linear):
    """Is another one in evaluation: weighs the classes as they are in test."""

    def forward(self, z):
        scores = super().forward(z)
        if self.training:
            return scores
        rows = read_test("data")
        shares = [sum(row["Emotion"] == label for row in rows) / len(rows) for label in SmallCorpus.labels]
        return scores + torch.tensor(shares).log()


class SwapsAtEvaluation(Composition):
    """Has a head that swaps its weights when it is evaluated."""

    def make_head(self, dim, classes, dropout):
        return SwappedHead(dim, classes)


class AlwaysTheSameHalf(Composition):
    """Selects every other example, in the order of the corpus."""

    def select(self, view):
        return range(0, len(view.examples), 2)


class Hears(erc.DialogueEncoder):
    """A sound encoder that reads vectors of a file beside the text."""

    name = "hears"
    source = "this test"
    features = ("audio",)

    def encode_turns(self, turns):
        return turns.states + self.heard(turns.features["audio"])[..., : self.dim]

    def heard(self, audio):
        return audio


class HearsTheNextTurn(Hears):
    """Reads the audio of the turn that follows."""

    def heard(self, audio):
        return torch.cat([audio[:, 1:], torch.zeros_like(audio[:, :1])], 1)


def trial_of(component, folder, **settings):
    kind = "encoder" if issubclass(component, erc.Encoder) else "objective"

    class Plugin:
        """Brings the component of a test."""

        @staticmethod
        @erc.hookimpl
        def erc_objectives():
            return [component] if kind == "objective" else []

        @staticmethod
        @erc.hookimpl
        def erc_encoders():
            return [component] if kind == "encoder" else []

    catalogue = Catalogue()
    catalogue.register(Plugin, "this-test")
    method = erc.Method("own", "this test", "A method.", choices={kind: component.name}, **settings)
    return MethodTrial(Combination(method, SmallCorpus, TinyBackbone, "tiny"), catalogue, folder)


def findings_named(trial, *names):
    return run_checks([check for check in METHOD_CHECKS if check.name in names], trial)


def test_a_head_that_swaps_its_weights_at_evaluation_is_caught(tmp_path):
    (finding,) = findings_named(trial_of(SwapsAtEvaluation, tmp_path), "test labels")
    assert finding.outcome == "failed"
    assert "a label of test is read (fine-tuned): other labels on disk change 84 of 84 answers" in finding.measured


def test_state_that_is_not_restored_is_caught(tmp_path):
    restored, saved = findings_named(trial_of(HiddenState, tmp_path), "chosen epoch", "saved model")
    assert (restored.outcome, saved.outcome) == ("failed", "failed")
    assert "its state was not restored" in restored.measured
    assert "the model cannot be saved" in saved.measured


def test_a_feature_of_a_later_turn_that_is_read_is_caught(tmp_path):
    sound, leaks = (trial_of(each, tmp_path / each.__name__) for each in (Hears, HearsTheNextTurn))
    for trial in (sound, leaks):
        trial.folder.mkdir()
    future, saved = findings_named(sound, "future turns", "saved model")
    assert (future.outcome, saved.outcome) == ("passed", "passed")
    assert saved.measured == "84 answers of the saved model are those of the trained one"
    (future,) = findings_named(leaks, "future turns")
    assert future.outcome == "failed"
    assert "when later turns are changed; if it may, declare sees_future" in future.measured


def test_a_method_trains_and_is_saved_with_vectors_of_a_file(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((50, 40)).astype(np.float32)
    file, work = tmp_path / "audio.safetensors", tmp_path / "work"
    work.mkdir()
    file.write_bytes(Features("audio", {f"dev/x/{place}": own for place, own in enumerate(vectors)}).content())
    with drawing_from({"audio": file}):
        trial = trial_of(Hears, work)
        (saved,) = findings_named(trial, "saved model")
    assert (saved.outcome, saved.measured) == ("passed", "84 answers of the saved model are those of the trained one")
    (read,) = trial.feature_files().values()
    known = {tuple(own) for own in vectors.tolist()}
    assert {tuple(own) for own in (vector.tolist() for vector in read_features(read).vectors.values())} <= known


def test_what_a_system_saves_is_what_it_learnt(tmp_path):
    trial = MethodTrial(Combination(method_of(Saved), SmallCorpus, TinyBackbone, "tiny"), CATALOGUE, tmp_path)
    (finding,) = findings_named(trial, "saved model")
    assert (finding.outcome, finding.measured) == (
        "passed",
        "84 answers of the saved model are those of the trained one",
    )


def test_no_objective_can_freeze_the_order_of_the_core(tmp_path):
    (finding,) = findings_named(trial_of(AlwaysTheSameHalf, tmp_path), "training order")
    assert finding.outcome == "passed"
    assert finding.measured == "4 epochs of 96 utterances, no two in a row in the same order"


def test_a_loop_of_the_core_that_does_not_shuffle_would_be_caught(tmp_path, monkeypatch):
    class Frozen(Random):
        def shuffle(self, x):
            pass

    monkeypatch.setattr("erc_bench.training.loop.stream", lambda *_: Frozen(0))
    (finding,) = findings_named(trial_of(Composition, tmp_path), "training order")
    assert finding.outcome == "failed"
    assert "train on their 192 common utterances in the same order" in finding.measured


def test_a_sound_composition_passes():
    findings = method_findings(CATALOGUE.get("method", "ce"), CATALOGUE)
    assert failed(findings) == {}
    assert set(skipped(findings)) == {"settings"}


@pytest.mark.parametrize(
    ("settings", "name", "sentence"),
    [
        ({"choices": {"objective": "eaclx"}}, "parts", "there is no objective 'eaclx'; did you mean eacl"),
        ({"choices": {"objectiv": "eacl"}}, "parts", "there is no slot 'objectiv'; did you mean objective?"),
        ({"readouts": ("probes",)}, "parts", "there is no classifier 'probes'; did you mean probe?"),
        (
            {"per_dataset": {"mled": {}}},
            "settings",
            "per_dataset names 'mled', which is not a dataset; did you mean meld?",
        ),
        ({"settings": {"training.epoch": 3}}, "settings", "did you mean epochs?"),
        (
            {"per_dataset": {"meld": {"training.epochs": 0}}},
            "settings",
            "on meld: training.epochs: must be at least 1, got 0",
        ),
        (
            {"search": {"training.epochs": (3, 0)}, "search_from": "x"},
            "settings",
            "the search tries training.epochs = 0",
        ),
        ({"search": {"training.epochs": (3,)}}, "recipe", "search_from is empty"),
        ({"name": "Smooth Loss"}, "recipe", "the name of the method: 'Smooth Loss' is no name for a component"),
        ({"summary": ""}, "recipe", "the method says nothing of its summary"),
        ({"source": " "}, "recipe", "the method says nothing of its source"),
    ],
)
def test_a_recipe_that_cannot_work_is_told_why(settings, name, sentence, tmp_path):
    method = erc.Method(**{"name": "own", "source": "this test", "summary": "A method.", **settings})
    trial = MethodTrial(Combination(method, SmallCorpus, TinyBackbone, "tiny"), CATALOGUE, tmp_path)
    (finding,) = findings_named(trial, name)
    assert finding.outcome == "failed"
    assert sentence in finding.measured


def pytest_generate_tests(metafunc):
    """Load every plugin where tests are collected, and not in each fresh process, which reads this file for a class."""
    if "installed" in metafunc.fixturenames:
        metafunc.parametrize("installed", CATALOGUE.entries("method"))


def test_the_recipe_of_every_installed_method_is_sound(installed, tmp_path):
    method = CATALOGUE.get("method", installed)
    tiny = TinyGenerative if method.system is not None and method.system.needs_backbone else TinyBackbone
    combination = Combination(method, SmallCorpus, tiny, tiny.name)
    findings = findings_named(MethodTrial(combination, CATALOGUE, tmp_path), "recipe", "parts", "settings")
    assert failed(findings) == {}


def test_a_failed_check_is_an_error_in_the_tests_of_a_plugin():
    with pytest.raises(AssertionError, match=r"(?s)the method 'own' does not pass .*\ntraining order: it read"):
        check_system(NeverShuffles)
    with pytest.raises(erc.ErcBenchError, match="there is no backbone 'minlm'; did you mean minilm"):
        method_findings(method_of(Sound), CATALOGUE, "minlm")


def test_a_run_leaves_the_environment_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("ERC_BENCH_DATA", "somewhere")
    monkeypatch.chdir(tmp_path)
    assert failed(method_findings(method_of(Sound), CATALOGUE)) == {}
    assert os.environ["ERC_BENCH_DATA"] == "somewhere"
    assert Path.cwd() == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_the_canary_changes_labels_and_counts_alone():
    splits = small_corpus()
    turned = other_test_labels(splits)
    assert (turned.train, turned.dev) == (splits.train, splits.dev)
    before, after = ([turn for dialogue in each.test for turn in dialogue.utterances] for each in (splits, turned))
    assert all(one.label != other.label for one, other in zip(before, after, strict=True))
    assert [replace(turn, label=None) for turn in before] == [replace(turn, label=None) for turn in after]
    counts = [[sum(turn.label == label for turn in turns) for label in SmallCorpus.labels] for turns in (before, after)]
    assert all(one != other for one, other in zip(*counts, strict=True))


def test_a_system_is_checked_as_every_component_is():
    names = [finding.name for finding in findings_of(NoSource)]
    assert names == [check.name for check in (*COMPONENT_CHECKS, *METHOD_CHECKS)]
