"""Features of files in plans: which an encoder reads, the digest of each among the settings of its cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from erc_bench.contracts.component import wanted_features
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.planning.settings import Problem, Resolved

if TYPE_CHECKING:
    from erc_bench.contracts.encoder import Encoder
    from erc_bench.planning.plan import Plan

SLOT = "features"
NOT_GIVEN = ""
"""Stands for a digest where a plan is made to be looked at, and no file was asked for."""
_ORIGIN = "--feature"


@dataclass(frozen=True)
class GivenFeature:
    """A file that was given for a feature: where it lies, and the sha256 of its content."""

    file: Path
    sha256: str


GivenFeatures = Mapping[str, GivenFeature]
"""By ``NAME``, or by ``DATASET:NAME`` where the file is for one dataset; the latter is stronger."""


def digests_for(given: GivenFeatures | None, dataset: str, names: Iterable[str]) -> dict[str, str]:
    """Return the digests of those features that there is a file for; all are there where none was asked for."""
    if given is None:
        return dict.fromkeys(names, NOT_GIVEN)
    found = {name: given.get(f"{dataset}:{name}") or given.get(name) for name in names}
    return {name: each.sha256 for name, each in found.items() if each is not None}


def with_features(
    resolved: Resolved, encoder: type[Encoder], given: GivenFeatures | None, dataset: str
) -> tuple[Resolved, list[Problem]]:
    """Return the settings with ``features.NAME``, the digest of each file that the encoder reads; and what is lacking.

    They are no overrides: a cell cannot do without.
    """
    wanted = wanted_features(encoder, encoder.Options(**resolved.slot("encoder")))
    digests = digests_for(given, dataset, wanted)
    problems = [
        Problem("", _lacking(encoder.name, name, given or {}, dataset)) for name in wanted if name not in digests
    ]
    if not digests:
        return resolved, problems
    values = {f"{SLOT}.{name}": digest for name, digest in digests.items()}
    return (
        replace(
            resolved,
            values=dict(sorted({**resolved.values, **values}.items())),
            origins=dict(sorted({**resolved.origins, **dict.fromkeys(values, _ORIGIN)}.items())),
        ),
        problems,
    )


def _lacking(encoder: str, name: str, given: GivenFeatures, dataset: str) -> str:
    said = f"the encoder {encoder!r} reads the feature {name!r} on {dataset}, which other code computes"
    near = f"; given: {', '.join(sorted(given))}" if given else ""
    return f"{said}: {OptionName('features'):{name}=FILE.safetensors}{near}"


def refuse_unread(given: GivenFeatures, plans: Iterable[Plan]) -> None:
    """Raise :class:`ErcBenchError` for a file that no cell reads: most likely its name is another."""
    read = {(plan.address.dataset, name) for plan in plans for name in plan.all_features()}
    names = {name for _, name in read}
    for address in given:
        dataset, _, name = address.rpartition(":")
        if name in names and (not dataset or (dataset, name) in read):
            continue
        where = f" on {dataset}" if dataset else ""
        raise ErcBenchError(
            f"no method of this request reads the feature {name!r}{where}; {_instead(name, read)}",
            f"Leave out {OptionName('features'):{address}=…}, or add a method that reads it.",
        )


def _instead(name: str, read: Set[tuple[str, str]]) -> str:
    datasets = sorted(dataset for dataset, known in read if known == name)
    if datasets:
        return f"it is read on {', '.join(datasets)}"
    return did_you_mean(name, {known for _, known in read}) if read else "none of them reads any"
