"""The fine-tuned language model as a system: it learns a cue, keeps the best epoch, saves its adapters alone."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import erc_bench.api as erc
from erc_bench.contracts.types import seal
from erc_bench.testing.tiny import tiny_generative
from erc_bench_plugins.systems.language_models.fine_tuning import FineTuning
from erc_bench_plugins.systems.language_models.kept_training import Training, keep, kept
from erc_bench_plugins.systems.language_models.lora import LoraLabels

LABELS, WORDS = ("ang", "joy"), ("angry", "joyful")
LINES = {"ang": "Why did you leave me alone again?", "joy": "I am so happy that you came!"}
FAST = {"template": "bare", "window": 1, "epochs": 6, "batch_size": 4, "rate": 2e-2, "dropout": 0.0}


def dialogues(number, start=0):
    return [
        erc.Dialogue(
            f"d{start + each}",
            tuple(
                erc.Utterance("AB"[turn % 2], LINES[label], label, scored=True)
                for turn in range(3)
                for label in [LABELS[(each + turn) % 2]]
            ),
        )
        for each in range(number)
    ]


def context(seed=1, model=tiny_generative):
    return erc.SystemContext(LABELS, WORDS, seed=seed, language_model=lambda precision: model())


def fitted(seed=1, **options):
    torch.manual_seed(seed)
    system = LoraLabels(LoraLabels.Options(**{**FAST, **options}))
    system.fit(dialogues(8), dialogues(4, 20), context(seed))
    return system


@pytest.fixture(scope="module")
def system():
    return fitted()


def answers(system, given):
    return [LABELS[int(row.argmax())] for row in system.predict(seal(given)).values()]


def test_it_learns_what_the_words_say(system):
    test = dialogues(5, 40)
    gold = [turn.label for dialogue in test for turn in dialogue.utterances]
    assert np.mean([one == other for one, other in zip(answers(system, test), gold, strict=True)]) > 0.9
    for row in system.predict(seal(test)).values():
        assert row.sum() == pytest.approx(1)


def test_the_epoch_is_the_first_that_scores_best_on_dev(system):
    told = system.facts()
    scores = [epoch["dev"] for epoch in told["epochs"]]
    assert told["chosen_epoch"] == 1 + scores.index(max(scores))
    dev = dialogues(4, 20)
    gold = [turn.label for dialogue in dev for turn in dialogue.utterances]
    right = 100 * np.mean([one == other for one, other in zip(answers(system, dev), gold, strict=True)])
    assert right == pytest.approx(max(scores))


def test_an_earlier_epoch_is_put_back(monkeypatch):
    """Dev likes the second epoch: its adapters answer, whatever the later ones became."""
    kept = []
    on_dev = LoraLabels._on_dev

    def likes_the_second(self, dev):
        kept.append(erc.adapter_state(self._model))
        on_dev(self, dev)
        return 90.0 if len(kept) == 2 else float(len(kept))

    monkeypatch.setattr(LoraLabels, "_on_dev", likes_the_second)
    system = fitted(epochs=4)
    assert system.facts()["chosen_epoch"] == 2
    state = erc.adapter_state(system._model)
    assert all(torch.equal(state[name], kept[1][name]) for name in state)
    assert any(not torch.equal(state[name], kept[3][name]) for name in state)


def test_what_was_saved_answers_alike_and_is_the_adapters_alone(system, tmp_path):
    system.save(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["adapters.safetensors"]
    saved = load_file(tmp_path / "adapters.safetensors")
    assert sum(tensor.numel() for tensor in saved.values()) == system.facts()["trained_parameters"]
    again = LoraLabels(LoraLabels.Options(**FAST))
    again.load(tmp_path, context())
    before, after = (each.predict(seal(dialogues(2, 60))) for each in (system, again))
    np.testing.assert_allclose(list(before.values()), list(after.values()), atol=1e-6)


def test_adapters_of_another_model_are_refused(system, tmp_path):
    system.save(tmp_path)
    other = LoraLabels(LoraLabels.Options(**{**FAST, "rank": 4}))
    with pytest.raises(erc.ErcBenchError, match="the saved adapters are not those of this language model"):
        other.load(tmp_path, context())
    saved = load_file(tmp_path / "adapters.safetensors")
    saved.pop(min(saved))
    save_file(saved, tmp_path / "adapters.safetensors")
    with pytest.raises(erc.ErcBenchError, match="the saved adapters are not those"):
        LoraLabels(LoraLabels.Options(**FAST)).load(tmp_path, context())
    (tmp_path / "adapters.safetensors").write_bytes(b"nothing")
    with pytest.raises(erc.ErcBenchError, match=r"adapters\.safetensors does not hold adapters"):
        LoraLabels(LoraLabels.Options(**FAST)).load(tmp_path, context())


def test_the_same_seed_trains_the_same():
    one, two = (erc.adapter_state(fitted(epochs=1, dropout=0.1)._model) for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_its_facts_are_json(system):
    facts = json.loads(json.dumps(system.facts()))
    assert facts["caption"] == "fine-tuned with adapters of rank 16, template bare, epoch chosen on dev"


def test_train_without_labels_is_an_error():
    with pytest.raises(erc.ErcBenchError, match="train has no labelled turn"):
        LoraLabels(LoraLabels.Options(**FAST)).fit(seal([]), dialogues(1), context())


@pytest.mark.parametrize("after", [1, 2])
def test_a_training_that_was_killed_goes_on_to_the_same_answers(monkeypatch, after):
    memory = {}
    told = {"dropout": 0.3, "epochs": 3}

    def trained():
        torch.manual_seed(1)
        system = LoraLabels(LoraLabels.Options(**{**FAST, **told}))
        system.fit(dialogues(8), dialogues(4, 20), replace(context(), memory=memory))
        return system

    undisturbed = trained()
    assert memory == {}  # nothing is left of a training that came to its end
    epoch, seen = FineTuning.epoch, []

    def killed(self, done):
        if len(seen) == after:
            raise KeyboardInterrupt
        seen.append(1)
        return epoch(self, done)

    monkeypatch.setattr(FineTuning, "epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        trained()
    assert len(memory) == 1
    monkeypatch.setattr(FineTuning, "epoch", lambda self, done: (seen.append(1), epoch(self, done))[1])
    resumed = trained()
    assert len(seen) == 3
    assert resumed.epochs == undisturbed.epochs
    assert resumed.chosen == undisturbed.chosen
    asked = seal(dialogues(5, 40))
    for key, row in undisturbed.predict(asked).items():
        np.testing.assert_array_equal(resumed.predict(asked)[key], row)
    assert memory == {}


@pytest.mark.parametrize("damage", [b"", b"nothing", None])
def test_a_damaged_memory_of_a_training_is_not_used(monkeypatch, damage):
    memory = {}
    training = Training([{"loss": 1.0, "dev": 50.0}], 1, *({"a": torch.ones(2)} for _ in range(3)))
    keep(memory, "one", training)
    assert kept(memory, "one").epochs == training.epochs
    assert torch.equal(kept(memory, "one").state["a"], torch.ones(2))
    memory["one"] = memory["one"][:-3] if damage is None else damage
    assert kept(memory, "one") is None
    assert kept(memory, "two") is None
