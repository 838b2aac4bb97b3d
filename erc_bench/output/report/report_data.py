"""The request for a report, and its content: plain values, ready to be set as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erc_bench.comparison.comparison_data import Column, Comparison, Family, Score, TableRow
from erc_bench.comparison.requested_tests import Tests
from erc_bench.corpora.corpus import configured, load_corpus
from erc_bench.errors import ErcBenchError
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.store.reading import StoredCell

FIGURES = ("forest", "seeds", "curves", "calibration", "anchors")
"""The kinds of figures that a report shows, in this order. Confusions have a room of their own."""


@dataclass(frozen=True)
class ReportRequest:
    """A request for a report; the names mean the same as in ``compare``.

    ``include_text`` puts in the text of corpora whose licence forbids passing it on. ``figures``
    are kinds of :data:`erc_bench.output.figures.KINDS`; those that have a panel for each row show a few rows
    of each dataset unless ``all_rows`` is set, for drawing hundreds of panels takes minutes.
    """

    datasets: Sequence[str] = ()
    methods: Sequence[str] = ()
    baseline: str | None = None
    metric: str | None = None
    readouts: Sequence[str] = ()
    reported: Sequence[str] = ()
    alpha: float = 0.05
    family: Family = "dataset"
    tests: Tests = field(default_factory=Tests)
    title: str = ""
    data_dir: Path | None = None
    include_text: bool = False
    figures: Sequence[str] = FIGURES
    all_rows: bool = False


@dataclass(frozen=True)
class ReportRow:
    """One row on one dataset: its score, and the stored cell of every seed."""

    column: Column
    row: TableRow
    score: Score
    cells: Mapping[int, StoredCell]

    @property
    def record(self) -> Mapping[str, Any]:
        """The record of the first seed."""
        return self.cells[self.score.seeds[0]].record


@dataclass(frozen=True)
class Picture:
    """One figure: ``source`` is the address of an image that holds it."""

    name: str
    title: str
    caption: str
    source: str


@dataclass(frozen=True)
class Text:
    """The utterances of a test split as far as they may be shown.

    ``dialogues`` maps ids to turns (speaker, text), and is empty where there is no text; ``words``
    describe the text, or say why there is none.
    """

    words: str
    dialogues: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """Everything that the page shows.

    ``explorer`` is an object of plain JSON values, the data of the confusion explorer. ``notes`` name everything left
    out of the report.
    """

    title: str
    protocol: tuple[str, ...]
    comparison: Comparison
    per_class: Comparison | None
    shown: tuple[ReportRow, ...]
    explorer: Mapping[str, Any]
    texts: Mapping[str, Text]
    pictures: tuple[Picture, ...] = ()
    picture_notes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


HOW_TO_GET_TEXT = "Make the report where the corpus is (--data-dir, or erc-bench data fetch)"


def read_text(
    catalogue: Catalogue, record: Mapping[str, Any], data_dir: Path | None, include_text: bool
) -> tuple[Text, str]:
    """Return the test utterances that a record's run was scored on, and a note ("" where all went well).

    Text of another corpus than the run's is never shown, and text that the licence forbids to pass
    on only where ``include_text`` says so.
    """
    name = str(record["dataset"])
    try:
        dataset = catalogue.get("dataset", name)
    except ErcBenchError as error:
        words = f"No text of {name}: no dataset of this name is installed, so its licence is unknown."
        return Text(words), error.message
    if not (dataset.redistributable or include_text):
        return Text(f"Text of {name} is left out, its licence does not allow to pass it on: {dataset.licence}."), ""
    try:
        found = load_corpus(configured(dataset, record), data_dir)
    except Exception as error:  # a dataset is foreign code, and a report is worth having without its texts
        reason = error.message if isinstance(error, ErcBenchError) else f"{type(error).__name__}: {error}"
        return Text(f"No text of {name}: its files were not found. {HOW_TO_GET_TEXT}."), reason
    if found.fingerprint != record.get("data", {}).get("fingerprint"):
        words = f"No text of {name}: the corpus at hand is not the one that these runs were scored on."
        return Text(words), f"{name}: the corpus at hand has another fingerprint than that of the runs"
    test = found.splits.limited(record.get("limit")).test
    turns = {dialogue.id: [(turn.speaker, turn.text) for turn in dialogue.utterances] for dialogue in test}
    return Text(f"Text of {name}: {dataset.source}. Licence: {dataset.licence}.", turns), ""
