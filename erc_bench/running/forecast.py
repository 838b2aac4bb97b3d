"""What a run would find, looked at as the run looks, for a dry run: nothing is trained and nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from erc_bench.corpora.corpus import load_corpus
from erc_bench.planning.combination import NO_BACKBONE
from erc_bench.planning.plan import Plan
from erc_bench.running.record import inputs
from erc_bench.running.state import Found, Looks, Tell, find


class Outlook:
    """Finds the cells of plans as :class:`GridRunner` does.

    A corpus or a backbone that cannot be looked at is told once, and counts as unchanged.
    """

    def __init__(self, runs: Path, data_dir: Path | None, tell: Tell) -> None:
        self._runs = runs
        self._data_dir = data_dir
        self._looks = Looks(tell)

    def find(self, plan: Plan) -> Found:
        """Return what is there for a cell; corpus and backbone are looked at where something is."""
        folder = plan.address.folder(self._runs)
        if not folder.is_dir():
            return Found("missing")
        fingerprint = self._once(self._fingerprint, plan, "dataset", f"the corpus {plan.address.dataset}")
        identity = self._once(self._identity, plan, "backbone", f"the backbone {plan.address.backbone}")
        present = inputs(plan, fingerprint, identity)
        return find(folder, present, plan.readouts, plan.audit, plan.save_representations, plan.save_model)

    def _once(self, look: Callable[[Plan], str], plan: Plan, slot: str, what: str) -> str | None:
        key = json.dumps([what, plan.resolved.slot(slot)], sort_keys=True)
        return self._looks.once(key, what, lambda: look(plan))

    def _fingerprint(self, plan: Plan) -> str:
        return load_corpus(plan.dataset(plan.build("dataset", plan.dataset)), self._data_dir).fingerprint

    def _identity(self, plan: Plan) -> str:
        if plan.backbone is None:
            return NO_BACKBONE
        return plan.backbone(plan.build("backbone", plan.backbone)).identity()
