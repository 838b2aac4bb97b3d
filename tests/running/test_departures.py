"""What a grid tells of a corpus that is not the published one."""

from pathlib import Path

import pytest

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus
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
    monkeypatch.setattr(Meld, "fingerprints", (load_corpus(Meld(), grid.data_dir).fingerprint,))
    assert notes_of(grid, limit=limit) == []
    assert [tools.record(folder)["data"]["departures"] for folder in grid.folders()] == [[]]


def test_other_content_under_the_published_counts_is_noted_and_recorded(grid, tools, monkeypatch):
    sizes = {"train": 6, "dev": 3, "test": 4}
    monkeypatch.setattr(Meld, "counts", {name: erc.SplitCounts(n, 4 * n, 4 * n) for name, n in sizes.items()})
    (note,) = notes_of(grid)
    assert note.startswith("meld: the counts are the published ones, the content is not (train_sent_emo.csv, ")
    (line,) = tools.record(grid.folders()[0])["data"]["departures"]
    assert note == f"meld: {line}; see erc-bench data verify meld"


def test_turns_out_of_order_are_warned_of_once(grid):
    file = Path(grid.data_dir, "meld", "dev_sent_emo.csv")
    header, first, second, *rest = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([header, second, first, *rest, ""]), encoding="utf-8")
    _, warning = notes_of(grid, seeds=(1, 2))
    assert warning.startswith("meld: warning: turns of 1 of 3 dialogues in dev are out of order")
