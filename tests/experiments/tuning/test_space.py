"""What is searched: declared by methods, read from files, checked before anything trains."""

from math import isclose
from pathlib import Path

import pytest

from erc_bench.contracts.options import specs
from erc_bench.errors import ErcBenchError
from erc_bench.experiments.tuning.search import plan_searches
from erc_bench.experiments.tuning.space import read_spaces
from erc_bench.planning.request import Request
from erc_bench.planning.settings import parse_override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench_plugins.methods.eacl.recipes import eacl, eacl_literal, eacl_official

CATALOGUE = Catalogue()
SEARCHED = [name for name, entry in CATALOGUE.entries("method").items() if entry.component.system is None]


def searches(*methods, datasets=("demo",), backbones=("minilm",), settings=(), spaces=None, file=None, dev_only=True):
    overrides = [parse_override(text) for text in settings]
    request = Request(methods, datasets, backbones, (101,), overrides, dev_only=dev_only)
    return plan_searches(request, CATALOGUE, spaces or {}, file)


@pytest.mark.parametrize("name", SEARCHED)
@pytest.mark.parametrize("trainable", ["all", "none"])
def test_every_composition_can_be_searched(name, trainable):
    (search,) = searches(name, datasets=("meld",), settings=[f"encoder.trainable={trainable}"])
    rate = "training.head_lr" if trainable == "none" else "training.encoder_lr"
    assert list(search.space.values)[-1] == rate
    assert [a for a in search.space.values if a.startswith("training.")] == [rate]
    declared = CATALOGUE.get("method", name).search
    assert set(search.space.values) == {*declared, rate}
    for address, values in declared.items():
        assert list(search.space.values[address].values()) == list(values)


@pytest.mark.parametrize("name", SEARCHED)
def test_a_declared_grid_has_a_source_and_holds_the_methods_own_settings(name):
    method = CATALOGUE.get("method", name)
    assert bool(method.search) == bool(method.search_from)
    for dataset in {"demo", "meld", "emorynlp", *method.per_dataset}:
        (search,) = searches(name, datasets=(dataset,))
        own = search.own_point()
        # The authors' run of TSC and the like are points of what is searched around them.
        assert own in search.space, {a: v for a, v in own.items() if v not in search.space.values[a]}


def test_learning_rates_are_a_third_one_and_three_times_the_regimes_default():
    (frozen,) = searches("ce")
    assert list(frozen.space.values) == ["training.head_lr"]
    assert list(frozen.space.values["training.head_lr"].values()) == [0.000333, 0.001, 0.003]
    (small,) = searches("ce", datasets=("meld",))
    third, own, thrice = small.space.values["training.encoder_lr"].values()
    assert own == 5e-5
    assert isclose(third, own / 3, rel_tol=1e-2)
    assert isclose(thrice, own * 3)


def test_eacls_temperatures_are_appendix_bs_on_the_scale_of_the_score():
    printed = (0.05, 0.07, 0.1, 0.15, 0.2)
    assert eacl().search["objective.temperature"] == pytest.approx([2 * value for value in printed])
    assert eacl_literal().search["objective.temperature"] == printed
    assert eacl_official().search["objective.temperature"] == printed
    assert eacl().search["objective.lambda1"] == (0, 0.1, 0.3, 0.5, 0.7, 0.9)
    assert eacl().search["objective.lambda2"] == (0, 0.01, 0.1, 1)


@pytest.mark.parametrize(
    ("name", "address"),
    [("eacl-no-ce", "objective.lambda1"), ("eacl-no-anchor-learning", "objective.lambda2")],
)
def test_what_makes_an_ablation_is_not_searched(name, address):
    assert address not in CATALOGUE.get("method", name).search
    assert "objective.temperature" in CATALOGUE.get("method", name).search


def test_what_is_set_by_hand_is_not_searched():
    (search,) = searches("supcon", settings=["objective.temperature=0.2", "training.epochs=2"])
    assert search.space.fixed == ("objective.temperature",)
    assert "objective.temperature" not in search.space.values
    assert search.plans(search.own_point())[0].resolved.values["objective.temperature"] == 0.2


def test_what_speaks_to_another_method_leaves_a_search_alone():
    ce, supcon = searches("ce", "supcon", settings=["supcon:objective.temperature=0.2"])
    assert (ce.space.fixed, supcon.space.fixed) == ((), ("objective.temperature",))


def test_a_slot_that_is_filled_otherwise_has_nothing_of_the_methods_grid():
    (search,) = searches("supcon", settings=["objective=eacl"])
    assert list(search.space.values) == ["training.head_lr"]


