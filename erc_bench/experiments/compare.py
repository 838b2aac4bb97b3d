"""``compare`` for notebooks and for commands: stored cells to tables with tests, without torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erc_bench.comparison import Comparison
from erc_bench.comparison import compare as compare_cells
from erc_bench.comparison.declared_family import DeclaredFamily
from erc_bench.comparison.expected import shipped_alarms
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.experiments.declared_contrasts import declared
from erc_bench.experiments.door import door
from erc_bench.experiments.view import ComparisonView
from erc_bench.output.tables import SUFFIXES, render
from erc_bench.planning.asked import StrPath, folder_of, path_of
from erc_bench.planning.run_requests import Several
from erc_bench.planning.suites.reading import Suite, Table, read_suite
from erc_bench.planning.suites.shipped import suite_file
from erc_bench.planning.table_requests import CompareRequest, Runs, TableRequest
from erc_bench.store.index.all_cells import read_cells
from erc_bench.store.reading import StoredCell, read_cell

if TYPE_CHECKING:
    from erc_bench.corpora.corpus import GoldOf
    from erc_bench.planning.plan import Plan
    from erc_bench.plugin_host.catalogue import Catalogue


@door(CompareRequest)
def compare(request: CompareRequest) -> ComparisonView:
    """Compare stored runs: mean and spread over seeds, and tests against a baseline.

    Returns a view: a notebook shows it as tables; :meth:`~ComparisonView.to_frame` has the scores, ``tests`` the
    tests, both as frames; :meth:`~ComparisonView.to_latex` and others write it.

    {keywords}

    ``runs`` may also be rows of :func:`load_runs`, whose cells alone take part then. Of runs that were scored on a
    corpus that is there, and against other gold labels, none is shown; without the corpus none whose gold labels most
    others do not have.

    Raises :class:`ErcBenchError` where there is nothing to compare, for an unknown name, and for options that do not
    go together.

    Examples:
        >>> table = erc.compare("runs", methods=["ce", "eacl"], baseline="ce", test="wilcoxon")
        >>> table
        <ComparisonView: 2 rows on demo, baseline ce>
        >>> table.tests[["label", "baseline", "sign_flip_smallest_p"]].values.tolist()
        [['eacl', 'ce', 0.5]]
    """
    cells = cells_of(request.runs)
    return view(lambda tell: compare_stored(cells, request, tell))


def view(make: Callable[[Tell], Comparison]) -> ComparisonView:
    """Return the view of a comparison with the notes that its making tells; an error has them in its hint."""
    notes: list[str] = []
    try:
        return ComparisonView(make(notes.append), tuple(notes))
    except ErcBenchError as error:
        raise ErcBenchError(error.message, "\n".join(filter(None, [error.hint, *notes]))) from error.__cause__


Tell = Callable[[str], None]
"""Takes one sentence that must not be lost."""


def compare_stored(
    cells: Sequence[StoredCell],
    request: CompareRequest,
    tell: Tell,
    gold_of: GoldOf | None = None,
    all_cells: Sequence[StoredCell] | None = None,
    family: DeclaredFamily | None = None,
) -> Comparison:
    """Compare cells that are stored.

    ``data_dir`` of the request holds the corpora that gold labels are held against; they are also read where cells
    were stored without slices, clusters or speakers that the tests need. Who makes several tables hands over one
    ``gold_of``, so that each corpus is read once. ``all_cells`` is everything in the folder, where ``cells`` is a part
    of it. ``family`` are the comparisons that a suite declares.
    """
    asked: dict[str, Any] = {name: getattr(request, name) for name in _ASKED}
    gold_of = gold_of or corpus_gold(folder_of(request.data_dir), request.plugins)
    asked |= {"alarms": shipped_alarms(), "gold_of": gold_of}
    every = None if all_cells is None else with_groups(all_cells, request, tell)
    return compare_cells(with_groups(cells, request, tell), all_cells=every, declared=family, **asked)


_ASKED = (
    *("datasets", "methods", "baseline", "metric", "readouts", "alpha"),
    *("family", "per_class", "audit", "reported", "tests", "names", "columns", "average", "short_caption"),
)


def cells_of(runs: Runs) -> list[StoredCell]:
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
            f"Train something first with `erc-bench run`, or name the folder of runs with {OptionName('runs')}.",
        )
    return cells


def corpus_gold(data_dir: Path | None, plugins: Several = ()) -> GoldOf:
    """Return what looks up gold labels in the corpora of datasets that are installed or that plugins bring.

    Nothing is read before it is asked.
    """
    from erc_bench.corpora.corpus import CorpusGold

    catalogue = cache(partial(_catalogue, plugins))

    return CorpusGold(lambda name: catalogue().get("dataset", name), data_dir)


def _catalogue(plugins: Several) -> Catalogue:
    from erc_bench.experiments.components import HandedOver

    return HandedOver(plugins).catalogue()


def compare_plans(
    plans: Sequence[Plan], runs: Path, request: CompareRequest, tell: Tell, suite: Suite | None = None
) -> Comparison:
    """Compare the cells of the plans, in the order in which the request names datasets and methods.

    ``suite`` declares the comparisons that are corrected together; without one they are those of the folder.
    """
    all_cells = read_cells(runs)
    read = {cell.folder: cell for cell in all_cells}
    folders = [plan.address.folder(runs) for plan in plans]
    cells = [read[folder] if folder in read else read_cell(folder) for folder in folders]
    datasets, methods = _in(plans, "dataset", request.datasets), _in(plans, "method", request.methods)
    asked, family = replace(request, datasets=datasets, methods=methods), declared(suite, all_cells) if suite else None
    return compare_stored(cells, asked, tell, all_cells=all_cells, family=family)


def _in(plans: Sequence[Plan], kind: str, names: Sequence[str]) -> list[str]:
    """Return those of the names that the plans hold, in the order in which they were asked for."""
    held = {getattr(plan.address, kind) for plan in plans}
    return [name for name in dict.fromkeys(names) if name in held]


def with_groups(cells: Sequence[StoredCell], request: TableRequest, tell: Tell) -> list[StoredCell]:
    """Return the cells with the slices, episodes, sessions and scripts of their test split, and its speakers.

    Runs that were stored without them get those of the corpus, where it is there and is the same. Only
    the corpora of the datasets and methods that are asked for are read (none named: all).
    """
    wanted = {request.cluster, request.by} - {"dialogue", None}
    if not wanted:
        return list(cells)
    datasets, methods, data_dir = request.datasets, request.methods, folder_of(request.data_dir)
    shown = [
        cell for cell in cells if (not datasets or cell.dataset in datasets) and (not methods or cell.method in methods)
    ]
    lacking = {cell.dataset for cell in shown if cell.status == "done" and not _knows(cell, wanted)}
    found = {dataset: _groups(dataset, data_dir, request.plugins, tell) for dataset in sorted(lacking)}
    return [_completed(cell, *found[cell.dataset]) if cell.dataset in found else cell for cell in cells]


def _knows(cell: StoredCell, wanted: Collection[str | None]) -> bool:
    """Whether the record of a cell is enough: no speakers are stored, and scripts came after the other groups."""
    groups = cell.record.get("data", {}).get("groups")
    return groups is not None and "speaker" not in wanted and ("script" not in wanted or "script" in groups)


def _groups(
    dataset: str, data_dir: Path | None, plugins: Several, tell: Tell
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the fingerprint of a corpus, groups and speakers of its test split; nothing where it cannot be read."""
    from erc_bench.corpora.corpus import groups, load_corpus, speakers

    try:
        reader = _catalogue(plugins).get("dataset", dataset)()
        corpus = load_corpus(reader, data_dir)
    except ErcBenchError as error:
        tell(f"the corpus is not read for slices and clusters: {error.message}")
        return "", {}, {}
    test = corpus.splits.test
    return corpus.fingerprint, groups(test), speakers(test) if reader.names_speakers else {}


