"""The caption counts what was ever scored on test: stored cells, and those that the ledger remembers."""

import shutil

import pytest

from erc_bench.comparison import compare
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.ledger import append, entry_of
from erc_bench.store.reading import read_cell


def sentence(cells, **wanted):
    (found,) = [text for text in compare(cells, **wanted).caption if text.startswith("Configurations")]
    return found


def enter(runs, *folders):
    append(runs, [entry_of(folder, read_cell(folder).record) for folder in folders])


@pytest.fixture
def eacl(store):
    """One configuration of ce, three of eacl, all of them in the ledger; the folders of eacl's cells."""
    folders = [
        store.add("eacl", 1, settings_hash=digit * 12, settings={"training.epochs": number})
        for number, digit in enumerate("abc")
    ]
    enter(store.runs, store.add("ce", 1), *folders)
    return folders


def test_without_a_ledger_stored_cells_are_counted(store):
    store.add("ce", 1)
    assert sentence(read_cells(store.runs)) == "Configurations with test scores in this folder of runs: meld: ce 1."


def test_what_is_there_is_counted_once(store, eacl):
    found = sentence(read_cells(store.runs))
    assert found == "Configurations ever scored on test in this folder of runs: meld: ce 1, eacl 3."


def test_removed_configurations_are_counted_and_named(store, eacl):
    for folder in eacl[:2]:
        shutil.rmtree(folder)
    found = sentence(read_cells(store.runs))
    assert found == "Configurations ever scored on test in this folder of runs: meld: ce 1, eacl 3 (2 of them removed)."


def test_a_method_may_be_gone_from_a_dataset(store, eacl):
    enter(store.runs, other := store.add("ce", 1, dataset="emorynlp"), kept := store.add("eacl", 1, dataset="emorynlp"))
    for folder in (other, *eacl):
        shutil.rmtree(folder)
    assert kept.is_dir()
    assert sentence(read_cells(store.runs)) == (
        "Configurations ever scored on test in this folder of runs: emorynlp: ce 1 (removed), eacl 1;"
        " meld: ce 1, eacl 3 (all removed)."
    )


def test_methods_and_datasets_that_are_not_shown_are_not_counted(store, eacl):
    found = sentence(read_cells(store.runs), methods=["ce"])
    assert found == "Configurations ever scored on test in this folder of runs: meld: ce 1."


def test_cells_of_before_the_ledger_count_as_well(store, eacl):
    store.add("eacl", 1, settings_hash="d" * 12, settings={"training.epochs": 9})
    assert "eacl 4." in sentence(read_cells(store.runs))


def test_a_cell_that_is_there_without_a_score_is_not_removed(store, eacl):
    (eacl[0] / "status.json").unlink()
    assert "eacl 3." in sentence(read_cells(store.runs))


def test_a_part_of_a_folder_is_compared_with_the_ledger_of_the_whole(store, eacl):
    cells = [cell for cell in read_cells(store.runs) if cell.folder not in eacl[1:]]
    assert "ce 1, eacl 3." in sentence(cells)


def test_cells_of_several_folders_have_several_ledgers(store, eacl, tmp_path):
    shutil.copytree(store.runs, tmp_path / "other")
    shutil.rmtree(store.runs / "meld" / "eacl" / "minilm" / ("a" * 12))
    shutil.rmtree(tmp_path / "other" / "meld" / "eacl")
    cells = [*read_cells(store.runs), *read_cells(tmp_path / "other")]
    assert sentence(cells) == (
        "Configurations ever scored on test in these folders of runs: meld: ce 1, eacl 3 (1 of them removed)."
    )


def test_a_line_that_cannot_be_read_is_noted(store, eacl):
    with (store.runs / "ledger.jsonl").open("a") as stream:
        stream.write('{"dataset": "me')
    notes = compare(read_cells(store.runs)).notes
    assert f"{store.runs / 'ledger.jsonl'}, line 5 is cut off or is not an entry: what it named is not counted" in notes
