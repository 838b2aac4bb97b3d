"""Cells whose gold labels are not those of their corpus, or of most cells, are named and left out."""

import gzip
import json

import pytest
from store_fixture import edit_gold, write_status  # loaded by the conftest.py above

from erc_bench.comparison import Tests as Asked
from erc_bench.comparison import compare
from erc_bench.errors import ErcBenchError
from erc_bench.store.index.all_cells import read_cells

CE, EACL = [0.60, 0.62, 0.58], [0.60, 0.61, 0.59]


@pytest.fixture
def two(store):
    """Two methods over three seeds that are as good as each other."""
    store.add_seeds("ce", CE)
    store.add_seeds("eacl", EACL)
    return store


def cells_of(store, method, dataset="meld"):
    return sorted((store.runs / dataset / method).glob("*/*/seed-*"))


def edit(store, method, labels=20, readout=""):
    for folder in cells_of(store, method):
        edit_gold(folder, labels, readout)


def compared(store, unit="both", **wanted):
    # Who edits labels and knows what he does brings the digests of the status up to date.
    for folder in store.runs.glob("*/*/*/*/seed-*"):
        write_status(folder)
    return compare(read_cells(store.runs), tests=Asked(unit=unit), **wanted)


def gold_of(store):
    """Return what looks up the gold labels of the stored cells' corpus."""
    gold = {(dialogue, turn): label for dialogue, turn, label in store.split.rows()}
    return lambda record: gold


def labels(comparison):
    return [row.label for row in comparison.rows]


@pytest.mark.parametrize("unit", ["both", "seed", "dialogue"])
def test_an_edited_method_is_named_and_left_out(two, unit):
    two.add_seeds("supcon", [0.55, 0.57, 0.56])
    edit(two, "eacl")
    comparison = compared(two, unit)
    assert labels(comparison) == ["ce", "supcon"]
    assert comparison.notes == (
        "meld: 3 cells of eacl (seeds 1-3) are left out: 20 of 96 gold labels differ from those of 6 other cells",
    )


def test_no_mark_rests_on_edited_labels(two):
    edit(two, "eacl")
    for folder in cells_of(two, "eacl"):
        metrics = json.loads((folder / "record.json").read_text())["metrics"]
        assert metrics["test"]["weighted_f1"] > metrics["dev"]["weighted_f1"] + 10  # a dagger, were they believed
    comparison = compared(two, gold_of=gold_of(two))
    assert [column.pairs for column in comparison.columns] == [()]


def test_one_edited_cell_leaves_the_others_of_its_row(two):
    edit_gold(cells_of(two, "eacl")[1], 7)
    comparison = compared(two)
    assert comparison.columns[0].scores[1].seeds == (1, 3)
    assert comparison.notes[0] == (
        "meld: 1 cell of eacl (seed 2) is left out: 7 of 96 gold labels differ from those of 5 other cells"
    )


def test_cells_with_differing_edits_share_a_note(two):
    first, second, _ = cells_of(two, "eacl")
    edit_gold(first, 3)
    edit_gold(second, 8)
    assert compared(two).notes[0] == (
        "meld: 2 cells of eacl (seeds 1-2) are left out: 3 to 8 of 96 gold labels differ from those of 4 other cells"
    )


@pytest.mark.parametrize("unit", ["both", "seed"])
def test_the_corpus_names_cells_that_were_all_edited(two, unit):
    edit(two, "ce")
    edit(two, "eacl")
    with pytest.raises(ErcBenchError, match="no finished run can be read") as error:
        compared(two, unit, gold_of=gold_of(two))
    assert error.value.hint.splitlines() == [
        f"meld: 3 cells of {method} (seeds 1-3) are left out: 20 of 96 gold labels differ from the corpus"
        for method in ("ce", "eacl")
    ]


def test_the_corpus_is_right_against_most_cells(two):
    edit(two, "eacl")
    for folder in cells_of(two, "ce")[1:]:
        edit_gold(folder, 5)
    comparison = compared(two, gold_of=gold_of(two))
    assert labels(comparison) == ["ce"]
    assert comparison.columns[0].scores[0].seeds == (1,)


def test_a_corpus_that_is_another_decides_nothing(two):
    edit_gold(cells_of(two, "eacl")[0], 4)
    assert "those of 5 other cells" in compared(two, gold_of=lambda record: None).notes[0]


