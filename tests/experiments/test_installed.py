"""What is installed, as a frame."""

import pytest

import erc_bench.api as erc
from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.catalogue import HOOK_OF_KIND


def test_every_kind_is_listed():
    frame = erc.components()
    assert list(frame.columns) == ["kind", "name", "package", "summary", "source", "departures"]
    assert set(frame["kind"]) == set(HOOK_OF_KIND)
    assert (frame[["name", "package", "summary", "source"]] != "").all(axis=None)
    assert set(erc.components("method")["name"]) == set(frame[frame["kind"] == "method"]["name"])


def test_departures_are_listed_where_a_component_says_them():
    frame = erc.components("method").set_index("name")["departures"]
    assert frame["ce"] == ()
    assert len(frame["eacl"]) > 2


def test_an_unknown_kind():
    with pytest.raises(ErcBenchError, match="there is no kind 'methods'; did you mean method"):
        erc.components("methods")
