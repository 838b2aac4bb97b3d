"""What single cells hold, as frames of pandas: predictions and epochs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.experiments.frames import KEYS
from erc_bench.names import did_you_mean
from erc_bench.planning.run_requests import Several
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.store.layout import STATUS_FILE, visible_below
from erc_bench.store.reading import StoredCell, read_cell

_SEED = re.compile(r"seed-\d+")

if TYPE_CHECKING:
    import pandas as pd

    Cells: TypeAlias = "str | Path | pd.Series[Any] | pd.DataFrame"
    """A cell's folder, a row of :func:`load_runs`, or several such rows."""


def load_predictions(
    cell: Cells,
    readout: str | None = None,
    *,
    text: bool = False,
    data_dir: str | Path | None = None,
    plugins: Several = (),
) -> pd.DataFrame:
    """Read what a cell answered on the test split.

    Returns one row for each labelled utterance, with the columns ``dialogue_id``, ``utterance`` (its position
    in the dialogue, from 0), ``gold``, ``predicted``, and one for each label with its score: its probability for a
    classifier of this package, what a system gave otherwise.

    ``cell`` is a cell's folder or a row of :func:`load_runs`; for a frame of several rows the columns
    ``dataset``, ``method``, ``backbone`` and ``seed`` come first. ``readout`` names a further classifier that read
    the same training. ``text`` adds ``speaker`` and ``text`` from the corpus in ``data_dir`` (default:
    ``$ERC_BENCH_DATA``, else the cache), where it is the one that the cell was scored on; ``plugins`` brings a dataset
    that is not installed.

    Raises :class:`ErcBenchError` for a cell that is not done or has no predictions, a classifier that did not
    read it, and a corpus that is missing or another one.

    Examples:
        >>> answers = erc.load_predictions(erc.load_runs("runs").iloc[0])
        >>> list(answers.columns[:5])
        ['dialogue_id', 'utterance', 'gold', 'predicted', 'neutral']
        >>> confusion = pandas.crosstab(answers["gold"], answers["predicted"])
    """

    def predictions(stored: StoredCell) -> pd.DataFrame:
        found = answers_of(stored, readout)
        return _with_text(found, texts_of(stored, data_dir, plugins)) if text else found

    return each_cell(cell, predictions)


def answers_of(cell: StoredCell, readout: str | None) -> pd.DataFrame:
    """Return what a cell answered, as :func:`load_predictions` says."""
    from erc_bench.store.predictions import read_predictions

    if cell.typed.dev_only:
        raise ErcBenchError(f"{cell.name} was never scored on test", "It was run with dev_only.")
    _check_readout(cell, readout)
    return read_predictions(cell, readout)


def _check_readout(cell: StoredCell, readout: str | None) -> None:
    read = cell.typed.readouts
    if readout is not None and readout not in read:
        known = did_you_mean(readout, read) if read else "no further classifier did"
        raise ErcBenchError(f"{cell.name} was not read by {readout!r}; {known}")


Turns: TypeAlias = "Mapping[str, Sequence[tuple[str, str]]]"
"""Of each dialogue its turns: speaker and text."""


def texts_of(cell: StoredCell, data_dir: str | Path | None, plugins: Several) -> Turns:
    """Return the dialogues of test that a cell was scored on; raises :class:`ErcBenchError` where they are not here."""
    from erc_bench.experiments.components import HandedOver
    from erc_bench.output.report.report_data import read_text

    catalogue = HandedOver(plugins).catalogue()
    found, reason = read_text(catalogue, cell.record, Path(data_dir) if data_dir else None, include_text=True)
    if not found.dialogues:
        raise ErcBenchError(
            f"the text of {cell.dataset} cannot be read: {reason}",
            f"Where the corpora lie: {OptionName('data_dir'):DIRECTORY}; a dataset in a file:"
            f" {OptionName('plugins'):FILE.py}.",
        )
    return found.dialogues


def _with_text(answers: pd.DataFrame, dialogues: Turns) -> pd.DataFrame:
    keys = zip(answers["dialogue_id"], answers["utterance"], strict=True)
    turns = [dialogues[dialogue][position] for dialogue, position in keys]
    answers.insert(2, "speaker", [speaker for speaker, _ in turns])
    answers.insert(3, "text", [said for _, said in turns])
    return answers


