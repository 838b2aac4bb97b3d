"""Whether a record holds what its readers rely on: the kinds of its values, and whose record it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from erc_bench.errors import ErcBenchError
from erc_bench.metrics import METRIC_WORDS
from erc_bench.store.layout import RECORD_FILE, CellAddress

Kinds = tuple[type, ...]

_NULL = type(None)
_REQUIRED = ("method", "dataset", "backbone", "seed", "settings_hash", "labels", "metrics")
_SCORES = ("metrics.dev", "metrics.test", "readouts_metrics.*.dev", "readouts_metrics.*.test", "floor")
# Exact types, so that true is no number; ``*`` stands for every value of a list or an object.
_KINDS: Mapping[str, Kinds] = {
    **dict.fromkeys(("method", "dataset", "backbone", "settings_hash", "headline_metric"), (str,)),
    "seed": (int,),
    **dict.fromkeys(("limit", "data.counts.*.dialogues", "data.counts.*.labelled"), (int, _NULL)),
    **dict.fromkeys(("regime", "degenerate", "data.fingerprint", "selection.rule"), (str, _NULL)),
    **dict.fromkeys(("dev_only", "sees_future"), (bool,)),
    **dict.fromkeys(("labels", "readouts", "scored_labels", "provenance.inert_terms"), (list,)),
    **dict.fromkeys(("labels.*", "readouts.*", "scored_labels.*", "provenance.inert_terms.*", "choices.*"), (str,)),
    **dict.fromkeys(("settings", "choices", "overrides", "inputs", "inputs.code", "provenance", "timings"), (dict,)),
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
    "audit.chosen_from": (str,),
}
_PATHS = tuple((tuple(path.split(".")), kinds) for path, kinds in _KINDS.items())
_LARGEST = 2**63


def check_record(record: Mapping[str, Any], folder: Path) -> None:
    """Raise :class:`ErcBenchError` for a value of the wrong kind, or a record of another cell than the folder's."""
    lacking = [key for key in _REQUIRED if key not in record]
    wrong = lacking or [".".join(path) for path, kinds in _PATHS if not _fits(record, path, kinds)]
    if not wrong and record.get("headline_metric", "weighted_f1") not in METRIC_WORDS:
        wrong = ["headline_metric"]
    if wrong:
        raise ErcBenchError(f"{RECORD_FILE} has no valid {wrong[0]!r}")
    names = (record[key] for key in ("dataset", "method", "backbone", "settings_hash", "seed"))
    own = CellAddress(*names).folder(Path())
    if own.parts != folder.parts[-5:]:
        raise ErcBenchError(f"{RECORD_FILE} is that of another cell, {own.as_posix()}")


def _fits(record: Mapping[str, Any], path: Sequence[str], kinds: Kinds) -> bool:
    return all(type(value) in kinds and _is_sound(value) for value in _values(record, path))


def _is_sound(value: Any) -> bool:
    # JSON as Python reads it knows NaN, Infinity and integers that no float can hold.
    if isinstance(value, float):
        return isfinite(value)
    return not isinstance(value, int) or abs(value) < _LARGEST


def _values(record: Mapping[str, Any], path: Sequence[str]) -> list[Any]:
    """Return what lies at a path; nothing where a part of it is absent or holds nothing."""
    found: list[Any] = [record]
    for name in path:
        if name == "*":
            found = [member for value in found for member in _members(value)]
        else:
            found = [value[name] for value in found if isinstance(value, dict) and name in value]
        if not found:
            break
    return found


def _members(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