def test_a_tie_leaves_out_all_and_names_the_remedy(store):
    store.add("ce", 1)
    edit_gold(store.add("eacl", 1), 9)
    store.add_seeds("ce", CE, dataset="emorynlp")
    comparison = compared(store)
    assert [column.dataset for column in comparison.columns] == ["emorynlp"]
    assert comparison.notes[0] == (
        "meld: 1 cell of ce (seed 1) and 1 cell of eacl (seed 1) are left out: 9 of 96 gold labels differ between"
        " them, and no version is that of most cells; the corpus that they were scored on decides (--data-dir or"
        " $ERC_BENCH_DATA)"
    )


def test_a_tie_is_decided_by_the_corpus(store):
    store.add("ce", 1)
    edit_gold(store.add("eacl", 1), 9)
    assert labels(compared(store, gold_of=gold_of(store))) == ["ce"]


def test_cells_that_are_not_shown_decide_with_the_others(two):
    two.add_seeds("supcon", [0.55, 0.57, 0.56])
    edit(two, "eacl")
    with pytest.raises(ErcBenchError) as error:
        compared(two, methods=["eacl"])
    assert "20 of 96 gold labels differ from those of 6 other cells" in error.value.hint


def test_the_folder_decides_where_a_part_of_it_is_shown(two):
    edit(two, "eacl")
    every = read_cells(two.runs)
    two.add_seeds("supcon", [0.55, 0.57, 0.56])
    some = [cell for cell in every if cell.method == "eacl"]
    with pytest.raises(ErcBenchError) as error:
        compare(some, all_cells=read_cells(two.runs))
    assert "those of 6 other cells" in error.value.hint


def test_cells_of_another_corpus_are_held_against_their_own_kind(two):
    folders = two.add_seeds("supcon", [0.5, 0.55, 0.6], data={"fingerprint": "another"})
    for folder in folders[:2]:
        edit_gold(folder, 5)
        (folder / "predictions.csv").write_bytes((folders[0] / "predictions.csv").read_bytes())
        (folder / "record.json").write_text(
            json.dumps(
                json.loads((folder / "record.json").read_text())
                | {"metrics": json.loads((folders[0] / "record.json").read_text())["metrics"]}
            )
        )
    comparison = compared(two)
    assert [len([score for score in column.scores if score]) for column in comparison.columns] == [2, 1]
    assert (
        "meld: 1 cell of supcon (seed 3) is left out: 5 of 96 gold labels differ from those of 2 other cells"
        in comparison.notes
    )


def test_the_file_of_a_further_readout_is_checked_where_it_is_shown(store):
    for seed, accuracy in enumerate(EACL, start=1):
        answers = {"anchor": store.split.answers(0.5, seed)}
        store.add("ce", seed, accuracy=accuracy)
        store.add("eacl", seed, accuracy=accuracy, readouts=answers)
    edit(store, "eacl", readout="anchor")
    assert compared(store).notes == ()
    comparison = compared(store, readouts=["anchor"])
    assert labels(comparison) == ["ce", "eacl"]
    assert comparison.notes[0] == (
        "meld: 3 cells of eacl as read by anchor (seeds 1-3) are left out: 20 of 96 gold labels differ from those of"
        " 6 other cells"
    )


def test_packed_predictions_are_checked(two):
    for method in ("ce", "eacl"):
        for folder in cells_of(two, method):
            file = folder / "predictions.csv"
            (folder / "predictions.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
            file.unlink()
    edit_gold(cells_of(two, "eacl")[2], 6)
    assert compared(two).notes[0] == (
        "meld: 1 cell of eacl (seed 3) is left out: 6 of 96 gold labels differ from those of 5 other cells"
    )


def test_other_utterances_are_named(two):
    folder = cells_of(two, "eacl")[0]
    file = folder / "predictions.csv"
    file.write_text(file.read_text().replace("\n0,0,", "\n99,0,"))
    assert compared(two).notes[0] == (
        "meld: 1 cell of eacl (seed 1) is left out: 1 of the utterances answered are not scored there;"
        " 1 of 96 utterances are missing"
    )


@pytest.mark.parametrize("unit", ["both", "seed"])
def test_a_record_that_its_predictions_do_not_give_is_left_out(two, unit):
    file = cells_of(two, "eacl")[0] / "record.json"
    record = json.loads(file.read_text())
    record["metrics"]["test"]["weighted_f1"] += 1
    file.write_text(json.dumps(record))
    comparison = compared(two, unit)
    assert comparison.columns[0].scores[1].seeds == (2, 3)
    assert "its record says weighted_f1" in comparison.notes[0]


def test_the_order_of_a_file_is_no_difference(two):
    for folder in cells_of(two, "eacl"):
        head, *rows = (folder / "predictions.csv").read_text().splitlines(keepends=True)
        (folder / "predictions.csv").write_text("".join([head, *reversed(rows)]))
    assert compared(two, gold_of=gold_of(two)).notes == ()
