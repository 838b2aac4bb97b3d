"""Scores too low or too high to be believed: ``expected.toml`` beside this file holds the thresholds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from erc_bench.comparison.outcomes import ColumnEntry, Condition, Outcome
from erc_bench.comparison.row_key import RowKey
from erc_bench.statistics.metrics import METRIC_WORDS, from_counts

FILE = Path(__file__).with_name("expected.toml")


@dataclass(frozen=True)
class Alarm:
    """A threshold in points, on the mean over seeds; an empty backbone or regime stands for all.

    ``suspect`` names the likely cause.
    """

    dataset: str
    metric: str
    suspect: str
    backbone: str = ""
    regime: str = ""
    below: float | None = None
    above: float | None = None

    def watches(self, entry: ColumnEntry) -> bool:
        """Whether the alarm speaks of a row: of its own classifier's answers, not of a further one's."""
        record = entry.record
        return (
            not entry.key.readout
            and self.dataset == record.dataset
            and self.backbone in ("", record.backbone)
            and self.regime in ("", record.regime)
        )

    def rings(self, value: float) -> bool:
        """Whether a score is beyond the threshold."""
        return (self.below is not None and value < self.below) or (self.above is not None and value > self.above)

    def words(self) -> str:
        """Name the watched score and its threshold: ``weighted F1 below 41 with minilm (frozen)``."""
        side = f"below {self.below:g}" if self.below is not None else f"above {self.above:g}"
        condition = f" with {self.backbone}" if self.backbone else ""
        return f"{METRIC_WORDS[self.metric]} {side}{condition}{f' ({self.regime})' if self.regime else ''}"


@cache
def shipped_alarms() -> tuple[Alarm, ...]:
    """Return the alarms that come with the package."""
    with FILE.open("rb") as stream:
        return tuple(Alarm(**alarm) for alarm in tomllib.load(stream)["alarm"])


def rung_alarms(
    condition: Condition, entries: Sequence[ColumnEntry], labels: Mapping[RowKey, str], alarms: Sequence[Alarm]
) -> list[str]:
    """Return a note for each alarm that rings in a column, naming the rows; partial data ring none.

    ``labels`` maps the keys of rows to their labels in the table.
    """
    if condition.limit is not None:
        return []
    notes = []
    for alarm in alarms:
        means = {labels[entry.key]: _mean(entry, alarm.metric) for entry in entries if alarm.watches(entry)}
        rung = [f"{label} {mean:.2f}" for label, mean in means.items() if mean is not None and alarm.rings(mean)]
        if rung:
            notes.append(f"{condition.dataset}: suspect that {alarm.suspect}: {alarm.words()}: {', '.join(rung)}")
    return notes


def _mean(entry: ColumnEntry, metric: str) -> float | None:
    """Return the mean over seeds of a metric, whatever metric the table shows."""
    values = [_score(outcome, metric) for outcome in entry.outcomes.values()]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _score(outcome: Outcome, metric: str) -> float | None:
    if metric == "micro_f1" and not outcome.scored:
        return None
    if outcome.answered is None:
        return outcome.metrics.get(metric)
    return float(from_counts(outcome.total, metric, outcome.scored))
