"""Whether a record holds the values that its readers rely on: their kinds, and whose record it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from erc_bench.errors import ErcBenchError
from erc_bench.statistics.metrics import METRIC_WORDS
from erc_bench.store.layout import RECORD_FILE, CellAddress

Kinds = tuple[type, ...]

_NULL = type(None)
_REQUIRED = ("method", "dataset", "backbone", "seed", "settings_hash", "labels", "metrics")
_SCORES = ("metrics.dev", "metrics.test", "readouts_metrics.*.dev", "readouts_metrics.*.test", "floor")
# Exact types, so that true does not count as a number; ``*`` stands for every value of a list or an object.
_KINDS: Mapping[str, Kinds] = {
    **dict.fromkeys(("method", "dataset", "backbone", "settings_hash", "headline_metric"), (str,)),
    "seed": (int,),
    **dict.fromkeys(("limit", "data.counts.*.dialogues", "data.counts.*.labelled"), (int, _NULL)),
    **dict.fromkeys(("regime", "degenerate", "data.fingerprint", "selection.rule"), (str, _NULL)),
    **dict.fromkeys(("dev_only", "sees_future"), (bool,)),
    **dict.fromkeys(("labels", "readouts", "scored_labels", "provenance.inert_terms"), (list,)),
    **dict.fromkeys(("labels.*", "readouts.*", "scored_labels.*", "provenance.inert_terms.*", "choices.*"), (str,)),
    **dict.fromkeys(
        ("settings", "choices", "overrides", "inputs", "inputs.code", "inputs.core", "provenance", "timings"), (dict,)
    ),
    **dict.fromkeys(("data", "data.counts", "data.counts.*", "data.groups", "data.groups.*"), (dict,)),
    "data.groups.*.*": (list,),
    "data.groups.*.*.*": (str,),
    **dict.fromkeys(("metrics", "readouts_metrics", "readouts_metrics.*"), (dict,)),
    **dict.fromkeys(("selection", "provenance.hardware", *_SCORES), (dict, _NULL)),
    **{f"{scores}.{metric}": (int, float) for scores in _SCORES for metric in METRIC_WORDS},
    "timings.*": (int, float),
    "audit": (dict, _NULL),
    **dict.fromkeys(("audit.training", "audit.readout"), (list,)),
    **dict.fromkeys(("audit.training.*", "audit.readout.*"), (dict,)),
    **dict.fromkeys(("audit.training.*.*", "audit.readout.*.*"), (int, float)),
    **{f"audit.{part}.*.{metric}": (int, float) for part in ("training", "readout") for metric in METRIC_WORDS},
    "audit.chosen_from": (str,),
}
_POINTS = frozenset(path for path in _KINDS if path.rpartition(".")[2] in METRIC_WORDS)
_ROUNDING = 1e-9
_LARGEST = 2**63


@dataclass
class _Node:
    """The requirements of a value: its own kinds (``None``: any) under a name, and those of the values below it.

    ``points`` says that it is a score, from 0 to 100.
    """

    path: str = ""
    kinds: Kinds | None = None
    points: bool = False
    named: dict[str, _Node] = field(default_factory=dict)
    each: _Node | None = None

    def below(self, name: str) -> _Node:
        if name != "*":
            return self.named.setdefault(name, _Node())
        self.each = self.each or _Node()
        return self.each


def _tree(kinds: Mapping[str, Kinds]) -> _Node:
    root = _Node()
    for path, allowed in kinds.items():
        node = root
        for name in path.split("."):
            node = node.below(name)
        node.path, node.kinds, node.points = path, allowed, path in _POINTS
    return root


_TREE = _tree(_KINDS)
_ORDER = {path: position for position, path in enumerate(_KINDS)}


def check_record(record: Mapping[str, Any], folder: Path) -> None:
    """Raise :class:`ErcBenchError` for a value of the wrong kind, or a record of another cell than the folder's."""
    lacking = [key for key in _REQUIRED if key not in record]
    wrong = lacking or sorted(_misfits(record, _TREE), key=_ORDER.__getitem__)
    if not wrong and record.get("headline_metric", "weighted_f1") not in METRIC_WORDS:
        wrong = ["headline_metric"]
    if wrong:
        within = ", a number from 0 to 100" if wrong[0] in _POINTS else ""
        raise ErcBenchError(f"{RECORD_FILE} has no valid {wrong[0]!r}{within}")
    names = (record[key] for key in ("dataset", "method", "backbone", "settings_hash", "seed"))
    own = CellAddress(*names).folder(Path())
    if own.parts != folder.parts[-5:]:
        raise ErcBenchError(f"{RECORD_FILE} is that of another cell, {own.as_posix()}")


def _misfits(value: Any, node: _Node) -> list[str]:
    """Return the paths of all values of a wrong kind, at and below a node; each value is looked at once."""
    sound = _is_score if node.points else _is_sound
    wrong = [] if node.kinds is None or (type(value) in node.kinds and sound(value)) else [node.path]
    if node.named and isinstance(value, dict):
        for name, child in node.named.items():
            if name in value:
                wrong += _misfits(value[name], child)
    if node.each is not None:
        for member in _members(value):
            wrong += _misfits(member, node.each)
    return wrong


def _is_sound(value: Any) -> bool:
    # JSON as Python reads it knows NaN, Infinity and integers that no float can hold.
    if isinstance(value, float):
        return isfinite(value)
    return not isinstance(value, int) or abs(value) < _LARGEST


def _is_score(value: Any) -> bool:
    # nan is within no bounds.
    return bool(-_ROUNDING <= value <= 100 + _ROUNDING)


def _members(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
