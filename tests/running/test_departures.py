"""What a grid tells of a corpus that is not the published one."""

import pytest

import erc_bench.api as erc
from erc_bench.training.events import Noted, Progress
from erc_bench_plugins.datasets.meld import Meld

FIRST = "meld: the train split holds 6 dialogues and 24 utterances (24 labelled) where the published corpus has 1038"


class Notes(Progress):
    """Keeps the notes."""

    def __init__(self):
        self.lines = []

    def hear(self, event):
        if isinstance(event, Noted):
            self.lines.append(event.text)


def notes_of(grid, **asked):
    progress = Notes()
    outcome = grid.run("majority", progress=progress, **asked)
    assert outcome.ran
    assert not outcome.failed
    return progress.lines


def test_it_is_noted_once_for_all_cells_and_kept_in_their_records(grid, tools):
    (note,) = notes_of(grid, seeds=(1, 2))
    assert note.startswith(FIRST)
    assert note.endswith("; see erc-bench data verify meld")
    for folder in grid.folders():
        lines = tools.record(folder)["data"]["departures"]
        assert [line.split()[1] for line in lines] == ["train", "dev", "test"]
        assert note == f"meld: {'; '.join(lines)}; see erc-bench data verify meld"


def test_a_limit_does_not_change_what_the_whole_corpus_is_compared_with(grid):
    (note,) = notes_of(grid, limit=2)
    assert note.startswith(FIRST)


@pytest.mark.parametrize("limit", [None, 2])
def test_a_corpus_with_the_published_counts_gets_no_note(grid, tools, monkeypatch, limit):
    sizes = {"train": 6, "dev": 3, "test": 4}
    monkeypatch.setattr(Meld, "counts", {name: erc.SplitCounts(n, 4 * n, 4 * n) for name, n in sizes.items()})
    assert notes_of(grid, limit=limit) == []
    assert [tools.record(folder)["data"]["departures"] for folder in grid.folders()] == [[]]
