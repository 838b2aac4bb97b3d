"""One search: a method on a dataset with a backbone, what may be tried in place of its own settings, what came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import erc_bench
from erc_bench.contracts.options import format_value
from erc_bench.errors import ErcBenchError
from erc_bench.experiments.tuning.space import Point, Space, SpaceFile, build_space, declared_values, with_settings
from erc_bench.planning.grid import plan_grid
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request
from erc_bench.planning.settings import Override
from erc_bench.planning.tuned import CombinationName, combination_of
from erc_bench.plugin_host.catalogue import Catalogue

SLOTS_OF_SYSTEMS = ("dataset", "dialogues", "system")


@dataclass(frozen=True)
class Search:
    """What is searched. ``request`` is for this combination alone, with the tuning seeds and dev only.

    ``own`` is the plan of the method's own settings (with what was set by hand).
    """

    request: Request
    catalogue: Catalogue
    own: Plan
    space: Space

    @property
    def combination(self) -> CombinationName:
        """Dataset, method and backbone by name."""
        return combination_of(self.own)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds whose mean dev score is the score of a trial."""
        return tuple(self.request.seeds)

    def label(self) -> str:
        """Name the combination in one line."""
        return " · ".join(self.combination)

    def own_point(self) -> Point:
        """Return the method's own settings, which need not be a point of the space."""
        return {address: format_value(self.own.resolved.values[address]) for address in self.space.values}

    def points(self) -> int:
        """Return how many points there are to try: the grid, and the own settings where they are none of it."""
        return self.space.size() + (self.own_point() not in self.space)

    def changes(self, point: Point) -> dict[str, Any]:
        """Return the settings of a point that differ from the method's own."""
        own = self.own_point()
        return {a: self.space.values[a][text] for a, text in point.items() if text != own[a]}

    def plans(self, point: Point) -> list[Plan]:
        """Return one cell for each tuning seed; they train for dev alone, and further readouts would cost time.

        Raises :class:`ErcBenchError` where the settings of the point cannot be had together.
        """
        changed = [
            Override(address, value, self.own.method.name, "search") for address, value in self.changes(point).items()
        ]
        planned = plan_grid(with_settings(self.request, changed), self.catalogue)
        return [replace(plan, readouts={}) for plan in planned]


def plan_searches(
    request: Request, catalogue: Catalogue, spaces: SpaceFile, file: Path | None, of_suite: bool = False
) -> list[Search]:
    """Return one search for each combination of the request, in the order dataset, backbone, method.

    ``spaces`` stand in for what the methods declare, and come from ``file``. Of a suite, all rows also search what
    they share, and systems with nothing to search are left out. Raises :class:`ErcBenchError` with everything that is
    wrong, before anything trains.
    """
    # Planned as a whole first, so that mistakes are told as `run` tells them.
    plan_grid(request, catalogue)
    searches: dict[CombinationName, Search] = {}
    problems: dict[str, None] = {}
    for single in _singles(request, catalogue):
        own = plan_grid(single, catalogue)[0]
        name = own.method.name
        values = spaces[name] if name in spaces else declared_values(own.method, own, of_suite)
        origin = f"in {file}" if name in spaces else f"searched by the method {name} itself"
        space, wrong = build_space(single, catalogue, values, origin)
        if of_suite and own.method.system is not None and not values:
            continue
        problems.update(dict.fromkeys(f"{name}: {problem}" for problem in wrong or _empty(space)))
        search = Search(single, catalogue, own, space)
        # A system has no backbone: asked for with two, it is still one search.
        searches.setdefault(search.combination, search)
    if problems:
        many = f"{len(problems)} things are wrong:\n  " if len(problems) > 1 else ""
        raise ErcBenchError(many + "\n  ".join(problems))
    return list(searches.values())


def _empty(space: Space) -> list[str]:
    if space.values:
        return []
    by_hand = f", since {' and '.join(space.fixed)} is set by hand" if space.fixed else ""
    return [f"there is nothing to search{by_hand}; --space FILE can name settings"]


def _singles(request: Request, catalogue: Catalogue) -> Iterator[Request]:
    for dataset, backbone, name in product(*map(dict.fromkeys, (request.datasets, request.backbones, request.methods))):
        if dataset in request.datasets_for(name) and backbone in request.backbones_for(name):
            yield replace(
                request,
                methods=(name,),
                datasets=(dataset,),
                backbones=(backbone,),
                datasets_of={},
                backbones_of={},
                overrides=_meant_for(request.overrides, catalogue, name),
                suite=_meant_for(request.suite, catalogue, name),
            )


def _meant_for(settings: Sequence[Override], catalogue: Catalogue, name: str) -> Sequence[Override]:
    system = catalogue.get("method", name).system is not None
    return [
        item
        for item in settings
        if item.speaks_to(name) and (item.method or not system or item.slot in SLOTS_OF_SYSTEMS)
    ]


def differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return the keys under which two mappings differ."""
    return [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]


@dataclass(frozen=True)
class Trial:
    """A trial that counts. ``scores`` has one dev score for each tuning seed; none where it failed.

    Trial 0 is the method's own settings. ``error`` is one line, empty where the trial finished.
    """

    number: int
    point: Point
    scores: tuple[float, ...] = ()
    error: str = ""

    @property
    def score(self) -> float:
        """The mean dev score over the tuning seeds, in points."""
        return fmean(self.scores)


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """Return the finished trial with the best score, the first of equals: own settings stand until beaten."""
    return max((trial for trial in trials if not trial.error), key=lambda trial: trial.score, default=None)


@dataclass(frozen=True)
class Result:
    """The trials of a search that was asked for ``asked`` trials, on the corpus with this fingerprint."""

    search: Search
    trials: Sequence[Trial]
    asked: int
    fingerprint: str

    @property
    def best(self) -> Trial | None:
        """The best finished trial; ``None`` where all failed."""
        return best_of(self.trials)

    @property
    def own(self) -> Trial | None:
        """The finished trial of the method's own settings."""
        return next((trial for trial in self.trials[:1] if not trial.error), None)

    @property
    def failed(self) -> int:
        """How many trials failed."""
        return sum(bool(trial.error) for trial in self.trials)

    def settings(self) -> dict[str, Any]:
        """Return the best settings, those alone that differ from the method's own for the dataset.

        What was set by hand for the search is among them: the others were found beside it.
        """
        assert self.best is not None, "there are settings where a trial finished"
        return dict(self.search.plans(self.best.point)[0].resolved.overrides)

    def entry(self) -> dict[str, Any]:
        """Return the result as a table of a settings file."""
        assert self.best is not None, "there is an entry where a trial finished"
        dataset, method, backbone = self.search.combination
        whole: Mapping[str, Any] = {
            "dataset": dataset,
            "method": method,
            "backbone": backbone,
            "metric": self.search.own.dataset.headline_metric,
            "dev_score": round(self.best.score, 4),
            "own_dev_score": None if self.own is None else round(self.own.score, 4),
            "best_trial": self.best.number,
            "trials": len(self.trials),
            "failed": self.failed,
            "trials_asked": self.asked,
            "points": self.search.points(),
            "tuning_seeds": list(self.search.seeds),
            "limit": self.search.request.limit,
            "data_fingerprint": self.fingerprint,
            "erc_bench": erc_bench.__version__,
            "settings": self.settings(),
        }
        return {key: value for key, value in whole.items() if value is not None}