def load_epochs(cell: Cells, readout: str | None = None) -> pd.DataFrame:
    """Read the epochs of a cell.

    Returns one row for each epoch, with the columns ``epoch`` (from 1), ``selected`` (whether its parameters are
    the cell's), ``dev_…`` for each metric on dev, ``loss_…`` for each term of the loss (mean over the steps,
    weighted as it is minimised), ``train_seconds`` and ``dev_seconds``.

    ``cell`` is a cell's folder or a row of :func:`load_runs`; for a frame of several rows the columns
    ``dataset``, ``method``, ``backbone`` and ``seed`` come first, and a term that a method does not have is
    missing. ``readout`` names a further classifier that is fitted in epochs of its own after training.

    Raises :class:`ErcBenchError` for a cell that is not done, and a classifier that has no epochs there.

    Examples:
        >>> epochs = erc.load_epochs(erc.load_runs("runs", method="ce").iloc[0])
        >>> list(epochs.columns[:6])
        ['epoch', 'selected', 'dev_weighted_f1', 'dev_macro_f1', 'dev_accuracy', 'loss_cross_entropy']
    """
    import pandas as pd

    def epochs(stored: StoredCell) -> pd.DataFrame:
        record, known = stored.record, stored.record.get("readouts_epochs", {})
        if readout is not None and readout not in known:
            which = ", ".join(known) or "none did"
            raise ErcBenchError(f"{readout!r} was not fitted to {stored.name} in epochs; known: {which}")
        kept = record["selection"] if readout is None else record["readouts_selection"][readout]
        rows = record["epochs"] if readout is None else known[readout]
        return pd.DataFrame([_epoch(row, kept.get("epoch")) for row in rows], columns=None if rows else ["epoch"])

    return each_cell(cell, epochs)


def _epoch(row: Mapping[str, Any], selected: int | None) -> dict[str, Any]:
    return {
        "epoch": row["epoch"],
        "selected": row["epoch"] == selected,
        **{f"dev_{name}": row["dev"][name] for name in METRIC_WORDS if name in row["dev"]},
        **{f"loss_{name}": value for name, value in row.get("terms", {}).items()},
        **{name: row[name] for name in ("train_seconds", "dev_seconds") if name in row},
    }


def each_cell(cells: Cells, read: Callable[[StoredCell], pd.DataFrame]) -> pd.DataFrame:
    """Return what is read of one cell, or of several with their names before it."""
    import pandas as pd

    if not isinstance(cells, pd.DataFrame):
        return read(_finished(cells))
    if cells.empty:
        raise ErcBenchError("the frame has no rows: there is no cell to read")
    parts = []
    for stored in map(_finished, cells["folder"]) if "folder" in cells else [_finished(cells)]:
        part = read(stored)
        for place, name in enumerate(KEYS):
            part.insert(place, name, stored.record[name], allow_duplicates=True)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _finished(cell: Any) -> StoredCell:
    folder = Path(cell if isinstance(cell, (str, Path)) else _folder(cell))
    if not folder.is_dir():
        raise ErcBenchError(f"there is no folder {str(folder)!r}", "A row of load_runs names one: its column folder.")
    stored = read_cell(_only_cell(folder).absolute())
    if stored.status != "done":
        raise ErcBenchError(f"{stored.name} is {stored.status}: {stored.error}", stored.remedy)
    return stored


def _only_cell(folder: Path) -> Path:
    """Return a cell's folder as it is, and of a folder above the one cell that it holds.

    Raises :class:`ErcBenchError` where that holds none or several.
    """
    if (folder / STATUS_FILE).is_file() or _SEED.fullmatch(folder.absolute().name):
        return folder
    found = [file.parent for file in visible_below(folder, STATUS_FILE) if _SEED.fullmatch(file.parent.name)]
    if len(found) == 1:
        return found[0]
    holds = f"it holds {len(found)} cells" if found else "and there is none below"
    raise ErcBenchError(f"{folder} is no cell, {holds}", f"A row names one: load_runs({str(folder)!r}).iloc[0]")


def _folder(cell: Any) -> str:
    try:
        return str(cell["folder"])
    except (KeyError, TypeError, IndexError):
        raise ErcBenchError(
            f"{type(cell).__name__} names no cell", "Hand over a cell's folder, or a row of load_runs with its folder."
        ) from None
