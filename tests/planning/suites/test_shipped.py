"""Every suite under benchmarks/suites plans against what is installed."""

from pathlib import Path

import pytest

from erc_bench.planning.grid import plan_grids
from erc_bench.planning.run_requests import SweepRequest
from erc_bench.planning.suites.grid import check_tables, suite_requests
from erc_bench.planning.suites.reading import read_suite
from erc_bench.plugin_host.catalogue import Catalogue

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks" / "suites"
SUITES = sorted(FOLDER.glob("*.toml"))
SEEDS = {"llm-7b": 10, "llm-laptop": 3}
PAPER = ("table2", "table3", "table4", "table5", "table7")


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue()


def test_the_suites_are_there():
    assert {file.stem for file in SUITES} >= {*PAPER, "demo", "laptop"}


@pytest.mark.parametrize("file", SUITES, ids=lambda file: file.stem)
def test_a_shipped_suite_is_planned_whole(file, catalogue):
    suite = read_suite(file)
    assert suite.title
    plans = plan_grids(suite_requests(suite, SweepRequest(suite="")), catalogue)
    check_tables(suite.tables, plans)
    assert {plan.address.method for plan in plans} == set(suite.methods)
    assert {plan.address.dataset for plan in plans} == set(suite.datasets)
    assert {plan.seed for plan in plans} == set(range(1, 1 + SEEDS.get(file.stem, 5)))


@pytest.mark.parametrize("name", PAPER)
def test_the_suites_of_the_paper_share_their_cells(name, catalogue):
    def addresses(suite):
        return {plan.address for plan in plan_grids(suite_requests(suite, SweepRequest(suite="")), catalogue)}

    def row(address):
        return address.dataset, address.method, address.backbone

    mine = addresses(read_suite(FOLDER / f"{name}.toml"))
    for other in PAPER:
        theirs = addresses(read_suite(FOLDER / f"{other}.toml"))
        both = {row(address) for address in mine} & {row(address) for address in theirs}
        assert {address for address in mine if row(address) in both} == {a for a in theirs if row(a) in both}


@pytest.mark.parametrize("name", PAPER)
def test_the_suites_of_the_paper_show_its_table_beside_ours(name):
    suite = read_suite(FOLDER / f"{name}.toml")
    assert suite.tables[0].reported == (f"eacl2024/table-{name[-1]}",)
    assert suite.tables[0].per_class == (name in ("table3", "table7"))


def test_the_speakers_suite_holds_cells_of_the_plain_one_and_the_same_with_shuffled_speakers(catalogue):
    def planned(name):
        return plan_grids(suite_requests(read_suite(FOLDER / f"{name}.toml"), SweepRequest(suite="")), catalogue)

    plain = {plan.address: plan.resolved.values for plan in planned("dialogue-laptop-plain")}
    speakers = {plan.address: plan.resolved.values for plan in planned("dialogue-laptop-speakers")}
    shuffled = [values for address, values in speakers.items() if address not in plain]
    assert len(speakers) == 2 * len(shuffled) == 120
    for values in shuffled:
        assert {**values, "dialogues.speakers": "given"} != values
        assert {name: value for name, value in values.items() if name != "dialogues.speakers"} in plain.values()


def test_the_laptop_suite_is_frozen_and_holds_every_method_that_reads_its_prompt(catalogue):
    suite = read_suite(FOLDER / "laptop.toml")
    plans = plan_grids(suite_requests(suite, SweepRequest(suite="")), catalogue)
    assert {plan.resolved.regime for plan in plans if plan.backbone is not None} == {"frozen"}
    assert {"meld", "emorynlp", "dailydialog"} == set(suite.datasets)
    shipped = {
        name
        for name, entry in catalogue.entries("method").items()
        if entry.package == "erc-bench" and entry.component.choices.get("encoder", "prompt") == "prompt"
        if not (system := entry.component.system) or not (system.needs_backbone or system.sends_text)
        # Nothing of it is left where nothing trains.
        if entry.component.settings.get("encoder.trainable") != "lora"
    }
    assert "eacl" in shipped
    assert shipped <= set(suite.methods)
