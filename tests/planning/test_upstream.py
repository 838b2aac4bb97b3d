"""Which cell is upstream of which, and which setting speaks to whom."""

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue


def plans(*settings, methods=("ce",), dataset="demo", **asked):
    overrides = [parse_override(text) for text in settings]
    return plan_grid(Request(methods, (dataset,), ("minilm",), (3,), overrides, **asked), Catalogue())


def test_the_upstream_shares_seed_backbone_and_dataset():
    (plan,) = plans("upstream=utterance-ce", "backbone.revision=other")
    upstream = plan.upstream
    assert (upstream.seed, upstream.address.dataset, upstream.address.backbone) == (3, "demo", "minilm")
    assert upstream.resolved.values["backbone.revision"] == "other"
    assert upstream.method.name == "utterance-ce"


def test_it_trains_where_the_dataset_suggests_frozen_features():
    (plan,) = plans("upstream=utterance-ce")
    assert plan.resolved.values["encoder.trainable"] == "none"
    assert plan.upstream.resolved.values["encoder.trainable"] == "all"
    assert plan.upstream.resolved.regime == "small"


def test_its_settings_are_those_of_the_same_method_by_itself():
    (plan,) = plans("upstream=utterance-ce", dataset="meld")
    (alone,) = plans(methods=("utterance-ce",), dataset="meld")
    assert plan.upstream.address == alone.address


def test_dev_only_is_all_one_to_it():
    (scored,), (unscored,) = plans("upstream=utterance-ce"), plans("upstream=utterance-ce", dev_only=True)
    assert scored.address != unscored.address
    assert scored.upstream.address == unscored.upstream.address


def test_hashes_of_cells_without_one_stay():
    assert plans()[0].address == plans("upstream=none")[0].address
    assert not plans()[0].resolved.overrides


def test_a_method_is_not_its_own_upstream():
    two = plans("upstream=utterance-ce", methods=("ce", "utterance-ce"))
    assert [plan.upstream is not None for plan in two] == [True, False]


def test_the_row_says_what_was_changed():
    (plan,) = plans("upstream=utterance-ce", "upstream.training.epochs=2")
    assert plan.resolved.overrides == {"upstream": "utterance-ce", "upstream.training.epochs": 2}
    assert plan.label() == "demo · ce through utterance-ce · minilm · seed 3"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("upstream.training.epochs=2",), "upstream.training.epochs: this cell has no upstream"),
        (("upstream=utterance-cee",), "upstream: there is no method 'utterance-cee'; did you mean utterance-ce"),
        (("upstream=majority",), "upstream: the method 'majority' is a system"),
        (("upstream=utterance-ce", "upstream.training.epoch=2"), "upstream: training.epoch: "),
        (("upstream=utterance-ce", "upstream.encoder.trainable=none"), "upstream.encoder.trainable: an upstream that"),
        (("upstream=utterance-ce", "upstream.folds=1"), "upstream.folds: "),
        (("upstream=utterance-ce", "upstream.folds=5", "encoder.trainable=all"), "upstream.folds: only a frozen"),
    ],
)
def test_mistakes_are_named(settings, sentence):
    with pytest.raises(ErcBenchError) as raised:
        plans(*settings)
    assert sentence in str(raised.value)


def test_a_setting_for_upstreams_passes_over_methods_that_have_none():
    two = plans("ce:upstream=utterance-ce", "upstream.training.epochs=2", methods=("ce", "supcon"))
    assert [plan.upstream is not None for plan in two] == [True, False]
