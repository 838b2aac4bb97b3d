"""Columns for parts of a test split: its slices, or what each speaker says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from erc_bench.comparison.answered import Answered
from erc_bench.comparison.columns import build_column
from erc_bench.comparison.comparison_data import Column, TableRow
from erc_bench.comparison.failed_seeds import why_degenerate
from erc_bench.comparison.outcomes import ColumnEntry, Condition, Outcome
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.statistics.metrics import from_counts

By = Literal["slice", "speaker"]
LEAST_SHARE = 0.05
"""The share of the scored utterances from which on a speaker has a column."""
OTHERS = "others"
"""The column of all other speakers together."""

Slice = tuple[Column, list[ColumnEntry]]
Choice = Callable[[Outcome], Answered]
"""From an outcome to the answers of one part of its test split."""


def slice_columns(
    whole: Column, entries: Sequence[ColumnEntry], rows: Sequence[TableRow], alpha: float, by: By
) -> list[Slice]:
    """Return a column for each part of the test split, without comparisons, with the entries that it is made of.

    There is none where the corpus does not know such parts, or only dev was scored.
    """
    choices = _CHOICES[by](entries[0]) if whole.split != "dev" else {}
    if len(choices) < 2:
        return []
    return [_column(whole, entries, rows, alpha, name, choice) for name, choice in choices.items()]


def check_sliced(columns: Sequence[Column], by: By) -> None:
    """Raise :class:`ErcBenchError` where parts are asked for and no column has any."""
    if not any(column.slice_name for column in columns):
        raise ErcBenchError(*_NONE[by])


_NONE: Mapping[By, tuple[str, str]] = {
    "slice": (
        "no stored run names slices of its test split",
        "IEMOCAP has them (scripted, improvised); runs that were stored before slices were have none.",
    ),
    "speaker": (
        "of no stored run it is known who speaks",
        f"Speakers are read from the corpus that was scored: name its folder with {OptionName('data_dir')}. Corpora"
        f" without names (DailyDialog) have none, and those in which nobody says {LEAST_SHARE:.0%} of what is scored.",
    ),
}


def _slices(entry: ColumnEntry) -> dict[str, Choice]:
    found = entry.record.data.groups.get("slice", {})
    return {name: partial(_of_dialogues, ids=frozenset(ids)) for name, ids in found.items()}


def _of_dialogues(outcome: Outcome, ids: frozenset[str]) -> Answered:
    assert outcome.answered is not None  # slices are of the test split, whose answers are read
    asked = outcome.answered.utterances
    return outcome.answered.part(np.array([dialogue in ids for dialogue in asked.dialogues])[asked.position])


def _speakers(entry: ColumnEntry) -> dict[str, Choice]:
    """Return the choices of those who say enough, the most talkative first, and of all others together."""
    owners = {
        (dialogue, position): speaker
        for speaker, said in entry.record.data.speakers.items()
        for dialogue, positions in said.items()
        for position in positions
    }
    asked = next(iter(entry.outcomes.values())).asked
    if asked is None or not owners:
        return {}
    said = Counter(owners.get(key, OTHERS) for key in zip(asked.dialogue_ids, asked.utterances, strict=True))
    enough = [name for name, times in said.most_common() if name != OTHERS and times >= LEAST_SHARE * said.total()]
    named = {key: name if name in enough else OTHERS for key, name in owners.items()}
    shown = [*enough, OTHERS] if len(enough) < len(said) else enough
    return {name: partial(_of_speaker, owners=named, speaker=name) for name in shown}


def _of_speaker(outcome: Outcome, owners: Mapping[tuple[str, int], str], speaker: str) -> Answered:
    # Speakers are of the test split, whose answers are read.
    assert outcome.asked is not None
    assert outcome.answered is not None
    keys = zip(outcome.asked.dialogue_ids, outcome.asked.utterances, strict=True)
    return outcome.answered.part(np.array([owners.get(key, OTHERS) == speaker for key in keys]))


_CHOICES: Mapping[By, Callable[[ColumnEntry], dict[str, Choice]]] = {"slice": _slices, "speaker": _speakers}


def _column(
    whole: Column,
    entries: Sequence[ColumnEntry],
    rows: Sequence[TableRow],
    alpha: float,
    name: str,
    choice: Choice,
) -> Slice:
    parts = [
        ColumnEntry(entry.key, {seed: _part(outcome, whole.metric, choice) for seed, outcome in entry.outcomes.items()})
        for entry in entries
    ]
    condition = Condition(whole.dataset, whole.fingerprint, whole.limit, whole.hardware)
    column = build_column(condition, (), parts, rows, whole.metric, alpha)
    first = next(iter(parts[0].outcomes.values()))
    sliced = replace(
        column,
        condition=whole.condition,
        slice_name=name,
        dialogues=len(first.answered.utterances.dialogues) if first.answered else 0,
        utterances=sum(first.gold),
    )
    return sliced, parts


def _part(outcome: Outcome, metric: str, choice: Choice) -> Outcome:
    answered = choice(outcome)
    total = answered.total()
    return replace(
        outcome,
        value=float(from_counts(total, metric, outcome.scored)),
        dev=None,
        degenerate=why_degenerate(total, outcome.cell.typed, outcome.scored),
        gold=tuple(total.sum(-1).tolist()),
        answered=answered,
    )
