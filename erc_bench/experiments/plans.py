"""What a request becomes before anything runs, and what must be said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from erc_bench.contracts.options import format_value
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request
from erc_bench.planning.tuned import CombinationName, Tuned, combination_of, refuse_tuning_seeds
from erc_bench.store.reading import read_cell

if TYPE_CHECKING:
    from erc_bench.experiments.tuning.identity import Fingerprints

Tunings = Mapping[CombinationName, Tuned]
"""Combination → what a search found for it."""


def suggested_settings(plans: Iterable[Plan]) -> list[str]:
    """Say what the suggestions of datasets changed: a frozen encoder is not what the user typed."""
    return sorted(
        {
            f"{address} = {format_value(plan.resolved.values[address])} (suggested by {origin})"
            for plan in plans
            for address, origin in plan.resolved.origins.items()
            if origin.startswith("dataset ")
        }
    )


def check_sealed(request: Request) -> None:
    """Raise :class:`ErcBenchError` for a request that would read test and never reads it."""
    if request.audit and request.dev_only:
        raise ErcBenchError(
            f"{OptionName('audit')} scores every epoch on test, and {OptionName('dev_only')} never scores test",
            "Leave one of them.",
        )
    if request.save_representations and request.dev_only:
        raise ErcBenchError(
            f"{OptionName('save_representations')} stores what test becomes,"
            f" and {OptionName('dev_only')} never reads test",
            "Leave one of them.",
        )


def check_baseline(baseline: str | None, methods: Sequence[str]) -> None:
    """Raise :class:`ErcBenchError` for a baseline that is no method of the run whose table it is for."""
    method = (baseline or "").partition("/")[0]
    if baseline is not None and method not in methods:
        raise ErcBenchError(
            f"the baseline {method!r} is none of the methods of this run; {did_you_mean(method, methods)}",
            "The table of a run shows its own cells; erc-bench compare shows all that are stored.",
        )


def check_tuned(plans: Sequence[Plan], tuned: Tunings) -> list[str]:
    """Refuse the seeds of a search; name the combinations that no file has settings for."""
    if not tuned:
        return []
    refuse_tuning_seeds(plans, tuned)
    without = dict.fromkeys(" · ".join(name) for name in map(combination_of, plans) if name not in tuned)
    if not without:
        return []
    files = " and ".join(dict.fromkeys(each.file for each in tuned.values()))
    return [f"{files} has no settings for {'; '.join(without)}, which keeps its own"]


def tuned_on_other_data(plans: Sequence[Plan], tuned: Tunings, data_dir: Path | None) -> list[str]:
    """Name the files whose corpus is not the one that was searched."""
    from erc_bench.experiments.tuning.identity import Fingerprints

    fingerprints = Fingerprints(data_dir)
    warnings: dict[str, None] = {}
    for plan in plans:
        found = tuned.get(combination_of(plan))
        if found is not None and _differs(plan, found, fingerprints):
            warnings[f"{found.file} was tuned on other data than this {found.dataset}"] = None
    return list(warnings)


def _differs(plan: Plan, found: Tuned, fingerprints: Fingerprints) -> bool:
    try:
        return fingerprints.of(plan) != found.fingerprint
    # A corpus that cannot be loaded, whatever a stranger's code raises, fails its cells and is told there.
    except Exception:
        return False


def earlier_cells(skipped: Sequence[Plan], tuned: Tunings, runs: Path) -> list[str]:
    """Say which cells were there with the same values already: their records say another origin."""
    told: dict[str, int] = {}
    for plan in skipped:
        origin = str(read_cell(plan.address.folder(runs)).record.get("settings_from", ""))
        if combination_of(plan) in tuned and origin != plan.method.settings_from:
            told[origin] = told.get(origin, 0) + 1
    return [
        f"{count} cell{' was' if count == 1 else 's were'} trained earlier with the values of"
        f" {OptionName('settings_files')}, on record"
        f" as: {origin}"
        for origin, count in told.items()
    ]
