"""``erc-bench tune``: search every method's settings on dev, with the same number of trials for each."""

from __future__ import annotations

from importlib.util import find_spec

import click

from erc_bench.commands.options import takes
from erc_bench.errors import ErcBenchError
from erc_bench.planning.run_requests import TuneRequest


@click.command("tune")
@takes(TuneRequest)
@click.option("--dry-run", is_flag=True, help="Show what would be searched and what is already there; run nothing.")
def tune(request: TuneRequest, dry_run: bool) -> None:
    """Search the settings of every METHOD on dev, with the same number of trials; write the best to a file.

    Test is never scored, and a search that was stopped goes on. To train with what was found: erc-bench
    run --settings FILE.
    """
    if find_spec("optuna") is None:
        raise ErcBenchError("tune needs Optuna, which is not installed", "Install it: pip install 'erc-bench[tune]'")
    from erc_bench.commands.tune_output import SearchesAloud, end, show_results, show_search
    from erc_bench.experiments.tune import Tuning
    from erc_bench.running.terminal_progress import open_console, progress_for

    console = open_console()
    tuning = Tuning(request, SearchesAloud(console))
    if dry_run:
        there, cells = tuning.stored()
        for search, trials in zip(tuning.searches, there, strict=True):
            show_search(console, search, request.trials, trials, cells)
        return
    results = tuning.run(progress_for(console))
    show_results(console, results, tuning.folder)
    end(console, results, tuning.output)
