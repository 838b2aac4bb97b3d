"""What ``--dry-run`` of ``run`` and ``sweep`` tells: the state of every cell as the run would find it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from erc_bench.planning.plan import Plan
    from erc_bench.running.state import Found
    from erc_bench.store.layout import CellAddress


def look_ahead(plans: Sequence[Plan], asked: Mapping[str, Any]) -> dict[CellAddress, Found]:
    """Return what is there for each cell; say on standard error what could not be looked at."""
    from erc_bench.running.forecast import Outlook

    outlook = Outlook(asked["runs"], asked["data_dir"], lambda sentence: click.echo(f"Note: {sentence}", err=True))
    return {plan.address: outlook.find(plan) for plan in plans}


def going_to_run(plans: Sequence[Plan], found: Mapping[CellAddress, Found], asked: Mapping[str, Any]) -> list[Plan]:
    """Return the plans whose cells run under the ``--overwrite`` that was asked for."""
    from erc_bench.running.state import RUNS_UNDER

    return [plan for plan in plans if found[plan.address].state in RUNS_UNDER[asked["overwrite"]]]


def told(found: Found) -> str:
    """Say a state in words, with the reason where there is one."""
    return f"{found.state} ({found.reason})" if found.reason else found.state


def cells(count: int) -> str:
    """Count cells in words."""
    return f"{count} cell{'' if count == 1 else 's'}"
