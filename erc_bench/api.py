"""Everything that a plugin may import, and what a notebook needs: ``import erc_bench.api as erc``.

Names are resolved when they are first used, so that a dataset plugin does not import torch. They stand in ``api.pyi``
beside this file, where type checkers find them as well.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

_STUB = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
_HOME = {name: home for home, name in re.findall(r"^from erc_bench\.(\S+) import (\w+) as \2$", _STUB, re.MULTILINE)}

__all__ = sorted(_HOME)  # noqa: PLE0605 (the names are the keys above)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'erc_bench.api' has no attribute {name!r}{_meant(name)}")
    value = getattr(import_module(f"erc_bench.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def _meant(name: str) -> str:
    # What looks a module over (a debugger, a notebook) asks for names of its own.
    if name.startswith("_"):
        return ""
    from erc_bench.names import did_you_mean

    near = did_you_mean(name, __all__)
    return f"; {near}" if near.startswith("did you mean") else ""


def __dir__() -> list[str]:
    return list(__all__)
