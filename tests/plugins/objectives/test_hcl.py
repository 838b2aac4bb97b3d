"""Hybrid curriculum learning: which dialogues come first, and how targets grow hard."""

import random
from math import cos, pi

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import erc_bench.api as erc
from erc_bench_plugins.objectives.hcl import ANGLES, Hcl, difficulty, wheel_similarities

WORDS = ("neutral", "excited", "frustrated", "sad", "happy", "angry")


def dialogue(said):
    """``A:joy B:sad A:`` → a dialogue; a turn may have no label."""
    turns = (turn.split(":") for turn in said.split())
    return erc.Dialogue(said, tuple(erc.Utterance(speaker, "", label or None, True) for speaker, label in turns))


def task(words=WORDS):
    return erc.Task(words, words, 4, torch.ones(len(words)), lambda asked: torch.zeros(len(asked), 4))


def started(**options):
    objective = Hcl(Hcl.Options(**options))
    objective.start(task())
    return objective


def view(epoch, dialogues=()):
    examples = [erc.Example(each, each.targets()) for each in dialogues]
    return erc.EpochView(epoch, 10, random.Random(0), examples, torch.zeros(len(examples)), lambda: None)


def outputs(logits, labels, class_weights=None):
    return erc.Outputs(logits, logits, logits, labels, [], nn.Identity(), class_weights=class_weights)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("A:joy", 1 / 2),
        ("A:joy A:joy", 1 / 3),
        ("A:joy A:sad A:joy", 3 / 4),
        ("A:joy B:sad A:joy B:joy", 3 / 6),
        ("A:joy A: A:sad B:", 3 / 6),
    ],
)
def test_a_dialogue_is_as_hard_as_its_speakers_change(said, expected):
    assert difficulty(dialogue(said)) == pytest.approx(expected)


def test_similarity_follows_the_wheel():
    found = wheel_similarities(WORDS)
    for i, one in enumerate(WORDS):
        for j, other in enumerate(WORDS):
            if i == j:
                expected = 1
            elif "neutral" in (one, other):
                expected = 1 / 6
            elif (cos(ANGLES[one]) > 0) != (cos(ANGLES[other]) > 0):
                expected = 0
            else:
                expected = max(0, cos(ANGLES[one] - ANGLES[other]))
            assert found[i][j] == pytest.approx(expected), (one, other)
    assert wheel_similarities(("excited", "happy"))[0][1] == pytest.approx(cos(4 * pi / 20))


def test_an_emotion_that_is_not_on_the_wheel_is_named_and_resembles_none(caplog):
    assert wheel_similarities(("neutral", "bored", "sad")) == [[1.0, 0.0, 1 / 3], [0.0, 1.0, 0.0], [1 / 3, 0.0, 1.0]]
    assert "takes these to resemble no emotion: bored" in caplog.text


@pytest.mark.parametrize("epoch", [0, 1, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_is_cross_entropy_to_the_target_of_the_epoch(epoch, weighted):
    objective = started(decay=0.7)
    objective.begin_epoch(view(epoch))
    logits = torch.randn(8, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 3, 4, 5, 0, 2])
    weights = torch.tensor([0.5, 1, 2, 1, 3, 1], dtype=torch.float64) if weighted else None
    similar = wheel_similarities(WORDS)
    total = scale = 0.0
    for row, label in zip(logits, labels.tolist(), strict=True):
        shares = [s if j == label else s * 0.7**epoch for j, s in enumerate(similar[label])]
        own = -sum(s / sum(shares) * float(row.log_softmax(0)[j]) for j, s in enumerate(shares))
        weight = 1.0 if weights is None else float(weights[label])
        total, scale = total + weight * own, scale + weight
    found = objective.loss(outputs(logits, labels, weights))["cross_entropy"]
    assert float(found) == pytest.approx(total / scale, abs=1e-6)


def test_with_decay_0_it_is_cross_entropy_from_the_second_epoch_on():
    objective = started(decay=0.0, buckets=1)
    objective.begin_epoch(view(1))
    logits = torch.randn(5, 6, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([0, 1, 2, 3, 4])
    torch.testing.assert_close(
        objective.loss(outputs(logits, labels))["cross_entropy"], F.cross_entropy(logits, labels)
    )
    assert objective.select(view(0, [dialogue("A:joy")])) is None


def test_buckets_come_in_one_by_one_the_easy_ones_first():
    hard, middle, easy = (dialogue(s) for s in ("A:joy A:sad A:joy", "A:joy A:sad A:sad", "A:joy A:joy A:joy A:joy"))
    chosen = [started(buckets=3).select(view(epoch, [hard, easy, middle])) for epoch in range(4)]
    assert chosen == [[1], [1, 2], None, None]


def test_difficulty_of_meld(meld):
    found = [difficulty(each) for each in meld.train]
    assert sum(found) / len(found) == pytest.approx(0.5259, abs=5e-5)