def _completed(cell: StoredCell, fingerprint: str, groups: dict[str, Any], speakers: dict[str, Any]) -> StoredCell:
    if not fingerprint or cell.typed.data.fingerprint != fingerprint:
        return cell
    data = cell.record["data"]
    known = {"groups": {**groups, **data.get("groups", {})}, "speakers": speakers}
    return replace(cell, record={**cell.record, "data": {**data, **known}})


_TITLED = {"markdown": "# {}\n\n", "rich": "{}\n\n", "latex": "% {}\n"}
"""How a table's title stands before it, in the formats that have room for one."""


def suite_tables(
    file: Path,
    cells: Sequence[StoredCell],
    form: str,
    data_dir: StrPath | None,
    tell: Tell,
    plugins: Several = (),
) -> Iterator[tuple[str, str]]:
    """Yield (file name, text) of each table of a suite, with its title.

    ``data_dir`` holds the corpora, which gold labels are held against, and which are read where a table asks for
    slices or clusters that the stored runs do not name. ``plugins`` bring datasets that are not installed.

    Raises :class:`ErcBenchError` naming the table that the stored cells cannot fill.
    """
    suite, gold_of = read_suite(suite_file(file)), corpus_gold(folder_of(data_dir), plugins)
    family = declared(suite, cells)
    for number, table in enumerate(suite.tables, start=1):
        title = table.title or suite.title or suite.name
        name = f"{number}-{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')[:60].rstrip('-')}.{SUFFIXES[form]}"
        try:
            asked = replace(_stored_part(suite, table, cells), data_dir=data_dir, plugins=plugins)
            text = render(compare_stored(cells, asked, tell, gold_of, family=family), form)
        except ErcBenchError as error:
            raise ErcBenchError(f"table {number} of {file}, {title!r}: {error.message}", error.hint) from None
        yield name, _heading(suite, title, form) + text


def _stored_part(suite: Suite, table: Table, cells: Sequence[StoredCell]) -> Table:
    """Return the table of what is stored of what the suite names."""
    stored = {kind: {getattr(cell, kind) for cell in cells} for kind in ("dataset", "method")}
    datasets = [name for name in table.datasets or suite.datasets if name in stored["dataset"]]
    methods = [name for name in table.methods or suite.methods if name in stored["method"]]
    if lacking := [kind for kind, found in (("datasets", datasets), ("methods", methods)) if not found]:
        raise ErcBenchError(f"none of its {lacking[0]} is stored", "Run the suite first with `erc-bench sweep`.")
    return replace(table, datasets=datasets, methods=methods)


def _heading(suite: Suite, title: str, form: str) -> str:
    template = _TITLED.get(form, "")
    text = f"{suite.text}\n\n" if suite.text and form in ("markdown", "rich") else ""
    return template.format(title) + text if template else ""
