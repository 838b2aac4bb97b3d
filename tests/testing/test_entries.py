"""Every installed component passes the checks that plugin authors are given."""

import pytest

import erc_bench.api as erc
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.entries import entry_findings

CATALOGUE = Catalogue()
ENTRIES = [entry for kind in ("dataset", "observer") for entry in CATALOGUE.entries(kind).values()]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind} {entry.name}")
def test_an_installed_component_passes(entry, tmp_path):
    findings = entry_findings(entry, CATALOGUE, data_dir=tmp_path)
    assert {finding.name: finding.measured for finding in findings if finding.outcome == "failed"} == {}
    assert any(finding.outcome == "passed" for finding in findings)


def test_an_encoder_is_checked_with_the_backbone_that_is_asked_for(tiny_roberta):
    entry = CATALOGUE.entries("encoder")["prompt"]
    findings = entry_findings(entry, CATALOGUE, backbone=str(tiny_roberta))
    assert {finding.name: finding.measured for finding in findings if finding.outcome == "failed"} == {}
    with pytest.raises(erc.ErcBenchError, match="there is no backbone 'minlm'; did you mean minilm"):
        entry_findings(entry, CATALOGUE, backbone="minlm")


@pytest.mark.parametrize("kind", ["objective", "classifier", "backbone"])
def test_every_kind_has_its_checks(kind):
    entry = next(iter(CATALOGUE.entries(kind).values()))
    names = {finding.name for finding in entry_findings(entry, CATALOGUE)}
    assert {"name", "source", "options", "imports"} < names