def test_a_search_for_each_combination_and_one_cell_for_each_seed(tuning):
    found = searches("ce", "supcon", datasets=("demo", "meld"))
    assert [search.label() for search in found] == [
        f"{dataset} · {method} · minilm" for dataset in ("demo", "meld") for method in ("ce", "supcon")
    ]
    search = tuning.search()
    plans = search.plans({"system.first": "0.7", "system.second": "0"})
    assert [plan.seed for plan in plans] == [101, 102]
    assert {plan.resolved.values["system.first"] for plan in plans} == {0.7}
    assert all(plan.dev_only for plan in plans)
    assert search.changes({"system.first": "0.7", "system.second": "0"}) == {"system.first": 0.7}


def test_a_search_trains_no_further_readouts():
    (search,) = searches("eacl")
    assert search.own.readouts
    assert not any(plan.readouts for plan in search.plans(search.own_point()))


@pytest.fixture
def spaces(tmp_path):
    """Return a function that writes a file of spaces and plans the searches of methods with it."""

    def spaces(text, *methods, **asked):
        file = tmp_path / "space.toml"
        file.write_text(text, encoding="utf-8")
        return searches(*methods, spaces=read_spaces(file, CATALOGUE.entries("method")), file=file, **asked)

    return spaces


def test_a_file_replaces_a_methods_space(spaces):
    text = '[supcon]\n"objective.temperature" = [0.2, 1, 1.0]\nobjective.log = ["inside", "outside"]\n'
    ce, supcon = spaces(text, "ce", "supcon")
    assert list(ce.space.values) == ["training.head_lr"]
    assert supcon.space.values == {
        "objective.temperature": {"0.2": 0.2, "1.0": 1.0},
        "objective.log": {"inside": "inside", "outside": "outside"},
    }


def test_a_value_may_be_nothing(spaces):
    (search,) = spaces('[spcl]\n"objective.threshold" = ["none", 0.3]\n', "spcl")
    assert search.space.values == {"objective.threshold": {"none": None, "0.3": 0.3}}


def test_everything_that_is_wrong_with_values_is_told_at_once(spaces, tmp_path):
    text = '[supcon]\n"objective.temprature" = [0.1]\n"objective.temperature" = [0.1, -1, "warm"]\n'
    with pytest.raises(ErcBenchError) as refused:
        spaces(text, "supcon")
    place = f"(in {tmp_path / 'space.toml'})"
    assert refused.value.message.splitlines() == [
        "3 things are wrong:",
        f"  supcon: objective.temprature: the chosen objective has no such option; did you mean temperature? {place}",
        f"  supcon: objective.temperature: must be above 0, got -1.0 {place}",
        f"  supcon: objective.temperature: must be a number, got 'warm' {place}",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[supkon]\n", "supkon: there is no such method; did you mean supcon?"),
        ("supcon = 1\n", "supcon: it must be a table, [supcon]"),
        ("[supcon]\n", "supcon: it names no setting"),
        ('[supcon]\n"objective.temperature" = 0.1\n', "supcon: objective.temperature: it must be a list of values"),
        ('[supcon]\n"objective.temperature" = []\n', "supcon: objective.temperature: it must be a list of values"),
        ('[supcon]\nclassifier = ["head", "probe"]\n', "supcon: classifier: a slot cannot be searched"),
        ("[supcon\n", "is no TOML file"),
    ],
)
def test_a_file_that_cannot_be_understood_is_told(spaces, text, sentence):
    with pytest.raises(ErcBenchError) as refused:
        spaces(text, "supcon")
    assert sentence in refused.value.message
    assert "space.toml" in refused.value.message


def test_a_file_that_is_not_there():
    with pytest.raises(ErcBenchError, match=r"there is no file of search spaces nowhere\.toml"):
        read_spaces(Path("nowhere.toml"), ["ce"])


def test_a_method_without_anything_to_search_is_refused():
    with pytest.raises(ErcBenchError, match="majority: there is nothing to search; --space FILE can name settings"):
        searches("majority")
    with pytest.raises(ErcBenchError, match=r"ce: there is nothing to search, since training\.head_lr is set by hand"):
        searches("ce", settings=["training.head_lr=0.1"])


def test_mistakes_of_the_request_are_told_as_in_a_run():
    with pytest.raises(ErcBenchError, match="there is no method 'supkon'; did you mean supcon"):
        searches("supkon")
    with pytest.raises(ErcBenchError, match="did you mean epochs"):
        searches("ce", settings=["training.epoch=1"])


def test_a_declared_value_that_the_option_does_not_admit_is_the_plugins_mistake(monkeypatch):
    method = CATALOGUE.get("method", "supcon")
    monkeypatch.setitem(method.search, "objective.temperature", (0.1, -1))
    with pytest.raises(ErcBenchError, match=r"got -1\.0 \(searched by the method supcon itself\)"):
        searches("supcon")


def test_every_option_of_a_declared_grid_is_one_of_the_methods_own_components():
    for name in SEARCHED:
        method = CATALOGUE.get("method", name)
        for address in method.search:
            slot, _, option = address.partition(".")
            assert option in specs(CATALOGUE.get(slot, method.choices[slot]).Options)
