"""What is made ready once: examples, frozen states, label words."""

import math

import pytest
import torch

import erc_bench.api as erc
from erc_bench.contracts.types import seal
from erc_bench.errors import ErcBenchError
from erc_bench.training.features import FeatureCache
from erc_bench.training.preparation import CellData, Preparer, Standardiser

LABELS = ("anger", "joy", "neutral")
CPU = torch.device("cpu")


@pytest.fixture
def data(bench):
    test = seal(bench.dialogues(2, seed=2, prefix="test"))
    return CellData(bench.dialogues(4), bench.dialogues(2, seed=1, prefix="dev"), test)


def preparer(composition, folder):
    cache = FeatureCache("tiny", torch.float32, CPU, folder)
    return Preparer(composition.encoder, composition.row_encoder, cache, LABELS)


def states_by_hand(composition, split_dialogues):
    """Return the state of each utterance, row by row."""
    encoder = composition.encoder
    states = []
    for dialogue in split_dialogues:
        for turn in dialogue.utterances:
            ids = torch.tensor([[1, *encoder.tokenizer.ids(turn.text), 2]])
            states.append(encoder.language_model(ids, torch.ones_like(ids)).last_hidden_state[0, 0])
    return torch.stack(states).detach()


def test_frozen_states_are_standardised_by_train(bench, data, tmp_path):
    composition = bench.composition(trainable="none")
    ready = preparer(composition, tmp_path).prepare(data, LABELS, True)
    train = states_by_hand(composition, data.train)
    mean, deviation = train.mean(0), train.std(0, correction=0)
    for split, dialogues in ((ready.train, data.train), (ready.dev, data.dev), (ready.test, data.sealed_test)):
        expected = (states_by_hand(composition, dialogues) - mean) / deviation
        torch.testing.assert_close(split.main.states, expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(ready.words, (ready.raw_words - mean) / deviation, rtol=1e-3, atol=1e-4)


def test_label_words_are_the_mean_over_all_their_tokens(bench, data, tmp_path):
    composition = bench.composition()
    ready = preparer(composition, tmp_path).prepare(data, ("very angry", "joy", "neutral"), False)
    ids = torch.tensor([[1, *composition.encoder.tokenizer.ids("very angry"), 2]])
    expected = composition.encoder.language_model(ids, torch.ones_like(ids)).last_hidden_state[0].mean(0)
    torch.testing.assert_close(ready.raw_words[0], expected, rtol=0, atol=1e-6)
    assert torch.equal(ready.words, ready.raw_words)


@pytest.mark.parametrize("trainable", ["none", "all"])
def test_label_words_are_as_wide_as_the_language_model_whatever_the_representations_are(
    bench, data, tmp_path, monkeypatch, trainable
):
    composition = bench.composition(trainable=trainable)
    monkeypatch.setattr(type(composition.encoder), "dim", property(lambda encoder: encoder.state_dim - 1))
    ready = preparer(composition, tmp_path).prepare(data, LABELS, trainable == "none")
    assert ready.words.shape == ready.raw_words.shape == (len(LABELS), composition.encoder.state_dim)


def test_a_backbone_that_trains_has_no_stored_states(bench, data, tmp_path):
    ready = preparer(bench.composition(), tmp_path).prepare(data, LABELS, False)
    assert ready.train.main.states is None
    assert not list(tmp_path.rglob("*.safetensors"))


def test_without_a_test_split_there_is_none(bench, data, tmp_path):
    only = CellData(data.train, data.dev, None)
    assert preparer(bench.composition(), tmp_path).prepare(only, LABELS, False).test is None


def test_words_are_encoded_in_evaluation_mode_whenever_asked(bench_with_dropout, tmp_path):
    composition = bench_with_dropout.composition()
    prepared = preparer(composition, tmp_path)
    composition.set_training(True)
    first, second = prepared.encode_words(LABELS), prepared.encode_words(LABELS)
    assert torch.equal(first, second)
    assert composition.encoder.language_model.training


class TestAugmentation:
    @pytest.fixture
    def encoder(self, bare_encoder):
        class Repeating(bare_encoder):
            """Shows some utterances twice while it trains."""

            augments = True

            def examples(self, dialogues, training, rng):
                own = super().examples(dialogues, training, rng)
                return own + ([example for example in own if rng.random() < 0.5] if training else [])

        return Repeating

    def test_training_examples_are_those_of_seed_and_epoch(self, bench, data, encoder, tmp_path):
        prepared = preparer(bench.composition(encoder=encoder), tmp_path)

        def keys(seed, epoch):
            split = prepared.training_split(data.train, seed, epoch)
            return split.keys(range(len(split)))

        assert keys(1, 0) == keys(1, 0)
        assert keys(1, 0) != keys(1, 1)
        assert keys(1, 0) != keys(2, 0)
        assert len(keys(1, 0)) > 16

    def test_what_classifiers_read_is_not_augmented(self, bench, data, encoder, tmp_path):
        ready = preparer(bench.composition(encoder=encoder), tmp_path).prepare(data, LABELS, False)
        assert len(ready.train) == 16

    def test_a_frozen_backbone_is_not_augmented(self, bench, data, encoder, tmp_path):
        ready = preparer(bench.composition(encoder=encoder, trainable="none"), tmp_path).prepare(data, LABELS, True)
        assert len(ready.train) == 16


class TestTargets:
    @pytest.mark.parametrize("fault", ["forgets", "repeats", "adds"])
    def test_each_scored_utterance_is_a_target_exactly_once(self, bench, bare_encoder, tmp_path, fault):
        class Faulty(bare_encoder):
            def examples(self, dialogues, training, rng):
                own = super().examples(dialogues, training, rng)
                unscored = erc.Example(dialogues[0], (1,))
                return {"forgets": own[1:], "repeats": [*own, own[0]], "adds": [*own, unscored]}[fault]

        first, *others = bench.dialogues(3)
        plain = erc.Utterance("A", "table")
        dialogues = [erc.Dialogue(first.id, (first.utterances[0], plain, *first.utterances[2:])), *others]
        prepared = preparer(bench.composition(encoder=Faulty), tmp_path)
        with pytest.raises(ErcBenchError, match="the encoder 'bare' makes"):
            prepared.training_split(dialogues, 1, 0)
        with pytest.raises(ErcBenchError, match="of 11 scored utterances"):
            prepared.prepare(CellData(dialogues, dialogues, None), LABELS, False)


def test_each_dimension_has_mean_zero_and_deviation_one():
    states = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 5.0, 0.1, 30.0]) + 7
    standardised = Standardiser.fit(states)(states)
    for column, raw in zip(standardised.T.tolist(), states.T.tolist(), strict=True):
        mean = sum(raw) / len(raw)
        deviation = math.sqrt(sum((value - mean) ** 2 for value in raw) / len(raw))
        for value, source in zip(column, raw, strict=True):
            assert math.isclose(value, (source - mean) / deviation, rel_tol=1e-3, abs_tol=1e-4)


def test_other_splits_are_moved_by_what_train_has():
    standardiser = Standardiser.fit(torch.tensor([[0.0], [2.0]]))
    assert standardiser(torch.tensor([[3.0]])).tolist() == [[2.0]]


def test_a_constant_dimension_is_centred_and_keeps_its_scale():
    standardiser = Standardiser.fit(torch.tensor([[3.0, 1.0], [3.0, 2.0]]))
    assert standardiser(torch.tensor([[3.0, 1.5], [3.5, 1.5]]))[:, 0].tolist() == [0.0, 0.5]


def test_one_row_is_no_division_by_zero():
    assert Standardiser.fit(torch.tensor([[3.0, 1.0]]))(torch.tensor([[3.0, 1.0]])).tolist() == [[0.0, 0.0]]


def test_identity_changes_nothing():
    states = torch.randn(3, 2)
    assert torch.equal(Standardiser.identity(2)(states), states)
