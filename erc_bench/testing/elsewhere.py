"""A component in another process, where strings have other hashes and no class has seen anything yet.

The other process is started once, by the first check that asks for it, and ends with this one. What is measured
there and here is a probe: a function of a component and its options that returns numbers.
"""

from __future__ import annotations

import atexit
import dataclasses
import importlib
import importlib.util
import inspect
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from erc_bench.options import specs

Numbers = dict[str, list[float]]

_SERVE = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from erc_bench.testing.elsewhere import serve
serve()
"""
_PATIENCE = 300.0
"""Seconds that a probe may take."""
_TOLERANCE = 1e-4
"""Of the larger of 1 and the number: two processes may add up in another order."""


def same_elsewhere(
    probe: Callable[[type, Any], Numbers], component: type, options: Any, here: Mapping[str, Sequence[float]]
) -> str:
    """Return where else the numbers are the same; raise ``AssertionError`` where another process gives others.

    ``here`` is what the probe, a function of a module, returned in this process.
    """
    asked = handed_over(component, options)
    if asked is None:
        return "in this process, its class is known to no other one"
    answer = _process().ask({**asked, "probe": f"{probe.__module__}:{probe.__name__}"})
    if "unknown" in answer:
        return "in this process, its class is known to no other one"
    assert "fault" not in answer, f"another process, of another hash seed, ends in {answer['fault']}"
    others = [name for name in {**here, **answer["numbers"]} if not _same(here.get(name), answer["numbers"].get(name))]
    assert not others, (
        f"another process, of another hash seed, gives something else ({others[0]}): no seed brings back what hangs on "
        "hash(), on the order of a set of words, or on what a class remembers"
    )
    return "and in a process of another hash seed"


def handed_over(component: type, options: Any) -> dict[str, Any] | None:
    """Say by what another process finds a class and its options; ``None`` where it cannot."""
    if "<locals>" in component.__qualname__:
        return None
    try:
        asked = {
            "module": component.__module__,
            "file": inspect.getsourcefile(component),
            "name": component.__qualname__,
            "options": {} if options is None else dataclasses.asdict(options),
            "path": import_path(),
        }
        json.dumps(asked)
    except (TypeError, OSError):
        return None
    return asked


def import_path() -> list[str]:
    """Return where modules are found, whatever the working directory."""
    return [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 (an entry may be a zip file)


def taken_over(asked: Mapping[str, Any]) -> tuple[type, Any]:
    """Return the class that was handed over, and its options."""
    found: Any = _module(asked["module"], asked["file"])
    for name in asked["name"].split("."):
        found = getattr(found, name)
    declared = specs(found.Options)
    given = {name: declared[name].convert(value) for name, value in asked["options"].items() if name in declared}
    return found, found.Options(**{**asked["options"], **given})


def _module(name: str, file: str) -> Any:
    try:
        module = importlib.import_module(name)
        if Path(str(module.__file__)).samefile(file):
            return module
    except (ImportError, OSError):
        pass
    found = importlib.util.spec_from_file_location(name, file)
    assert found is not None
    assert found.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def serve() -> None:
    """Answer the questions of the process that has started this one, until it ends."""
    asked, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    # A component may print and read what it likes.
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    for line in asked:
        print(json.dumps(_answered(json.loads(line))), file=answers, flush=True)


def _answered(asked: Mapping[str, Any]) -> dict[str, Any]:
    sys.path[:] = asked["path"]
    try:
        component, options = taken_over(asked)
    # What it finds on the way is a stranger's module.
    except (Exception, SystemExit):
        return {"unknown": True}
    module, _, name = asked["probe"].partition(":")
    try:
        return {"numbers": getattr(importlib.import_module(module), name)(component, options)}
    except (Exception, SystemExit) as error:
        return {"fault": f"{type(error).__name__}: {error}"}


def _same(one: Sequence[float] | None, other: Sequence[float] | None) -> bool:
    if one is None or other is None or len(one) != len(other):
        return False
    return all(_close(a, b) for a, b in zip(one, other, strict=True))


def _close(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other)) or abs(one - other) <= _TOLERANCE * max(1, abs(one))


class _Process:
    """The other process; it is started anew where it has ended."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[str] | None = None

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return its answer; one that ends instead is a fault."""
        process = self._running = self._running or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(_PATIENCE, process.kill)
        timer.start()
        try:
            print(json.dumps(question), file=process.stdin, flush=True)
            line = process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.end()
        return {"fault": "the end of the process"}

    def end(self) -> None:
        """End it, if it runs."""
        process, self._running = self._running, None
        if process is not None:
            process.kill()
            process.communicate()

    def _started(self) -> subprocess.Popen[str]:
        seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
        return subprocess.Popen(  # noqa: S603 (this very program)
            [sys.executable, "-c", _SERVE, json.dumps(import_path())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"},
            text=True,
            encoding="utf-8",
        )


@cache
def _process() -> _Process:
    process = _Process()
    atexit.register(process.end)
    return process
