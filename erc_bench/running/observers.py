"""Telling observers of a cell, so that nothing of what they do comes back into the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from erc_bench.contracts.observer import ObservedEpoch, ObservedResult, ObservedRun, Observer
from erc_bench.errors import ErcBenchError
from erc_bench.planning.observers import ChosenObserver
from erc_bench.planning.plan import Plan
from erc_bench.training.events import CellEnded, CellStarted, EpochEnded, Event
from erc_bench.training.process_state import ProcessState

Tell = Callable[[str], None]
"""Takes a line that the user is to read."""


class Observers:
    """The observers of one process. One that raises is named once, and left out from there on."""

    def __init__(self, chosen: Iterable[ChosenObserver], device: torch.device, tell: Tell) -> None:
        self._device = device
        self._tell = tell
        self._left: dict[str, Observer] = {}
        for each in chosen:
            self._guarded(each.name, partial(self._build, each))

    def cell(self, plan: Plan, folder: Path) -> CellObservers:
        """Return what tells them of one cell."""
        return CellObservers(self, plan, folder)

    def hear(self, call: Callable[[Observer], None]) -> None:
        """Tell every observer that is left the same."""
        for name, observer in list(self._left.items()):
            self._guarded(name, partial(call, observer))

    def _build(self, chosen: ChosenObserver) -> None:
        self._left[chosen.name] = chosen.build()

    def _guarded(self, name: str, call: Callable[[], None]) -> None:
        """Make a call after which the process is for a run what it was before: its generators, its settings."""
        state = ProcessState(self._device)
        # An observer is a stranger's code: whatever it raises, or where it exits, the run goes on.
        try:
            call()
        except (Exception, SystemExit) as error:
            self._left.pop(name, None)
            kind = "" if isinstance(error, ErcBenchError) else f"{type(error).__name__}: "
            reason = " ".join(f"{kind}{error}".split())
            self._tell(f"Warning: the observer {name} is left out from here on: {reason}")
        finally:
            state.restore()


class CellObservers:
    """Tells the observers of one cell."""

    def __init__(self, observers: Observers, plan: Plan, folder: Path) -> None:
        address = plan.address
        self._observers = observers
        self._run = ObservedRun(
            address.dataset,
            address.method,
            address.backbone,
            address.seed,
            address.settings_hash,
            read_only(plan.choices()),
            read_only(plan.resolved.values),
            folder,
        )

    def hear(self, event: Event) -> None:
        """Tell them that the cell starts, of an epoch, or that the cell has been written or did not end well."""
        if isinstance(event, CellStarted):
            self._observers.hear(lambda observer: observer.run_started(self._run))
        elif isinstance(event, EpochEnded):
            own = {name: read_only(getattr(event, name)) for name in ObservedEpoch.__dataclass_fields__}
            epoch = ObservedEpoch(**own)
            self._observers.hear(lambda observer: observer.epoch_ended(self._run, epoch))
        elif isinstance(event, CellEnded) and event.status:
            dev, test = (read_only(event.metrics.get(split)) for split in ("dev", "test"))
            result = ObservedResult(event.status, dev, test, event.seconds, event.error)
            self._observers.hear(lambda observer: observer.run_ended(self._run, result))


def read_only(value: Any) -> Any:
    """Return a copy that cannot be changed, of mappings and lists of plain values."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: read_only(each) for key, each in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(map(read_only, value))
    return value
