"""Cells of one method on the small corpus, run by the real runner and read back from the disk."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from types import MappingProxyType
from typing import Any, Literal

from erc_bench.contracts.adapters import LORA
from erc_bench.contracts.method import Method
from erc_bench.contracts.types import Splits, UtteranceKey
from erc_bench.corpora.features.feature_file import SUFFIX
from erc_bench.planning.adapters import TRAINABLE
from erc_bench.planning.combination import plan_combination
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Combination, Request
from erc_bench.planning.settings import Override, parse_override
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.store.layout import ARRAYS_FILE, KEY_COLUMNS, PREDICTIONS_FILE, RECORD_FILE
from erc_bench.testing.calls_as_bytes import NotHandedOverError
from erc_bench.testing.cell_runs import CACHE, DATA, FEATURES, RUNS, run_cells
from erc_bench.testing.corpus import SmallCorpus, small_corpus, write_corpus
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.fresh_process import HashSeed, run_afresh
from erc_bench.testing.random_backbone import TinyBackbone, TinyGenerative
from erc_bench.testing.seeded_features import reading, write_features

Regime = Literal["fine-tuned", "frozen"]
Time = Literal["first", "again", "elsewhere"]
Change = Callable[[Splits], Splits]
PlanChange = Callable[[Plan], Plan]

_GOLD = KEY_COLUMNS.index("gold")
_SHARED_SETTINGS = {"training.precision": "float32", "training.batch_size": 16}
"""In bfloat16 the length of a neighbour changes the last bits; a small corpus needs small batches."""
_SETTINGS: Mapping[Regime, Mapping[str, Any]] = {
    "fine-tuned": {
        "encoder.trainable": "all",
        "training.epochs": 4,
        "training.encoder_lr": 1e-2,
        "training.head_lr": 1e-2,
        "training.schedule": "linear",
    },
    "frozen": {"encoder.trainable": "none", "training.epochs": 8, "training.head_lr": 1e-2},
}
"""The rates are those of two random layers; pretrained ones would not survive them and stay frozen."""
CONSTANT_RATE = {"training.schedule": "constant", "training.warmup": 0.0}
ONE_EPOCH = {**CONSTANT_RATE, "training.epochs": 1}
"""The first epoch of a training at a constant rate, whatever its number of epochs."""


@dataclass(frozen=True)
class CellAnswers:
    """The stored answers of a cell.

    ``files`` are its predictions by file name, the labels of test left out; ``scores`` those of the
    method's own classifier; ``arrays`` its anchors, as bytes; ``folder`` is where all of it lies.
    """

    folder: Path
    files: Mapping[str, str]
    scores: Mapping[UtteranceKey, tuple[float, ...]]
    arrays: bytes
    record: Mapping[str, Any]

    def trace(self) -> dict[str, Any]:
        """Return everything that training and choosing left behind, and nothing that names a label of test."""
        parts = ("epochs", "selection", "readouts_epochs", "readouts_selection")
        told = {name: _without_seconds(self.record[name]) for name in parts}
        return {**told, "dev": self.record["metrics"]["dev"], "arrays": self.arrays, **self.files}


class MethodTrial:
    """Runs a method on the small corpus and on changed ones, each time in a fresh process; the same cell is run once.

    Where its classes cannot be handed over, :attr:`shared` says so, and all cells share this process.
    """

    def __init__(
        self, combination: Combination, catalogue: Catalogue, folder: Path, settings: Sequence[str] = ()
    ) -> None:
        self.combination = replace(combination, dataset=SmallCorpus)
        self.catalogue = catalogue
        self.folder = folder
        self.settings = [parse_override(text) for text in settings]
        """Stronger than all others."""
        self.splits = small_corpus()
        self.shared = ""
        """Why all cells run in this process, where no other one can be given them; empty otherwise."""
        self._number = 0
        self._kept: dict[tuple[Any, ...], CellAnswers] = {}

    @property
    def method(self) -> Method:
        """The method."""
        return self.combination.method

    @property
    def is_system(self) -> bool:
        """Whether it is a system of its own, not composed of slots."""
        return self.method.system is not None

    @property
    def regimes(self) -> tuple[Regime, ...]:
        """How it is trained here, the usual way first; a system trains in its own way."""
        if self.is_system:
            return ("fine-tuned",)
        return ("fine-tuned", "frozen") if self.is_tiny else ("frozen",)

    @property
    def has_backbone(self) -> bool:
        """Whether a language model reads for it."""
        return not self.is_system and self.combination.backbone is not None

    @property
    def is_tiny(self) -> bool:
        """Whether the backbone is the random one, of which not much can be asked."""
        return self.combination.backbone in (TinyBackbone, TinyGenerative)

    @property
    def caveat(self) -> str:
        """The caveat of a comparison whose cells shared this process."""
        if not self.shared:
            return ""
        return f"; what it may remember from one training to the next is not excluded: no fresh process ({self.shared})"

    @cached_property
    def plain(self) -> CellAnswers:
        """The answers on the corpus as it is; for a check that has nothing to look at without them.

        Raises :class:`NotApplicableError` where the cell failed.
        """
        try:
            return self.run()
        except AssertionError as failure:
            raise NotApplicableError("it does not run on the small corpus: see the check `runs`") from failure

    def plan(self, regime: Regime | None = None, settings: Mapping[str, Any] = MappingProxyType({})) -> Plan:
        """Return the plan of a cell without a seed; ``settings`` are stronger than those of the regime.

        Raises ``AssertionError`` with everything that is wrong with it.
        """
        wanted = {} if self.is_system else {**_SHARED_SETTINGS, **self._trained(regime or self.regimes[0]), **settings}
        overrides = [*(Override(address, value) for address, value in wanted.items()), *self.settings]
        request = Request([self.method.name], [SmallCorpus.name], [self.combination.backbone_name], overrides=overrides)
        plan, problems = plan_combination(request, self.catalogue, self.combination)
        assert not problems, "; ".join(problems)
        assert plan is not None
        return plan

    def _trained(self, regime: Regime) -> Mapping[str, Any]:
        """Return the settings of a regime; what is tuned by adapters is so here as well."""
        wanted = _SETTINGS[regime]
        adapts = regime == "fine-tuned" and self.method.settings.get(TRAINABLE) == LORA
        return {**wanted, TRAINABLE: LORA} if adapts else wanted

    @cached_property
    def behind_another(self) -> tuple[CellAnswers, CellAnswers]:
        """The answers of seed 2, and those of seed 1 that trained after it in the same grid."""
        first, second = self._cells(None, self.plan(), (2, 1))
        return first, second

    def watch(self, watched: PlanChange, change: Change | None = None) -> CellAnswers:
        """Return the answers of the plain cell, the plan changed so that more is seen of it, in this process."""
        (answers,) = self._cells(change, watched(self.plan()), (1,), here=True)
        return answers

    def feature_files(self) -> dict[str, Path]:
        """Return the files of features that the last cell read, by name."""
        place = self.folder / "work" / FEATURES
        return {name: place / f"{name}{SUFFIX}" for name in self.plan().features}

    def vary(self, varied: PlanChange) -> CellAnswers:
        """Return the answers of the plain cell, the plan changed."""
        (answers,) = self._cells(None, varied(self.plan()), (1,))
        return answers

    def train(self, change: Change, settings: Mapping[str, Any]) -> CellAnswers:
        """Return the answers of a cell on the corpus after ``change``, trained with further settings."""
        (answers,) = self._cells(change, self.plan(settings=settings), (1,))
        return answers

    def run(self, change: Change | None = None, regime: Regime | None = None, time: Time = "first") -> CellAnswers:
        """Return the answers of a cell on the corpus after ``change``.

        ``time`` tells repetitions apart; ``elsewhere`` is one for which ``hash()`` has another seed.
        Raises ``AssertionError`` where the cell fails.
        """
        key = change, regime or self.regimes[0], time
        if key not in self._kept:
            (self._kept[key],) = self._cells(change, self.plan(regime), (1,), 2 if time == "elsewhere" else 1)
        return self._kept[key]

    def _cells(
        self, change: Change | None, plan: Plan, seeds: Sequence[int], hash_seed: HashSeed = 1, here: bool = False
    ) -> list[CellAnswers]:
        plans = [replace(plan, address=replace(plan.address, seed=seed)) for seed in seeds]
        place = self._cleared()
        splits = self.splits if change is None else change(self.splits)
        write_corpus(place / DATA, splits)
        digests = write_features(place / FEATURES, splits, plan.all_features())
        plans = [reading(each, digests) for each in plans]
        for reason in run_cells(place, plans) if here else self._run(place, plans, hash_seed):
            raise AssertionError(reason)
        # Out of the way of the next cell, which must not find the answers of this one.
        kept = self.folder / "kept" / str(self._number)
        self._number += 1
        kept.parent.mkdir(exist_ok=True)
        (place / RUNS).rename(kept)
        return [_read(plan.address.folder(kept)) for plan in plans]

    def _cleared(self) -> Path:
        """Return the working directory of all cells, as none of them has seen it.

        The same place each time: a method that found its way there finds it again.
        """
        place = self.folder / "work"
        place.mkdir(exist_ok=True)
        for left in place.iterdir():
            if left.name != CACHE:
                rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        return place

    def _run(self, place: Path, plans: Sequence[Plan], hash_seed: HashSeed) -> list[str]:
        if not self.shared:
            try:
                return run_afresh(place, plans, hash_seed)
            except NotHandedOverError as reason:
                self.shared = str(reason)
        return run_cells(place, plans)


def _read(folder: Path) -> CellAnswers:
    files = {path.name: _without_gold(path) for path in sorted(folder.glob("predictions*.csv"))}
    arrays = folder / ARRAYS_FILE
    return CellAnswers(
        folder=folder,
        files={name: "\n".join(map(",".join, rows)) for name, rows in files.items()},
        scores={(row[0], int(row[1])): tuple(map(float, row[3:])) for row in files[PREDICTIONS_FILE][1:]},
        arrays=arrays.read_bytes() if arrays.exists() else b"",
        record=json.loads((folder / RECORD_FILE).read_text(encoding="utf-8")),
    )


def _without_gold(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [row[:_GOLD] + row[_GOLD + 1 :] for row in csv.reader(stream)]


def _without_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_seconds(held) for name, held in value.items() if not name.endswith("seconds")}
    return [_without_seconds(held) for held in value] if isinstance(value, list) else value
