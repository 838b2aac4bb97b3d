"""Which row each row is compared with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from erc_bench.comparison.comparison_data import NO_BACKBONE, RowKey
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.store.reading import StoredCell

PREFERRED = ("ce", "supcon")


@dataclass(frozen=True)
class Baseline:
    """The method, and where it was named the backbone, that others are compared with."""

    method: str
    backbone: str | None = None

    def __str__(self) -> str:
        return self.method if self.backbone is None else f"{self.method}/{self.backbone}"


def parse_baseline(name: str, cells: Collection[StoredCell]) -> Baseline:
    """Read ``method`` or ``method/backbone``.

    Raises :class:`ErcBenchError` when no run of it is stored.
    """
    method, slash, backbone = name.partition("/")
    backbones = {str(cell.record["backbone"]) for cell in cells if cell.method == method and cell.status == "done"}
    if not backbones:
        methods = {cell.method for cell in cells if cell.status == "done"}
        raise ErcBenchError(f"no finished run of the baseline {method!r} is stored; {did_you_mean(method, methods)}")
    if slash and backbone not in backbones:
        raise ErcBenchError(f"{method} was not run with the backbone {backbone!r}; {did_you_mean(backbone, backbones)}")
    return Baseline(method, backbone if slash else None)


def default_baseline(methods: Sequence[str]) -> Baseline:
    """Return the field's usual baseline: ``ce``, else ``supcon``, else the first method."""
    return Baseline(next((name for name in PREFERRED if name in methods), methods[0]))


def partners(keys: Sequence[RowKey], baseline: Baseline) -> dict[int, int]:
    """Map each row (by position) to the row of the baseline that it is compared with.

    A row meets the baseline's row of its own backbone whose overrides are nearest, so that a
    difference speaks of the method; rows of other backbones meet only where the baseline's backbone
    was named. Further rows of the baseline method that are nobody's partner (an ablation) meet
    its plainest row.
    """
    method, backbone = baseline.method, baseline.backbone
    base = [i for i, key in enumerate(keys) if key.method == method and backbone in (None, key.backbone)]
    chosen: dict[int, int] = {}
    for i, key in enumerate(keys):
        candidates = [j for j in base if backbone is not None or _same_backbone(key, keys[j], keys, base)]
        if i not in base and candidates:
            chosen[i] = min(candidates, key=lambda j: _distance(key, keys[j]))
    taken = set(chosen.values())
    for i in base:
        plainest = min((j for j in base if keys[j].backbone == keys[i].backbone), key=lambda j: _plainness(keys[j]))
        if i != plainest and i not in taken:
            chosen[i] = plainest
    return dict(sorted(chosen.items()))


def all_pairs(keys: Sequence[RowKey], baseline: Baseline) -> list[tuple[int, int]]:
    """Return each two rows once: (the later one, the earlier one), first those of :func:`partners` as they are.

    Rows of other backbones meet only where the baseline's backbone was named.
    """
    named = list(partners(keys, baseline).items())
    met = {frozenset(pair) for pair in named}
    further = [
        (i, j)
        for i, key in enumerate(keys)
        for j in range(i)
        if {i, j} not in met and (baseline.backbone or _alike(key, keys[j]))
    ]
    return [*named, *further]


def _alike(key: RowKey, other: RowKey) -> bool:
    return key.backbone == other.backbone or NO_BACKBONE in (key.backbone, other.backbone)


def _same_backbone(key: RowKey, other: RowKey, keys: Sequence[RowKey], base: Sequence[int]) -> bool:
    # A system without a backbone meets the others as long as it is clear whom.
    if NO_BACKBONE in (key.backbone, other.backbone):
        return len({keys[j].backbone for j in base}) == 1
    return key.backbone == other.backbone


def _distance(key: RowKey, other: RowKey) -> tuple[int, ...]:
    differing = set(key.overrides) ^ set(other.overrides)
    return len(differing), int(key.readout != other.readout), len(set(key.variant) ^ set(other.variant))


def _plainness(key: RowKey) -> tuple[int, ...]:
    return len(key.overrides), int(bool(key.readout)), len(key.variant)
