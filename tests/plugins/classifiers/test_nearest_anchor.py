"""Stage-one anchors as they are."""

import pytest
import torch
from torch.nn import functional as F

from erc_bench.testing.classifiers import toy_split
from erc_bench.testing.toy import toy_task
from erc_bench_plugins.classifiers.nearest_anchor import NearestAnchor
from erc_bench_plugins.objectives.eacl import Eacl


@pytest.mark.parametrize(("formulation", "scale"), [("paper", 4.0), ("official", 2.0)])
def test_scores_use_temperature_and_score_of_the_objective(formulation, scale):
    split = toy_split()
    classifier = NearestAnchor()
    classifier.start(toy_task(objective_options=Eacl.Options(temperature=0.25, formulation=formulation)))
    expected = torch.stack([F.cosine_similarity(split.projected, a[None]) for a in split.anchors], dim=1)
    torch.testing.assert_close(classifier.scores(split), scale * expected)


def test_own_options_win():
    classifier = NearestAnchor(NearestAnchor.Options(temperature=0.5, score="cosine"))
    classifier.start(toy_task(objective_options=Eacl.Options(formulation="official")))
    assert classifier.scale == 2.0


def test_it_has_nothing_to_fit():
    assert NearestAnchor.refit is None
    assert not list(NearestAnchor().parameters())
