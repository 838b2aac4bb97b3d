"""``erc-bench doctor``."""

from types import SimpleNamespace

import pytest

import erc_bench.api as erc
from erc_bench import __version__
from erc_bench.plugin_host.catalogue import Catalogue


@pytest.fixture
def doctor(command, tmp_path, monkeypatch):
    """Return a function that runs the command with empty caches and a data directory of its own."""
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path / "cache"))
    return lambda: command("doctor", "--data-dir", tmp_path / "data")


def test_versions_devices_caches_data_and_plugins(doctor, tmp_path):
    outcome = doctor()
    assert (outcome.code, outcome.err) == (0, "")
    rows = dict(line.strip().split(maxsplit=1) for line in outcome.out.splitlines() if len(line.split()) > 1)
    assert rows["erc-bench"] == __version__
    assert "chosen by --device auto" in outcome.out
    assert rows["looked"].endswith(f" {tmp_path / 'data'}")
    assert rows["meld"] == "not found; see erc-bench data status meld"
    assert rows["demo"] == "needs no files"
    assert rows["methods"].startswith("bcl, bioserc-context, ce, ")


def test_a_file_of_components_is_counted(command, tmp_path, monkeypatch):
    monkeypatch.setenv("ERC_BENCH_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "chat.py"
    file.write_text(
        "import erc_bench.api as erc\n\n\nclass Chat(erc.Dataset):\n    name = 'chat'\n    source = 'own'\n"
        "    labels = ('a', 'b')\n\n\n@erc.hookimpl\ndef erc_datasets():\n    return [Chat]\n",
        encoding="utf-8",
    )
    outcome = command("doctor", "--data-dir", tmp_path / "data", "--plugin", file)
    assert outcome.code == 0
    (found,) = (line for line in outcome.out.splitlines() if line.split()[:1] == ["chat"])
    assert "chat" in found


def test_data_that_are_there_are_found(doctor, tmp_path):
    folder = tmp_path / "data" / "meld"
    folder.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (folder / f"{split}_sent_emo.csv").write_text("", encoding="utf-8")
    assert f"csv in {folder}" in doctor().out


def test_plugins_at_fault_are_told_and_the_rest_is_shown(doctor, monkeypatch):
    misspelt = SimpleNamespace(erc_dataset=erc.hookimpl(lambda: []))

    def load(self, kinds, shipped=Catalogue._load):
        shipped(self, kinds)
        if "dataset" in kinds:
            self._register(misspelt, "some-package:x")

    monkeypatch.setattr(Catalogue, "_load", load)
    outcome = doctor()
    assert outcome.code == 0
    assert outcome.out.count("at fault: plugin some-package:x implements the hook 'erc_dataset'") == 2
    assert "minilm" in outcome.out
