"""Rows in their order, each with the shortest label that tells it apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from string import ascii_lowercase

from erc_bench.comparison.comparison_data import NO_BACKBONE, RowKey, TableRow


def ordered(keys: Iterable[RowKey], methods: Sequence[str], baseline: str) -> list[RowKey]:
    """Order rows as their methods were named, else the baseline first and the others by name."""
    place = {method: position for position, method in enumerate(methods)}

    def order(key: RowKey) -> tuple[object, ...]:
        first = place.get(key.method, -1 if key.method == baseline else len(place))
        return first, key.method, key.backbone, len(key.overrides), key.overrides, key.variant, key.readout

    return sorted(set(keys), key=order)


def common_backbone(keys: Iterable[RowKey]) -> str:
    """Return the backbone that all rows with a backbone share, else ``""``."""
    names = {key.backbone for key in keys if key.backbone != NO_BACKBONE}
    return names.pop() if len(names) == 1 else ""


def common_overrides(keys: Iterable[RowKey]) -> dict[str, str]:
    """Return the overrides that all rows with a backbone share: the caption says them once."""
    sets = [set(key.overrides) for key in keys if key.backbone != NO_BACKBONE]
    return dict(sorted(set.intersection(*sets))) if sets else {}


def label_rows(keys: Sequence[RowKey], sees_future: Mapping[RowKey, bool]) -> tuple[TableRow, ...]:
    """Label the rows: the method, and of backbone and overrides only those that the rows do not share."""
    backbone, overrides = common_backbone(keys), common_overrides(keys)
    return tuple(TableRow(key, _label(key, backbone, overrides), sees_future.get(key, False)) for key in keys)


def _label(key: RowKey, backbone: str, overrides: Mapping[str, str]) -> str:
    parts = [key.method]
    if key.backbone not in (backbone, NO_BACKBONE):
        parts.append(key.backbone)
    parts += [f"{address}={value}" for address, value in key.overrides if overrides.get(address) != value]
    parts += [f"{address}={value}" for address, value in key.variant]
    if key.readout:
        parts.append(f"read by {key.readout}")
    return " · ".join(parts)


def lettered(rows: Sequence[TableRow]) -> tuple[TableRow, ...]:
    """Give each row a letter: a to z, then aa, ab and so on."""
    return tuple(replace(row, letter=_letter(number)) for number, row in enumerate(rows))


def _letter(number: int) -> str:
    further, position = divmod(number, len(ascii_lowercase))
    return (_letter(further - 1) if further else "") + ascii_lowercase[position]
