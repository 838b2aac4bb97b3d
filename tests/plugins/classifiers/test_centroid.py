"""Class means by hand, a class without one, the space of comparison."""

import pytest
import torch
from torch import nn

import erc_bench.api as erc
from erc_bench_plugins.classifiers.centroid import Centroid

Z = torch.tensor([[2.0, 0.0], [4.0, 0.0], [0.0, 3.0]])


def outputs(labels, z=Z, projected=None):
    projected = z if projected is None else projected
    return erc.Outputs(z, projected, torch.zeros(len(z), 3), torch.tensor(labels), [], nn.Identity())


def task(labels=("a", "b", "c")):
    return erc.Task(labels, labels, 2, torch.ones(len(labels)), lambda words: torch.zeros(len(words), 2))


def fitted(train, **options):
    classifier = Centroid(Centroid.Options(**options))
    epochs = sum(1 for _ in classifier.fit(train, train, task()))
    assert epochs == 1
    return classifier


def test_means_and_scores_by_hand():
    classifier = fitted(outputs([0, 0, 1]), temperature=0.5)
    assert classifier.centroids[:2].tolist() == [[3.0, 0.0], [0.0, 3.0]]
    scores = classifier.scores(outputs([0], z=torch.tensor([[3.0, 4.0]])))
    torch.testing.assert_close(scores[0, :2], torch.tensor([1.2, 1.6]))


def test_an_absent_class_is_never_predicted():
    classifier = fitted(outputs([0, 0, 1]))
    scores = classifier.scores(outputs([0], z=torch.tensor([[-1.0, -1.0]])))
    assert scores.isfinite().all()
    assert scores.softmax(1)[0, 2] == 0
    assert scores.argmax(1).item() != 2


@pytest.mark.parametrize(("space", "expected"), [("z", 3.0), ("projected", 30.0)])
def test_space(space, expected):
    classifier = fitted(outputs([0, 0, 1], projected=10 * Z), space=space)
    assert classifier.centroids[0, 0].item() == expected


def test_a_second_fit_replaces_the_first():
    classifier = fitted(outputs([0, 0, 1]))
    list(classifier.fit(outputs([1, 1, 0]), outputs([0, 0, 1]), task()))
    assert classifier.centroids[1].tolist() == [3.0, 0.0]
