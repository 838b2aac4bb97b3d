"""``--observer NAME``: who hears of a run, for the commands that run a grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from erc_bench.commands.plugin_option import open_catalogue

if TYPE_CHECKING:
    from erc_bench.planning.observers import ChosenObserver

observer_option = click.option(
    "--observer",
    "observers",
    multiple=True,
    metavar="NAME[:OPTION=VALUE]",
    help="Tell an observer of every run and epoch, for example tensorboard. Changes no result; may be repeated.",
)


def chosen_observers(asked: Mapping[str, Any]) -> tuple[ChosenObserver, ...]:
    """Return the observers that were asked for; raise :class:`ErcBenchError` where one of them cannot work."""
    if not asked["observers"]:
        return ()
    from erc_bench.planning.observers import choose_observers

    return choose_observers(asked["observers"], open_catalogue(asked["plugins"]))
