"""A plan: everything that is decided about one cell before anything is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from erc_bench.contracts.backbone import Backbone
from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.method import Method
from erc_bench.planning.settings import Resolved
from erc_bench.store.layout import CellAddress


@dataclass(frozen=True)
class Plan:
    """One cell: one method on one dataset with one backbone and one seed, fully resolved.

    ``components`` maps the slots (encoder, objective, classifier; or system) to classes;
    ``readouts`` maps the names of further classifiers to classes. ``backbone`` is ``None`` for a
    system that has none. ``audit`` writes down the test score of every epoch, ``save_representations``
    stores those of the test utterances, ``save_model`` the trained model; none changes a result.
    ``upstream`` is the cell whose trained language model is this one's backbone; its settings and choices stand among
    this cell's own as ``upstream.SLOT.OPTION``.
    """

    address: CellAddress
    method: Method
    dataset: type[Dataset]
    backbone: type[Backbone] | None
    components: Mapping[str, type]
    readouts: Mapping[str, type]
    resolved: Resolved
    limit: int | None = None
    dev_only: bool = False
    audit: bool = False
    save_representations: bool = False
    save_model: bool = False
    upstream: Plan | None = None

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self.address.seed

    def label(self) -> str:
        """Name the cell in one line."""
        address = self.address
        through = "" if self.upstream is None else f" through {self.upstream.method.name}"
        return f"{address.dataset} · {address.method}{through} · {address.backbone} · seed {address.seed}"

    def build(self, slot: str, component: type | None = None) -> Any:
        """Build the options object of a slot's component."""
        options: Any = (component or self.components[slot]).Options  # type: ignore[attr-defined]
        return options(**self.resolved.slot(slot))

    def choices(self) -> dict[str, str]:
        """Return the names of the components by slot; those of the upstream as ``upstream.SLOT``."""
        own: dict[str, str] = {slot: component.name for slot, component in self.components.items()}  # type: ignore[attr-defined]
        if self.upstream is None:
            return own
        theirs = {f"upstream.{slot}": name for slot, name in self.upstream.choices().items()}
        return {**own, "upstream": self.upstream.method.name, **theirs}

    def code(self) -> dict[str, type]:
        """Return every component whose code decides the result, by slot, further readouts by name."""
        upstream = {} if self.upstream is None else self.upstream.components
        return {
            **({} if self.backbone is None else {"backbone": self.backbone}),
            **self.components,
            **self.readouts,
            **{f"upstream.{slot}": component for slot, component in upstream.items()},
        }

    def with_seed(self, seed: int) -> Plan:
        """Return the same cell with another seed, which its upstream shares."""
        upstream = None if self.upstream is None else self.upstream.with_seed(seed)
        return replace(self, address=replace(self.address, seed=seed), upstream=upstream)


def settings_hash(
    choices: Mapping[str, str],
    resolved: Resolved,
    limit: int | None,
    dev_only: bool,
) -> str:
    """Return twelve hexadecimal digits that cover everything that changes the result.

    Further readouts do not: however many classifiers read a training, it is one training.
    """
    covered = {
        "choices": dict(choices),
        "settings": dict(resolved.values),
        "limit": limit,
        "dev_only": dev_only,
    }
    text = json.dumps(covered, sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
