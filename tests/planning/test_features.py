"""Features of files in plans: who reads which, what is lacking, and what of it a settings hash covers."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

import erc_bench.api as erc
from erc_bench.contracts.component import wanted_features
from erc_bench.errors import python_words, speaking
from erc_bench.planning.features import GivenFeature, refuse_unread
from erc_bench.planning.plan import from_json, to_json


class Hears(erc.Encoder):
    """An encoder that reads audio, unless it is told not to."""

    name = "hears"
    source = "invented"
    features = {"audio": {"listens": True}}

    @dataclass(frozen=True)
    class Options(erc.Encoder.Options):
        """Options."""

        listens: bool = erc.option(True, "Whether it reads the audio.")


@pytest.fixture
def plan(plan, catalogue):
    """Plan with two more methods: one that reads audio, and one downstream of it."""
    methods = [
        erc.Method("hears", source="invented", summary="It reads audio.", choices={"encoder": "hears"}),
        erc.Method("above", source="invented", summary="It reads through one that does.", upstream="hears"),
    ]
    hooks = {"erc_encoders": [Hears], "erc_methods": methods}
    hooks = {name: erc.hookimpl(lambda listed=listed: listed, specname=name) for name, listed in hooks.items()}
    catalogue.register(SimpleNamespace(**hooks), "hearing")
    return plan


def given(**files):
    return {
        name.replace("__", ":"): GivenFeature(Path(f"{name}.safetensors"), digest) for name, digest in files.items()
    }


def test_the_digest_stands_among_the_settings_of_the_cells_that_read_it(plan):
    hears, ce = plan("hears", "ce", features=given(audio="a1"))
    assert hears.features == hears.all_features() == {"audio": "a1"}
    assert hears.resolved.values["features.audio"] == "a1"
    assert hears.resolved.origins["features.audio"] == "--feature"
    assert hears.resolved.overrides == {}
    assert ce.features == {}


def test_settings_hashes_change_with_the_file_and_only_where_it_is_read(plan):
    def hashes(**files):
        return [each.address.settings_hash for each in plan("hears", "ce", features=given(**files))]

    one, other = hashes(audio="a1"), hashes(audio="a2")
    assert one[0] != other[0]
    assert one[1] == other[1]
    (plain,) = plan("ce")
    assert one[1] == plain.address.settings_hash
    (without,) = plan("hears", set_=["encoder.listens=false"], features={})
    assert without.features == {}


def test_the_path_is_no_part_of_the_cell(plan):
    here, there = ({"audio": GivenFeature(Path(place), "a1")} for place in ("here", "there"))
    assert plan("hears", features=here)[0] == plan("hears", features=there)[0]


def test_a_file_for_one_dataset_is_stronger(plan):
    files = given(audio="a1", corpus__audio="a2")
    plans = plan("hears", datasets=["corpus", "frozen-corpus"], features=files)
    assert {each.address.dataset: each.features["audio"] for each in plans} == {"corpus": "a2", "frozen-corpus": "a1"}


def test_what_is_lacking_is_one_sentence_with_the_option(plan):
    with pytest.raises(erc.ErcBenchError) as error:
        plan("hears", "ce", features=given(adio="a1"))
    assert error.value.message == (
        "hears: the encoder 'hears' reads the feature 'audio' on corpus, which other code computes: "
        "--feature audio=FILE.safetensors; given: adio"
    )
    with speaking(python_words), pytest.raises(erc.ErcBenchError, match=r'features=\{"audio": "FILE.safetensors"\}$'):
        plan("hears", features={})


def test_none_is_asked_for_where_plans_are_only_looked_at(plan):
    assert plan("hears")[0].features == {"audio": ""}


def test_a_file_that_nobody_reads_is_refused(plan):
    plans = plan("hears", features=given(audio="a1"))
    refuse_unread(given(audio="a1", corpus__audio="a2"), plans)
    with pytest.raises(erc.ErcBenchError, match="no method of this request reads the feature 'adio'; did you mean"):
        refuse_unread(given(audio="a1", adio="a2"), plans)
    with pytest.raises(erc.ErcBenchError, match="reads the feature 'audio' on meld; it is read on corpus"):
        refuse_unread(given(meld__audio="a1"), plans)
    with pytest.raises(erc.ErcBenchError, match="reads the feature 'audio'; none of them reads any"):
        refuse_unread(given(audio="a1"), plan("ce"))


def test_an_upstream_reads_its_own(plan):
    settings = ["encoder.trainable=none", "upstream.encoder.trainable=all"]
    (above,) = plan("above", set_=settings, features=given(audio="a1"))
    assert above.features == {}
    assert above.upstream.features == above.all_features() == {"audio": "a1"}
    assert above.resolved.values["upstream.features.audio"] == "a1"
    refuse_unread(given(audio="a1"), [above])
    (other,) = plan("above", set_=settings, features=given(audio="a2"))
    assert other.address.settings_hash != above.address.settings_hash


def test_a_plan_as_json_keeps_the_digest(plan):
    (hears,) = plan("hears", features=given(audio="a1"))
    assert from_json(to_json(hears)).features == {"audio": "a1"}


@pytest.mark.parametrize(("wanted", "reads"), [(True, True), (False, False), ((True, "loudly"), True), ((), False)])
def test_a_feature_is_read_with_a_value_or_with_any_of_several(wanted, reads):
    other = type("Other", (Hears,), {"features": {"audio": {"listens": wanted}}})
    assert wanted_features(other, SimpleNamespace(listens=True)) == (("audio",) if reads else ())


def test_an_option_that_is_a_tuple_is_held_against_the_whole_of_it():
    other = type("Other", (Hears,), {"features": {"audio": {"listens": (1, 2)}}})
    assert wanted_features(other, SimpleNamespace(listens=(1, 2))) == ("audio",)
    assert wanted_features(other, SimpleNamespace(listens=(2, 1))) == ()
    assert wanted_features(other, SimpleNamespace(listens=2)) == ("audio",)


@pytest.mark.parametrize("declared", ["audio", ["audio"], {"audio": True}, (1,)])
def test_features_of_another_form_are_refused(declared):
    other = type("Other", (Hears,), {"features": declared})
    with pytest.raises(erc.ErcBenchError, match="features of 'hears' is"):
        wanted_features(other)
