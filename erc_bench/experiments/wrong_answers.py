"""The utterances that cells got wrong, with what was said before them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from erc_bench.experiments.cells import Turns, answers_of, each_cell, texts_of
from erc_bench.planning.run_requests import Several
from erc_bench.store.reading import StoredCell

if TYPE_CHECKING:
    import pandas as pd

    from erc_bench.experiments.cells import Cells


def load_errors(
    cell: Cells,
    readout: str | None = None,
    *,
    context: int = 3,
    data_dir: str | Path | None = None,
    plugins: Several = (),
) -> pd.DataFrame:
    """Read which utterances of the test split a cell got wrong.

    Returns one row for each, in the order of the corpus, with the columns ``dialogue_id``, ``utterance`` (its position
    in the dialogue, from 0), ``speaker``, ``text``, ``gold``, ``predicted``, ``score`` (that of the answer),
    ``gold_score`` (that of the right one; both missing where a system gave none) and ``context``: up to so many turns
    before it, a line each. Of several cells, ``dataset``, ``method``, ``backbone``, ``seed`` and ``settings_hash`` come
    first.

    ``cell``, ``readout``, ``data_dir`` and ``plugins`` are those of :func:`load_predictions`, and so is what is raised.

    Examples:
        >>> errors = erc.load_errors(erc.load_runs("runs", method="ce").iloc[0])
        >>> list(errors.columns)
        ['dialogue_id', 'utterance', 'speaker', 'text', 'gold', 'predicted', 'score', 'gold_score', 'context']
    """
    import pandas as pd

    read: dict[str, Turns] = {}

    def errors(stored: StoredCell) -> pd.DataFrame:
        answers = answers_of(stored, readout)
        corpus = f"{stored.dataset} {stored.record['data']['fingerprint']} {stored.record['limit']}"
        if corpus not in read:
            read[corpus] = texts_of(stored, data_dir, plugins)
        wrong = answers[answers["gold"] != answers["predicted"]].reset_index(drop=True)
        described = _described(wrong, read[corpus], context)
        if isinstance(cell, pd.DataFrame):
            described.insert(0, "settings_hash", stored.record["settings_hash"])
        return described

    return each_cell(cell, errors)


def _described(wrong: pd.DataFrame, dialogues: Turns, context: int) -> pd.DataFrame:
    import pandas as pd

    keys = list(zip(wrong["dialogue_id"], wrong["utterance"], strict=True))
    turns = [dialogues[dialogue][position] for dialogue, position in keys]
    before = [dialogues[dialogue][max(0, position - context) : position] for dialogue, position in keys]
    described = wrong[["dialogue_id", "utterance"]].copy()
    described["speaker"] = [speaker for speaker, _ in turns]
    described["text"] = [said for _, said in turns]
    for column in ("gold", "predicted"):
        described[column] = wrong[column]
    scores = {label: wrong[label].to_numpy(dtype="float64") for label in wrong.columns[4:]}
    for name, column in (("score", "predicted"), ("gold_score", "gold")):
        of = [scores[label][row] if label in scores else float("nan") for row, label in enumerate(wrong[column])]
        described[name] = pd.Series(of, dtype="float64")
    described["context"] = ["\n".join(f"{speaker}: {said}" for speaker, said in own) for own in before]
    return described
