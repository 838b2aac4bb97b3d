"""From a suite to requests, and tables that the grid cannot fill."""

import pytest

from erc_bench.errors import ErcBenchError
from erc_bench.planning.grid import plan_grids
from erc_bench.planning.run_requests import SweepRequest
from erc_bench.planning.settings import parse_override
from erc_bench.planning.suites.grid import check_tables, suite_requests
from erc_bench.plugin_host.catalogue import Catalogue

SMALL = """
methods = ["majority", "ce", "eacl"]
datasets = ["demo", "meld"]
backbones = ["minilm", "simcse"]
seeds = 2
"""


@pytest.fixture
def plans(read):
    """Return a function from the text of a suite and ``--set`` texts to plans."""

    def plans(text="", *typed, grid=SMALL, **asked):
        overrides = [parse_override(each) for each in typed]
        return plan_grids(suite_requests(read(text, grid), SweepRequest(suite="", **asked), overrides), Catalogue())

    return plans


def labels(plans):
    return [plan.label() for plan in plans]


def of(plans, method, dataset="meld"):
    return next(p for p in plans if (p.address.method, p.address.dataset) == (method, dataset))


def test_the_grid_is_that_of_run(plans):
    found = plans()
    assert len(found) == 2 * (2 * 2 * 2 + 2)
    assert labels(found)[:5] == [
        "demo · majority · none · seed 1",
        "demo · ce · minilm · seed 1",
        "demo · eacl · minilm · seed 1",
        "demo · ce · simcse · seed 1",
        "demo · eacl · simcse · seed 1",
    ]


def test_a_suite_is_stronger_than_a_method_and_weaker_than_what_is_typed(plans):
    text = "[training]\nepochs = 3\n[method.eacl.training]\nepochs = 4\n[method.eacl.objective]\ntemperature = 0.7\n"
    found = plans(text)
    eacl, ce = of(found, "eacl"), of(found, "ce")
    assert (eacl.resolved.values["training.epochs"], ce.resolved.values["training.epochs"]) == (4, 3)
    assert eacl.resolved.values["objective.temperature"] == 0.7
    assert eacl.resolved.origins["objective.temperature"] == "suite trial"
    typed = plans(text, "training.epochs=1")
    assert {of(typed, name).resolved.values["training.epochs"] for name in ("ce", "eacl")} == {1}
    assert of(typed, "eacl").resolved.origins["training.epochs"] == "--set"
    assert dict(of(typed, "ce").resolved.overrides) == {"training.epochs": 1}


def test_a_cell_of_a_suite_is_the_cell_of_the_same_run(plans):
    typed = [plan.address for plan in plans("", "training.epochs=3", "eacl:objective.temperature=0.7")]
    text = "[training]\nepochs = 3\n[method.eacl.objective]\ntemperature = 0.7\n"
    assert [plan.address for plan in plans(text)] == typed


def test_axes_span_a_grid_in_which_each_cell_is_once(plans):
    text = "[axes]\ntraining.epochs = [1, 2]\nmethod.eacl.objective.temperature = [0.1, 0.2, 0.3]\n"
    found = plans(text, grid=SMALL.replace('"demo", ', "").replace(', "simcse"', ""))
    assert len(found) == len({plan.address for plan in found}) == 2 * (1 + 2 + 6)
    eacl = [p.resolved.values for p in found if p.address.method == "eacl" and p.seed == 1]
    assert [(v["training.epochs"], v["objective.temperature"]) for v in eacl] == [
        (epochs, temperature) for epochs in (1, 2) for temperature in (0.1, 0.2, 0.3)
    ]
    # Seeds come first: a grid that is cut short still holds complete pairs.
    assert [plan.seed for plan in found] == sorted(plan.seed for plan in found)


def test_an_axis_is_stronger_than_a_setting_and_weaker_than_what_is_typed(plans):
    text = "[method.eacl.training]\nepochs = 9\n[axes]\ntraining.epochs = [1, 2]\n"
    assert {p.resolved.values["training.epochs"] for p in plans(text) if p.address.method == "eacl"} == {1, 2}
    typed = plans(text, "training.epochs=5")
    assert {p.resolved.values["training.epochs"] for p in typed if p.address.method == "eacl"} == {5}
    assert len(typed) == len(plans())


def test_slots_can_be_filled_and_be_axes(plans):
    found = plans("[axes.choices]\nclassifier = ['head', 'centroid']\n")
    assert {p.choices()["classifier"] for p in found if p.address.method == "ce"} == {"head", "centroid"}


