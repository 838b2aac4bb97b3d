"""Notes are said once, whatever the number of datasets."""

from erc_bench.comparison import compare
from erc_bench.output.figures.figure_data import said_once


def test_notes_of_several_datasets_are_one(filled):
    columns = compare(filled.cells()).columns
    notes = ["meld: a", "ce is odd: b", "emorynlp: a", "meld: c", "meld: a", "talk: a", "ce is odd: b", "meld: "]
    assert said_once(notes, columns) == ("meld, emorynlp: a", "ce is odd: b", "meld: c", "talk: a", "meld: ")
    assert said_once(said_once(notes, columns), columns) == said_once(notes, columns)


def test_a_figure_says_a_note_of_all_datasets_once(runs, store):
    for dataset in ("meld", "emorynlp"):
        for seed in (1, 2):
            store.add("supcon", seed, dataset=dataset, provenance={"inert_terms": ["contrastive"]})
    (drawn,) = runs.draw("seeds")
    (note,) = [note for note in drawn.notes if "reach no parameter" in note]
    assert note.startswith("emorynlp, meld: supcon has loss terms") or note.startswith("meld, emorynlp: supcon has")
