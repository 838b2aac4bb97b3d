"""Whether finished cells are stale, asked of their records alone."""

import json

import pytest
import store_fixture

from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.running.staleness import Outlook, Staleness
from erc_bench.store.reading import read_cell
from erc_bench.training import core_versions

FROZEN = ("encoder.trainable=none", "training.epochs=2")


@pytest.fixture
def look(grid):
    """Return why cells are stale by method, and what was told."""

    def look(data_dir=None, catalogue=None):
        told = []
        staleness = Staleness(catalogue or Catalogue(), data_dir or grid.data_dir, told.append)
        cells = [read_cell(folder) for folder in grid.folders()]
        reasons = staleness.reasons((cell.folder, cell.record) for cell in cells)
        return {folder.parts[-4]: reason for folder, reason in reasons.items()}, told

    return look


@pytest.fixture
def ran(grid):
    grid.run("eacl", "majority", settings=FROZEN, readouts=("centroid",))
    return grid


def change(grid, method, **inputs):
    """Write into a record that its inputs were others."""
    (folder,) = [folder for folder in grid.folders() if folder.parts[-4] == method]
    record = json.loads((folder / "record.json").read_text())
    code = record["inputs"]["code"] | inputs.pop("code", {})
    record["inputs"] |= inputs | {"code": code}
    (folder / "record.json").write_text(json.dumps(record))
    store_fixture.write_status(folder)


def test_cells_that_ran_just_now_are_not_stale(ran, look):
    assert look() == ({}, [])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"data": "0"}, "the data changed since"),
        ({"backbone": "0"}, "the backbone changed since"),
        ({"code": {"objective": "0", "centroid": "0"}}, "the code of objective and the code of centroid changed since"),
        ({"data": "0", "code": {"backbone": "0"}}, "the data and the code of backbone changed since"),
    ],
)
def test_what_changed_is_named(ran, look, changed, reason):
    change(ran, "eacl", **changed)
    assert look() == ({"eacl": reason}, [])


@pytest.mark.parametrize(
    ("part", "stale"),
    [
        ("features", {"eacl"}),
        ("losses", {"eacl", "majority"}),
        ("loop", {"eacl"}),
        ("readout", {"eacl"}),
        ("metrics", {"eacl", "majority"}),
        ("fine-tuning", set()),
    ],
)
def test_a_new_version_of_a_part_makes_those_stale_that_used_it(ran, look, monkeypatch, part, stale):
    now = core_versions.CORE_VERSIONS
    monkeypatch.setattr(core_versions, "CORE_VERSIONS", {**now, part: now[part] + 1})
    reason = f"the core's {part} ({now[part]} → {now[part] + 1}) changed since"
    assert look() == (dict.fromkeys(stale, reason), [])
    states = {plan.address.method: find_now(ran, plan).state for plan in plans_of(ran)}
    assert states == {method: "stale" if method in stale else "done" for method in ("eacl", "majority")}


def plans_of(grid):
    return grid.plans(("eacl", "majority"), settings=FROZEN, readouts=("centroid",))


def find_now(grid, plan):
    """Look at a cell as the run does."""
    return Outlook(grid.runs, grid.data_dir, lambda _: None).find(plan)


def test_a_cell_whose_language_model_trains_does_not_use_frozen_features(grid, look, monkeypatch):
    grid.run("ce", settings=("training.epochs=1",))
    now = core_versions.CORE_VERSIONS
    monkeypatch.setattr(core_versions, "CORE_VERSIONS", {**now, "features": now["features"] + 1})
    assert look() == ({}, [])
    monkeypatch.setattr(core_versions, "CORE_VERSIONS", {**now, "fine-tuning": now["fine-tuning"] + 1})
    assert list(look()[0]) == ["ce"]


def test_cells_from_before_the_versions_are_stale_and_told_once(ran, look):
    for folder in ran.folders():
        record = json.loads((folder / "record.json").read_text())
        del record["inputs"]["core"]
        (folder / "record.json").write_text(json.dumps(record))
        store_fixture.write_status(folder)
    reason = "the core, which had no versions then, changed since"
    assert look() == ({"eacl": reason, "majority": reason}, [])


def test_a_system_has_code_and_data_and_no_backbone(ran, look):
    change(ran, "majority", code={"system": "0"}, data="0")
    assert look() == ({"majority": "the data and the code of system changed since"}, [])


def test_a_corpus_that_changed_on_disk(ran, look, tools):
    tools.rewrite(ran.data_dir / "meld" / "train_sent_emo.csv", lambda rows: rows[0].update(Utterance="another one"))
    reasons, told = look()
    assert reasons == dict.fromkeys(("eacl", "majority"), "the data changed since")
    assert told == []


def test_a_corpus_that_is_gone_is_told_once_and_makes_nothing_stale(ran, look, tmp_path):
    change(ran, "eacl", code={"objective": "0"})
    reasons, told = look(data_dir=tmp_path / "nothing")
    assert reasons == {"eacl": "the code of objective changed since"}
    (sentence,) = told
    assert sentence.startswith("the corpus meld was not looked at: ")


def test_a_backbone_and_a_method_that_are_gone_are_told(ran, look):
    (folder,) = [folder for folder in ran.folders() if folder.parts[-4] == "eacl"]
    record = json.loads((folder / "record.json").read_text())
    record["settings"]["backbone.path"] = "/nowhere/at/all"
    record["choices"]["objective"] = "uninstalled"
    (folder / "record.json").write_text(json.dumps(record))
    store_fixture.write_status(folder)
    reasons, told = look()
    assert reasons == {}
    assert [sentence.partition(" was not looked at: ")[0] for sentence in told] == [
        f"the backbone {record['backbone']}",
        "the code of the objective",
    ]
    assert "there is no objective 'uninstalled'" in told[1]


def test_a_backbone_that_is_gone_is_not_taken_for_another_one(ran, look):
    """One of a file, say, that is not named: what loads hub ids and folders does not stand for it."""
    (folder,) = [folder for folder in ran.folders() if folder.parts[-4] == "eacl"]
    record = json.loads((folder / "record.json").read_text())
    record |= {"backbone": "own"}
    record["provenance"]["plugins"] = [{"file": "own.py", "sha256": "0"}]
    record["settings"].pop("backbone.path")
    record["inputs"]["code"]["backbone"] = "0"
    folder.parent.parent.rename(folder.parents[2] / "own")
    moved = folder.parents[2] / "own" / folder.parent.name / folder.name
    (moved / "record.json").write_text(json.dumps(record))
    store_fixture.write_status(moved)
    reasons, told = look()
    assert reasons == {}
    assert len(told) == 2
    for what, sentence in zip(("the backbone own", "the code of the backbone"), told, strict=True):
        assert sentence.startswith(f"{what} was not looked at: there is no backbone 'own'; ")
        assert sentence.endswith("; the cell ran with --plugin own.py: say so here, too")
