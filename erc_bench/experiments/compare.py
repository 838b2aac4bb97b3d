"""``compare`` for notebooks: stored runs to a table with tests, without torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from erc_bench.comparison import Comparison, Family
from erc_bench.errors import ErcBenchError
from erc_bench.experiments.comparing import Tell, compare_stored
from erc_bench.experiments.paths import folder_of, path_of
from erc_bench.experiments.speech import in_python
from erc_bench.experiments.view import ComparisonView
from erc_bench.store.reading import StoredCell, read_cell, read_cells

if TYPE_CHECKING:
    import pandas as pd

Metric = Literal["weighted_f1", "macro_f1", "accuracy", "micro_f1"]
TestName = Literal["paired-t", "sign-flip", "wilcoxon", "welch", "mann-whitney"]
Correction = Literal["holm", "hochberg", "bh", "bonferroni"]
Unit = Literal["seed", "dialogue", "both"]
Cluster = Literal["dialogue", "episode", "session"]
Names = str | Sequence[str]
"""One name, or several."""


def compare(
    runs: str | Path | pd.DataFrame = "runs",
    datasets: Names | None = None,
    methods: Names | None = None,
    baseline: str | None = None,
    metric: Metric | None = None,
    *,
    readouts: Names | None = None,
    per_class: bool = False,
    reported: Names | None = None,
    audit: bool = False,
    alpha: float = 0.05,
    family: Family = "dataset",
    test: TestName = "paired-t",
    correction: Correction = "holm",
    unit: Unit = "both",
    cluster: Cluster = "dialogue",
    all_pairs: bool = False,
    letters: bool = False,
    margin: float | None = None,
    ranks: bool = False,
    force_ranks: bool = False,
    by: Literal["slice"] | None = None,
    data_dir: str | Path | None = None,
) -> ComparisonView:
    """Compare stored runs: mean and spread over seeds, and tests against a baseline.

    Returns a view: a notebook shows it as tables; :meth:`~ComparisonView.to_frame` has the scores, ``tests`` the
    tests, both as frames; :meth:`~ComparisonView.to_latex` and others write it.

    - ``runs``: a folder of runs, or rows of :func:`load_runs`, whose cells alone take part then
    - ``datasets``, ``methods``: these alone, in this order; all that are stored where none is named
    - ``baseline``: a method, or method/backbone; without it ``ce``, else ``supcon``, else the first method
    - ``metric``: that of the tables; without it each dataset's own
    - ``readouts``: further classifiers whose readings are rows of their own
    - ``per_class``: the F1 of each class instead, without tests
    - ``reported``: published numbers to stand beside (``eacl2024``, or one of its tables, ``eacl2024/table-4``)
    - ``audit``: what the scores would be had test chosen the epochs, for runs with ``audit``
    - ``alpha``: the level of significance; ``correction`` and ``family``: how tests are corrected, and which together
    - ``test``: the test over seeds behind †; ``welch`` and ``mann-whitney`` do not pair the seeds
    - ``unit``: ``seed`` († alone, from the records), ``dialogue`` (△: these trained systems on new dialogues), or both
    - ``cluster``: what tests over dialogues take for independent, where the corpus knows it
    - ``all_pairs``: compare each two rows; ``letters``: name in each cell the rows that it beats
    - ``margin``: points within which rows are tested for being equal (≈)
    - ``ranks``: rank rows over datasets; ``force_ranks``: below five datasets too, where p is far off
    - ``by``: ``slice`` adds columns for the slices of the test split
    - ``data_dir``: corpora (default: ``$ERC_BENCH_DATA``, else the cache). Runs that were scored on one that is there,
      and against other gold labels, are left out; without it, runs whose gold labels most others do not have. It is
      also read for ``by`` and ``cluster`` where runs were stored without slices or clusters

    Raises :class:`ErcBenchError` where there is nothing to compare, for an unknown name, and for options that do not
    go together.

    Examples:
        >>> table = erc.compare("runs", methods=["ce", "eacl"], baseline="ce", test="wilcoxon")
        >>> table
        <ComparisonView: 2 rows on demo, baseline ce>
        >>> table.tests[["label", "baseline", "sign_flip_smallest_p"]].values.tolist()
        [['eacl', 'ce', 0.5]]
    """
    wanted = {name: value for name, value in locals().items() if name != "runs"}
    with in_python():
        cells = cells_of(runs)
        return view_of(cells, **wanted)


def cells_of(runs: str | Path | pd.DataFrame) -> list[StoredCell]:
    """Read the cells of a folder of runs, or of rows that name their folders; there is at least one."""
    frame: Any = runs if hasattr(runs, "columns") else None
    if frame is None:
        cells = read_cells(path_of(runs, "runs", "A folder of runs, or rows of load_runs."))
    elif "folder" in frame:
        cells = [read_cell(Path(folder)) for folder in dict.fromkeys(frame["folder"])]
    else:
        raise ErcBenchError("the frame names no cells: it has no column folder", "Hand over rows of load_runs.")
    if not cells:
        where = f"below {str(runs)!r}" if frame is None else "in this frame"
        raise ErcBenchError(
            f"there is no run {where}",
            "Train something first with run(), or name the folder of runs.",
        )
    return cells


def view_of(cells: Sequence[StoredCell], *, data_dir: str | Path | None = None, **wanted: Any) -> ComparisonView:
    """Compare cells with the options of :func:`compare`."""
    corpora = folder_of(data_dir, "data_dir")
    return view(lambda tell: compare_stored(cells, **options(wanted), data_dir=corpora, tell=tell))


def view(make: Callable[[Tell], Comparison]) -> ComparisonView:
    """Return the view of a comparison with the notes that its making tells; an error has them in its hint."""
    notes: list[str] = []
    try:
        return ComparisonView(make(notes.append), tuple(notes))
    except ErcBenchError as error:
        raise ErcBenchError(error.message, "\n".join(filter(None, [error.hint, *notes]))) from error.__cause__


_OF_TESTS = ("test", "correction", "unit", "cluster", "all_pairs", "letters", "margin", "ranks", "force_ranks")
_NAMES = ("datasets", "methods", "readouts", "reported")


def options(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the options of :func:`compare` as those of :func:`erc_bench.comparison.compare`."""
    from erc_bench.comparison import Tests
    from erc_bench.names import did_you_mean
    from erc_bench.statistics.metrics import METRIC_WORDS

    known = {"metric": METRIC_WORDS, "family": ("dataset", "table"), "by": ("slice",)}
    for name, values in known.items():
        if wanted.get(name) is not None and wanted[name] not in values:
            raise ErcBenchError(f"there is no {name} {wanted[name]!r}; {did_you_mean(str(wanted[name]), values)}")
    if not 0 < wanted.get("alpha", 0.05) < 1:
        raise ErcBenchError(f"alpha is a probability between 0 and 1, not {wanted['alpha']!r}")
    rest = {name: value for name, value in wanted.items() if name not in {*_OF_TESTS, *_NAMES, "by"}}
    tests = {name: wanted[name] for name in _OF_TESTS if name in wanted}
    listed = {name: names_of(wanted[name]) for name in _NAMES if name in wanted}
    return {**rest, **listed, "tests": Tests(**tests, by_slice=wanted.get("by") == "slice")}


def names_of(names: Names | None) -> list[str]:
    """Return several names, or the one as a list."""
    return [names] if isinstance(names, str) else list(names or ())
