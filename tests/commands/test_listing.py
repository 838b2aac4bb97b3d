"""``erc-bench list``."""

import re
from importlib.metadata import EntryPoint

import pytest

from erc_bench.plugin_host.catalogue import KINDS, Catalogue


@pytest.mark.parametrize("kind", KINDS)
def test_every_component_is_on_a_line_of_its_own_with_its_package_and_source(command, kind):
    outcome = command("list", f"{kind}s")
    assert (outcome.code, outcome.err) == (0, "")
    lines = [line.strip() for line in outcome.out.splitlines()]
    assert lines[0] == f"{kind}s"
    for entry in Catalogue().entries(kind).values():
        summary = entry.component.summary if kind == "method" else entry.component.summary()
        assert any(re.fullmatch(rf"{entry.name} +erc-bench +{re.escape(summary)}", line) for line in lines)
        assert entry.component.source in lines


def test_without_a_kind_all_are_listed(command):
    outcome = command("list")
    assert outcome.code == 0
    titles = [line.strip() for line in outcome.out.splitlines() if line.strip() in {f"{kind}s" for kind in KINDS}]
    assert titles == [f"{kind}s" for kind in KINDS]


def test_an_unknown_kind_is_refused_with_the_known_ones(command):
    outcome = command("list", "dataset")
    assert outcome.code == 2
    assert "'datasets'" in outcome.err


def test_broken_plugins_are_named_beside_the_list(command, monkeypatch):
    point = EntryPoint("dataset.lost", "a_module_that_nobody_has", "erc_bench")
    monkeypatch.setattr("erc_bench.plugin_host.catalogue.entry_points", lambda group: [point])
    outcome = command("list", "datasets")
    assert outcome.code == 0
    assert outcome.err == (
        "Warning: plugin dataset.lost = a_module_that_nobody_has of unknown package is left out: "
        "ModuleNotFoundError: No module named 'a_module_that_nobody_has'\n"
    )


def test_brackets_of_a_source_are_no_markup(command, monkeypatch):
    monkeypatch.setattr(Catalogue().get("dataset", "demo"), "source", "see [bold]this[/bold] [1]")
    assert "see [bold]this[/bold] [1]" in command("list", "datasets").out
