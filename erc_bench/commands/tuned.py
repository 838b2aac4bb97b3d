"""``--settings FILE``: what a search found, applied to a grid, with what must be said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from erc_bench.commands.grid_run import say

if TYPE_CHECKING:
    from rich.console import Console

    from erc_bench.planning.plan import Plan
    from erc_bench.planning.tuned import CombinationName, Tuned
    from erc_bench.tuning.fingerprints import Fingerprints


def read_tuned(files: Iterable[Path]) -> dict[CombinationName, Tuned]:
    """Read the files of ``--settings``."""
    from erc_bench.tuning.settings_file import read_settings

    return read_settings(files)


def check_tuned(console: Console, plans: Sequence[Plan], tuned: Mapping[CombinationName, Tuned]) -> None:
    """Refuse the seeds of a search; name the combinations that no file has settings for."""
    from erc_bench.planning.tuned import combination_of, refuse_tuning_seeds

    if not tuned:
        return
    refuse_tuning_seeds(plans, tuned)
    without = dict.fromkeys(" · ".join(name) for name in map(combination_of, plans) if name not in tuned)
    if without:
        files = " and ".join(dict.fromkeys(each.file for each in tuned.values()))
        say(console, f"{files} has no settings for {'; '.join(without)}, which keeps its own")


def warn_of_other_data(plans: Sequence[Plan], tuned: Mapping[CombinationName, Tuned], data_dir: Path | None) -> None:
    """Warn where the corpus is not the one that was searched."""
    from erc_bench.planning.tuned import combination_of
    from erc_bench.tuning.fingerprints import Fingerprints

    fingerprints = Fingerprints(data_dir)
    warnings: dict[str, None] = {}
    for plan in plans:
        found = tuned.get(combination_of(plan))
        if found is not None and _differs(plan, found, fingerprints):
            warnings[f"{found.file} was tuned on other data than this {found.dataset}"] = None
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)


def _differs(plan: Plan, found: Tuned, fingerprints: Fingerprints) -> bool:
    try:
        return fingerprints.of(plan) != found.fingerprint
    # A corpus that cannot be loaded, whatever a stranger's code raises, fails its cells and is told there.
    except Exception:
        return False


def tell_earlier_cells(
    console: Console, skipped: Sequence[Plan], tuned: Mapping[CombinationName, Tuned], runs: Path
) -> None:
    """Say which cells were there with the same values already: their records say another origin."""
    from erc_bench.planning.tuned import combination_of
    from erc_bench.store.reading import read_cell

    told: dict[str, int] = {}
    for plan in skipped:
        origin = str(read_cell(plan.address.folder(runs)).record.get("settings_from", ""))
        if combination_of(plan) in tuned and origin != plan.method.settings_from:
            told[origin] = told.get(origin, 0) + 1
    for origin, count in told.items():
        cells = f"{count} cell{' was' if count == 1 else 's were'}"
        say(console, f"{cells} trained earlier with the values of --settings, on record as: {origin}")
