"""Options of adapters: settings of a cell where adapters train, and of no other."""

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import from_json, to_json

LORA = "encoder.trainable=lora"
OWN = {"adapters.rank": 16, "adapters.alpha": 32, "adapters.dropout": 0.05, "adapters.layers": "all-linear"}

HASHES = ["c5b1ad992b3d", "3db42a8611bd"]
"""Written down when there were no adapters."""


def own(values):
    return {address: value for address, value in values.items() if address.startswith("adapters.")}


@pytest.mark.parametrize("trainable", ["all", "none", "2"])
def test_cells_without_adapters_have_none_of_their_options(plan, trainable):
    (cell,) = plan("ce", set_=[f"encoder.trainable={trainable}"])
    assert own(cell.resolved.values) == own(cell.resolved.origins) == {}


def test_cells_that_were_made_before_there_were_any_keep_their_hash(plan):
    assert [each.address.settings_hash for each in plan("ce", "anchored")] == HASHES


def test_cells_with_adapters_have_them_all_and_other_hashes(plan):
    (default,), (small,) = plan("ce", set_=[LORA]), plan("ce", set_=[LORA, "adapters.rank=4"])
    assert own(default.resolved.values) == OWN
    assert own(small.resolved.values) == OWN | {"adapters.rank": 4}
    assert small.resolved.overrides == {"encoder.trainable": "lora", "adapters.rank": 4}
    (plain,) = plan("ce")
    assert len({each.address.settings_hash for each in (default, small, plain)}) == 3


def test_options_of_adapters_where_none_train_are_a_problem(plan):
    with pytest.raises(ErcBenchError) as raised:
        plan("ce", set_=["adapters.rank=4"])
    assert "adapters.rank: no adapters train: only encoder.trainable=lora has some" in str(raised.value)
    with pytest.raises(ErcBenchError, match=r"adapters.rnk: the chosen adapters has no such option; did you mean"):
        plan("ce", set_=[LORA, "adapters.rnk=4"])
    with pytest.raises(ErcBenchError, match="must be at least 1"):
        plan("ce", set_=[LORA, "adapters.rank=0"])


def test_a_recipe_with_adapters_may_be_run_without(plan, add_method):
    add_method("adapted", settings={"encoder.trainable": "lora", "adapters.rank": 8})
    (adapted,), (frozen,) = plan("adapted"), plan("adapted", set_=["encoder.trainable=none"])
    assert own(adapted.resolved.values) == OWN | {"adapters.rank": 8}
    assert own(frozen.resolved.values) == {}


@pytest.mark.parametrize("backbone", ["small", "large"])
def test_adapters_have_a_regime_of_their_own_whatever_the_size(settings, backbone):
    found = settings("ce", LORA, backbones=[backbone])
    assert found["training.encoder_lr"] == (5e-4, "default (adapted backbone)")
    # What has no default for adapters has that of small backbones.
    assert found["training.schedule"] == ("linear", "default (small backbone)")
    assert found["training.warmup"] == (0.1, "default (small backbone)")
    assert found["training.epochs"] == (8, "default")


def test_an_upstream_has_adapters_of_its_own(plan):
    (cell,) = plan(
        "contrast",
        set_=["upstream=ce", "encoder.trainable=none", "upstream.encoder.trainable=lora", "upstream.adapters.rank=4"],
    )
    assert own(cell.upstream.resolved.values) == OWN | {"adapters.rank": 4}
    assert own(cell.resolved.values) == {}
    assert cell.resolved.values["upstream.adapters.rank"] == 4
    again = from_json(to_json(cell))
    assert again.resolved == cell.resolved
    assert again.upstream.resolved == cell.upstream.resolved
