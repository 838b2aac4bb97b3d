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


def read_tuned(files: Iterable[Path]) -> dict[CombinationName, Tuned]:
    """Read the files of ``--settings``."""
    from erc_bench.experiments.tuning.settings_file import read_settings

    return read_settings(files)


def check_tuned(console: Console, plans: Sequence[Plan], tuned: Mapping[CombinationName, Tuned]) -> None:
    """Refuse the seeds of a search; name the combinations that no file has settings for."""
    from erc_bench.experiments import tuned as experiments

    for sentence in experiments.check_tuned(plans, tuned):
        say(console, sentence)


def warn_of_other_data(plans: Sequence[Plan], tuned: Mapping[CombinationName, Tuned], data_dir: Path | None) -> None:
    """Warn where the corpus is not the one that was searched."""
    from erc_bench.experiments.tuned import tuned_on_other_data

    for warning in tuned_on_other_data(plans, tuned, data_dir):
        click.echo(f"Warning: {warning}", err=True)


def tell_earlier_cells(
    console: Console, skipped: Sequence[Plan], tuned: Mapping[CombinationName, Tuned], runs: Path
) -> None:
    """Say which cells were there with the same values already: their records say another origin."""
    from erc_bench.experiments.tuned import earlier_cells

    for sentence in earlier_cells(skipped, tuned, runs):
        say(console, sentence)
