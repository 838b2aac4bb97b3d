"""The selection audit: on record for every epoch, and without any effect."""

import pytest

TWO = ("training.epochs=2",)


def runs_of(grid, tmp_path, method, **asked):
    """Run a method with and without the audit; return the two folders."""
    grid.run(method, settings=TWO, **asked)
    other = tmp_path / "audited"
    grid.run(method, settings=TWO, runs=other, audit=True, **asked)
    (plain,), (audited,) = grid.folders(), grid.folders(other)
    return plain, audited


@pytest.mark.parametrize("method", ["ce", "eacl", "spcl-cl"])
def test_an_audit_changes_no_answer_and_no_choice(grid, tmp_path, tools, method):
    plain, audited = runs_of(grid, tmp_path, method, readouts=("probe",))
    for name in tools.content(plain):
        if name.startswith("predictions") or name == "arrays.safetensors":
            assert tools.content(plain, name) == tools.content(audited, name)
    before, after = tools.record(plain), tools.record(audited)
    assert plain.name == audited.name
    assert before["settings_hash"] == after["settings_hash"]
    for key in ("metrics", "selection", "readouts_metrics", "readouts_selection", "readouts_epochs"):
        assert before[key] == after[key]
    assert "audit" not in before


def test_the_epoch_that_was_chosen_has_the_score_that_is_reported(grid, tools):
    grid.run("ce", settings=TWO, audit=True)
    (folder,) = grid.folders()
    record = tools.record(folder)
    audit = record["audit"]
    assert audit["chosen_from"] == "training"
    assert len(audit["training"]) == 2
    assert audit["readout"] == []
    chosen = audit["training"][record["selection"]["epoch"] - 1]
    assert {name: record["metrics"]["test"][name] for name in chosen} == chosen


def test_a_classifier_that_is_fitted_after_training_is_audited_epoch_by_epoch(grid, tools):
    grid.run("eacl", settings=TWO, audit=True)
    (folder,) = grid.folders()
    record = tools.record(folder)
    audit = record["audit"]
    assert audit["chosen_from"] == "readout"
    assert len(audit["training"]) == 2
    assert len(audit["readout"]) == len(record["readouts_epochs"]["anchor"]) > 1
    chosen = audit["readout"][record["readouts_selection"]["anchor"]["epoch"] - 1]
    assert {name: record["metrics"]["test"][name] for name in chosen} == chosen


def test_a_cell_without_an_audit_is_missing_where_one_is_asked_for_and_not_the_other_way_round(grid):
    assert len(grid.run("ce").ran) == 1
    assert len(grid.run("ce", audit=True).ran) == 1
    assert len(grid.run("ce", audit=True).skipped) == 1
    assert len(grid.run("ce").skipped) == 1


def test_a_system_of_its_own_has_no_epochs_to_audit(grid, tools):
    assert len(grid.run("majority").ran) == 1
    assert len(grid.run("majority", audit=True).skipped) == 1
