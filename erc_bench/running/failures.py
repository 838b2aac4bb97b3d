"""Why a cell failed, and where in the code of a component: its author wants a file and a line."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan

_OWN = "erc_bench"


def reason_of(plan: Plan, error: BaseException) -> str:
    """Return why a cell failed, with the remedy where one is known."""
    # Who only asks for the place of an error may have done without torch so far.
    import torch

    if isinstance(error, torch.OutOfMemoryError):
        return (
            "the device ran out of memory; lower training.batch_size (with training.accumulation the "
            "optimiser still sees as many examples) or encoder.length"
        )
    if isinstance(error, ErcBenchError):
        return str(error)
    return located(error, [plan.dataset, *plan.code().values()])


def located(error: BaseException, components: Iterable[type]) -> str:
    """Return file and line, the kind of the error and what it says.

    The place is the innermost one in a package or file that one of the components comes from; without one, it is
    left out.
    """
    said = f"{type(error).__name__}: {error}"
    places = _places(error, components)
    inner = next((place for place in reversed(places) if place), "")
    return f"{inner}: {said}" if inner else said


def raised_by(error: BaseException, components: Iterable[type]) -> bool:
    """Whether it was the code of a component itself that raised, and not what it was called from or calls."""
    return bool("".join(_places(error, components)[-1:]))


def _places(error: BaseException, components: Iterable[type]) -> list[str]:
    """Return the place of each frame, the outermost first; empty where it belongs to no component."""
    packages = {component.__module__.partition(".")[0] for component in components} - {_OWN}
    frames = traceback.walk_tb(error.__traceback__)
    return [_place(frame, line) if _module(frame).partition(".")[0] in packages else "" for frame, line in frames]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _place(frame: FrameType, line: int) -> str:
    """Name a file as its package does: without the folder that this is installed in."""
    path = Path(frame.f_code.co_filename)
    depth = _module(frame).count(".") + 1 + (path.stem == "__init__")
    return f"{Path(*path.parts[-depth:]).as_posix()}, line {line}"
