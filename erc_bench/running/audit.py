"""The selection audit: what each epoch would have scored on test, written down and shown to nobody who chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erc_bench.contracts.types import UtteranceKey
from erc_bench.planning.plan import Plan
from erc_bench.running.record import scored_rows
from erc_bench.statistics.metrics import METRIC_WORDS, score
from erc_bench.training.events import Event, Hear, ScoredOnTest


class SelectionAudit:
    """Holds the test labels and scores every epoch. What it finds goes into the record alone.

    Training hands scores in and gets nothing back, so that no choice can hang on them. What else happens goes to
    ``others``, which hear of no test score.
    """

    def __init__(self, plan: Plan, gold: Mapping[UtteranceKey, str], others: Hear) -> None:
        self._plan = plan
        self._gold = gold
        self._others = others
        self._stages: dict[str, list[dict[str, float]]] = {"training": [], "readout": []}

    def hear(self, event: Event) -> None:
        """Write down the scores on test, and pass everything else on."""
        if not isinstance(event, ScoredOnTest):
            self._others(event)
            return
        dataset = self._plan.dataset
        rows = scored_rows(self._plan, event.keys, event.scores, self._gold)
        gold, predicted = [row[1] for row in rows], [row[2] for row in rows]
        metrics = score(gold, predicted, dataset.labels, dataset.scored_labels)
        self._stages[event.stage].append({name: metrics[name] for name in METRIC_WORDS if name in metrics})

    def record(self) -> dict[str, Any]:
        """Return the test metrics in points of every epoch, by stage.

        ``chosen_from`` names the stage whose epochs the reported score was chosen from: that of a
        classifier fitted after training, else training itself.
        """
        fitted_last = getattr(self._plan.components.get("classifier"), "refit", None) == "end"
        return {**self._stages, "chosen_from": "readout" if fitted_last else "training"}