def test_backbones_and_readouts_of_one_method(plans):
    found = plans("readouts = ['centroid']\n[method.eacl]\nbackbones = ['simcse']\n[method.ce]\nreadouts = ['head']\n")
    met = {name: {p.address.backbone for p in found if p.address.method == name} for name in ("ce", "eacl", "majority")}
    assert met == {"ce": {"minilm", "simcse"}, "eacl": {"simcse"}, "majority": {"none"}}
    assert list(of(found, "ce").readouts) == []
    assert "centroid" in of(found, "eacl").readouts


def test_seeds_and_a_limit_that_are_typed(plans):
    found = plans(seeds=(7,), limit=3)
    assert {(plan.seed, plan.limit) for plan in found} == {(7, 3)}


def test_all_mistakes_come_at_once_and_once_for_all_axes(plans):
    text = """
        readouts = ["probbe"]
        [training]
        epochs = 0
        [objective]
        temperature = 1
        [method.eakl.training]
        epochs = 3
        [axes]
        encoder.window = [0, 1]
    """
    with pytest.raises(ErcBenchError) as error:
        plans(text)
    first, *lines = error.value.message.splitlines()
    assert first == f"{len(lines)} things are wrong:"
    assert len(set(lines)) == len(lines)
    told = "\n".join(lines)
    assert (
        "suite trial eakl:training.epochs speaks to the method 'eakl', which is not selected; did you mean eacl?"
        in told
    )
    assert "training.epochs: must be at least 1, got 0 (suite trial)" in told
    assert "ce: objective.temperature: the chosen objective has no options" in told
    assert "there is no classifier 'probbe'; did you mean probe?" in told
    assert "[method.METHOD.SLOT]" in error.value.hint


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("readouts = ['centroid']", "a table shows the readout 'centroid', which reads no cell"),
        ("baseline = 'ce/deberta'", "the baseline ce has no cell with the backbone 'deberta'"),
        ("metric = 'micro_f1'", "a table shows micro_f1, and demo scores all its labels"),
    ],
)
def test_a_table_that_the_grid_cannot_fill_is_refused_before_anything_trains(read, plans, table, sentence):
    text = f"[[table]]\n{table}\n"
    with pytest.raises(ErcBenchError) as error:
        check_tables(read(text, SMALL).tables, plans(text))
    assert sentence in error.value.message


def test_tables_that_the_grid_fills_pass(read, plans):
    text = """
        readouts = ["centroid"]
        [[table]]
        baseline = "ce/simcse"
        readouts = ["centroid", "head", "nearest-anchor"]
        datasets = ["meld"]
    """
    check_tables(read(text, SMALL).tables, plans(text))


def test_a_method_may_meet_some_of_the_datasets_alone(plans):
    found = plans('[method.eacl]\ndatasets = ["meld"]\n')
    assert {p.address.dataset for p in found if p.address.method == "eacl"} == {"meld"}
    assert {p.address.dataset for p in found if p.address.method == "ce"} == {"demo", "meld"}


def test_a_suite_or_its_command_asks_for_the_audit_of_every_cell_that_has_epochs(plans):
    for found in (plans("audit = true"), plans(audit=True)):
        assert {plan.audit for plan in found if plan.address.method == "majority"} == {False}
        assert {plan.audit for plan in found if plan.address.method != "majority"} == {True}
    assert not any(plan.audit for plan in plans())


def test_an_audit_does_not_change_what_a_cell_is(plans):
    assert [plan.address for plan in plans()] == [plan.address for plan in plans(audit=True)]


def test_a_table_of_audits_needs_audited_cells(plans, read):
    tables = read("[[table]]\naudit = true").tables
    with pytest.raises(ErcBenchError, match="a table shows the selection audit, and no cell is audited"):
        check_tables(tables, plans())
    check_tables(tables, plans(audit=True))


def test_representations_are_kept_where_the_suite_or_its_command_asks_for_them(plans):
    for found in (plans("save_representations = true"), plans(save_representations=True)):
        assert {plan.save_representations for plan in found if plan.address.method == "majority"} == {False}
        assert {plan.save_representations for plan in found if plan.address.method != "majority"} == {True}
        assert [plan.address for plan in found] == [plan.address for plan in plans()]
    assert not any(plan.save_representations for plan in plans())


def test_models_are_saved_where_the_suite_or_its_command_asks_for_them(plans):
    for found in (plans("save_model = true"), plans(save_model=True)):
        assert {plan.save_model for plan in found} == {True}
        assert [plan.address for plan in found] == [plan.address for plan in plans()]
    assert not any(plan.save_model for plan in plans())
