"""What may be asked of stored runs: one request for each command and function, each declared once.

Everything here is light to import: ``--help`` reads it, and suites do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union

from erc_bench.planning.asked import Asked, StrPath, asked, shared
from erc_bench.planning.run_requests import PLUGIN, Several

if TYPE_CHECKING:
    import pandas as pd

    from erc_bench.comparison.requested_tests import Tests

    Runs: TypeAlias = StrPath | pd.DataFrame
else:
    # The command line says a text; a frame is read where it is used.
    Runs = Union[StrPath, Any]  # noqa: UP007

Metric = Literal["weighted_f1", "macro_f1", "accuracy", "micro_f1"]
TestName = Literal["paired-t", "sign-flip", "wilcoxon", "welch", "mann-whitney"]
Correction = Literal["holm", "hochberg", "bh", "bonferroni"]
Family = Literal["dataset", "table", "shown"]
Unit = Literal["seed", "dialogue", "both"]
Cluster = Literal["dialogue", "episode", "session", "script"]
Figure = Literal["forest", "seeds", "curves", "calibration", "anchors", "confusion", "representations"]
By = Literal["slice", "speaker"]
State = Literal["done", "failed", "interrupted", "half-written", "damaged", "partial", "stale"]
_GOLD_DIR = "Corpora, which gold labels are held against. Default: $ERC_BENCH_DATA, else a cache."
USUAL_BASELINE = "ce, else supcon, else the first of the methods shown"


@dataclass(frozen=True)
class RowsRequest(Asked):
    """Which stored rows are shown, and what they are compared with."""

    runs: Runs = asked("runs", "Folder of runs.")
    datasets: Sequence[str] = asked((), "Only this dataset; may be repeated.", several=True)
    methods: Sequence[str] = asked((), "Only this method; may be repeated. The order is kept.", several=True)
    baseline: str | None = asked(
        None, "Method (or METHOD/BACKBONE) that the others are compared with.", usual=USUAL_BASELINE
    )
    metric: Metric | None = asked(None, "Metric of the tables.", usual="the dataset's own")
    _: KW_ONLY
    readouts: Sequence[str] = asked(
        (), "Add rows as this classifier read them; may be repeated.", several=True, metavar="TEXT"
    )
    alpha: float = asked(0.05, "Level of significance; intervals have the level 1 - alpha.", above=0, below=1)
    plugins: Several = asked((), PLUGIN, several=True, metavar="PATH.py")


@dataclass(frozen=True, kw_only=True)
class TableRequest(RowsRequest):
    """Which tests are made of the rows, and what stands beside them."""

    reported: Sequence[str] = asked(
        (),
        "Add published numbers as rows of their own: eacl2024, or one of its tables, eacl2024/table-4.",
        several=True,
        metavar="NAME[/TABLE]",
    )
    family: Family = asked(
        "dataset",
        "Tests that are corrected together: those of all rows of one dataset in the folder of runs, shown or not, or"
        " that a suite declares; of all datasets (table); or those shown alone, which the caption says.",
    )
    test: TestName = asked("paired-t", "The test over seeds behind †; welch and mann-whitney do not pair the seeds.")
    correction: Correction = asked(
        "holm",
        "Correction for the number of tests; bh (Benjamini-Hochberg) bounds the share of false marks only.",
    )
    unit: Unit = asked(
        "both",
        "seed: † alone, from the records. dialogue: △, these trained systems on new dialogues. both: † and ‡.",
    )
    cluster: Cluster = asked("dialogue", "What tests over dialogues take for independent, where the corpus knows it.")
    all_pairs: bool = asked(False, "Compare each two rows; marks stay those against the baseline.")
    letters: bool = asked(False, "Letters in each cell name the rows that it beats (all pairs).")
    margin: float | None = asked(
        None,
        "Also test whether rows are equal within ± so many points (TOST over seeds), marked ≈.",
        metavar="POINTS",
        above=0,
        at_most=100,
    )
    names: Sequence[str] = asked(
        (), "What a method is called in tables, such as ce=Cross-entropy.", several=True, metavar="METHOD=WORDS"
    )
    ranks: bool = asked(False, "Rank rows over datasets: Friedman's test, Nemenyi's distance.")
    force_ranks: bool = asked(False, "Test ranks below five datasets too, where p is far off.")
    by: By | None = asked(
        None,
        "Add columns for the slices of the test split, or for its speakers: those who say 5 % of it, and all others.",
    )
    data_dir: StrPath | None = asked(
        None,
        "Corpora, which gold labels are held against, and which know the speakers, and slices, episodes, sessions and"
        " scripts that runs were stored without. Default: $ERC_BENCH_DATA, else a cache.",
    )

    @property
    def tests(self) -> Tests:
        """The tests that are made; raises :class:`ErcBenchError` for some that do not go together."""
        from erc_bench.comparison.requested_tests import Tests

        return Tests(**shared(self, Tests))


@dataclass(frozen=True, kw_only=True)
class CompareRequest(TableRequest):
    """What ``erc-bench compare``, ``compare`` of Python and the tables of suites take."""

    per_class: bool = asked(False, "Show F1 of each class instead, one table for each dataset.")
    audit: bool = asked(False, "Add what the scores would be had test chosen the epochs (see run --audit).")
    columns: Sequence[str] = asked(
        (),
        "Show this column alone: a class or a metric with --per-class, a slice or a speaker (or all) with --by; may be"
        " repeated. The order is kept.",
        several=True,
        metavar="NAME",
    )
    average: bool = asked(False, "Add each row's average over the datasets, which is not tested.")
    short_caption: bool = asked(
        False,
        "Say below the table what its marks mean and how its rows came about, and no more; LaTeX keeps the rest in"
        " comments.",
    )


@dataclass(frozen=True, kw_only=True)
class PageRequest(TableRequest):
    """What ``erc-bench report`` takes."""

    output: StrPath = asked("report.html", "The page to write.", metavar="FILE")
    title: str = asked("", "The page's title.", usual="the names of the datasets")
    figures: Sequence[Figure] = asked(
        (),
        "Only this kind of figure, of all rows; may be repeated.",
        several=True,
        usual="all but confusion and representations; kinds with a panel for each row show the baseline and the best"
        " rows",
    )
    no_figures: bool = asked(False, "Leave figures out.")
    include_text: bool = asked(
        False,
        "Put in the text of corpora whose licence forbids passing it on (IEMOCAP): keep such a page to yourself.",
    )


@dataclass(frozen=True, kw_only=True)
class PlotRequest(RowsRequest):
    """What ``erc-bench plot`` takes beside the kind of the figure."""

    seed: int | None = asked(None, "The seed whose representations are shown.", usual="the first")
    data_dir: StrPath | None = asked(None, _GOLD_DIR)


@dataclass(frozen=True, kw_only=True)
class ScoreRequest(Asked):
    """What ``erc-bench score`` takes beside the predictions."""

    dataset: str = asked(description="The corpus that was answered: meld, emorynlp, iemocap, …")
    against: StrPath | None = asked(
        None,
        "Predictions of another system: the difference (PREDICTIONS less these) with interval and tests.",
        metavar="FILE",
    )
    split: Literal["train", "dev", "test"] = asked("test", "What was answered.")
    unknown_as_wrong: bool = asked(
        False,
        "Count answers that are no label, such as free text of a language model or none, as wrong instead of refusing"
        " the file; how many there are is printed, and the system marked.",
    )
    metric: Metric | None = asked(None, "Metric that is tested.", usual="the dataset's own")
    cluster: Cluster = asked(
        "dialogue", "What is taken for independent; episodes, sessions and scripts where the corpus knows them."
    )
    alpha: float = asked(0.05, "Intervals have the level 1 - alpha.", above=0, below=1)
    data_dir: StrPath | None = asked(None, "Corpora. Default: $ERC_BENCH_DATA, else a cache.")
    plugins: Several = asked((), PLUGIN, several=True, metavar="PATH.py")


@dataclass(frozen=True, kw_only=True)
class PowerRequest(Asked):
    """What ``erc-bench power`` takes."""

    runs: StrPath | None = asked(
        None, "A folder with pilot runs of both methods; with --method, --baseline and --dataset."
    )
    method: str | None = asked(None, "The method whose pilot runs are read.")
    baseline: str | None = asked(None, "What it is compared with: a method, or METHOD/BACKBONE.", usual=USUAL_BASELINE)
    dataset: str | None = asked(None, "The dataset of the pilot runs, or of the reported numbers.")
    reported: Sequence[str] = asked(
        (),
        "Instead: the largest sd at which what a printed table claims is significant, as eacl2024/table-2.",
        several=True,
        metavar="NAME[/TABLE]",
    )
    sd: float | None = asked(
        None,
        "In place of a pilot: the standard deviation over seeds of either method's scores, in points.",
        above=0,
        at_most=100,
    )
    correlation: float | None = asked(
        None,
        "With --sd: correlation of the two methods' scores over seeds.",
        usual="0",
        at_least=-1,
        below=1,
    )
    comparisons: int = asked(
        1, "How many comparisons are corrected together: the level is alpha divided by them.", at_least=1
    )
    differences: Sequence[float] = asked(
        (),
        "Seeds needed for this true difference in points; may be repeated.",
        several=True,
        usual="0.5, 1, 2",
        above=0,
        at_most=100,
    )
    power: float = asked(0.8, "The probability with which a difference is to be found.", above=0, below=1)
    alpha: float = asked(0.05, "Level of significance.", above=0, below=1)
    data_dir: StrPath | None = asked(None, _GOLD_DIR)
    plugins: Several = asked((), PLUGIN, several=True, metavar="PATH.py")


@dataclass(frozen=True, kw_only=True)
class SplitRequest(Asked):
    """What ``erc-bench split`` takes beside the file."""

    out: StrPath = asked(description="The folder that the parts are written to.", metavar="DIRECTORY")
    dev: float = asked(0.1, "Share of the utterances in dev.", above=0, below=1)
    test: float = asked(0.2, "Share of the utterances in test.", above=0, below=1)
    folds: int | None = asked(None, "Make so many splits, for cross-validation.", at_least=3)
    disjoint: Literal["dialogue", "speaker"] = asked("dialogue", "What is in one part alone.")
    seed: int = asked(0, "Draws the order in which dialogues are handed out.", at_least=0)
    dialogue_columns: Sequence[str] = asked(
        (), "A column that identifies the dialogue; several do together.", several=True, metavar="NAME"
    )
    speaker_column: str | None = asked(None, "The column with the speaker.", metavar="NAME")
    text_column: str | None = asked(None, "The column with what is said.", metavar="NAME")
    utterance_column: str | None = asked(None, "The column that numbers the utterances of a dialogue.", metavar="NAME")
    label_column: str | None = asked(None, "The column with the label.", usual="emotion or label", metavar="NAME")
    overwrite: bool = asked(False, "Replace files that are there.")


@dataclass(frozen=True, kw_only=True)
class ErrorsRequest(Asked):
    """What ``erc-bench errors`` takes beside the runs."""

    datasets: Sequence[str] = asked((), "Only this dataset; may be repeated, as all of these.", several=True)
    methods: Sequence[str] = asked((), "Only this method.", several=True)
    gold: Sequence[str] = asked((), "Only utterances with this label.", several=True, metavar="LABEL")
    predicted: Sequence[str] = asked((), "Only utterances with this answer.", several=True, metavar="LABEL")
    readout: str | None = asked(None, "The answers of this further classifier that read the training.")
    context: int = asked(3, "Turns before an utterance that are shown with it.", at_least=0)
    most: int = asked(20, "Lines of the table; it begins with the answers that are surest of themselves.", at_least=1)
    form: Literal["table", "csv", "jsonl", "xlsx"] | None = asked(
        None, "A table, or all errors in the order of the corpus.", usual="table; with --output by its ending"
    )
    output: StrPath | None = asked(None, "Write all of them to this .csv, .jsonl or .xlsx file.", metavar="FILE")
    data_dir: StrPath | None = asked(None, "Corpora. Default: $ERC_BENCH_DATA, else a cache.")
    plugins: Several = asked((), PLUGIN, several=True, metavar="PATH.py")


@dataclass(frozen=True, kw_only=True)
class CellsRequest(Asked):
    """What ``erc-bench rm`` takes: which cells, of a folder of runs."""

    runs: StrPath = asked("runs", "Folder of runs.")
    datasets: Sequence[str] = asked((), "Only this dataset; may be repeated, as all of these.", several=True)
    methods: Sequence[str] = asked((), "Only this method.", several=True)
    backbones: Sequence[str] = asked((), "Only this backbone.", several=True)
    seed: Sequence[int] = asked((), "Only this seed.", several=True, at_least=0)
    settings_hashes: Sequence[str] = asked((), "Only settings whose hash begins so.", several=True, metavar="HASH")
    state: Sequence[State] = asked(
        (),
        "Only cells that are this. half-written: killed in the middle. partial: of a run with --limit."
        " stale: data, backbone or code changed since, which takes a while to find out.",
        several=True,
    )
    older_than: float | None = asked(None, "Only cells that ended so long ago.", metavar="DAYS", at_least=0)
    data_dir: StrPath | None = asked(None, "Corpora, for --state stale. Default: $ERC_BENCH_DATA, else a cache.")
    plugins: Several = asked((), PLUGIN, several=True, metavar="PATH.py")
    yes: bool = asked(False, "Remove without asking.")

    @property
    def selects(self) -> bool:
        """Whether anything was asked for that chooses cells."""
        named = (self.datasets, self.methods, self.backbones, self.seed, self.settings_hashes, self.state)
        return any(named) or self.older_than is not None


@dataclass(frozen=True, kw_only=True)
class ArchiveRequest(CellsRequest):
    """What ``erc-bench archive`` takes."""

    output: StrPath | None = asked(None, "Pack into this file, which ends in .tar.gz.", metavar="FILE")
    to: StrPath | None = asked(None, "Copy into this other folder of runs.", metavar="DIRECTORY")
    remove: bool = asked(False, "Then remove the cells, once the archive or the copy was found right.")
    restore: StrPath | None = asked(None, "Unpack this archive into --runs instead.", metavar="FILE")
    overwrite: bool = asked(False, "Replace an archive or cells that are there already.")
