"""Run the cells of a grid, with whatever shows the progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erc_bench.corpora.folder import check_present, data_root
from erc_bench.experiments.paths import check_folder
from erc_bench.planning.plan import Plan
from erc_bench.running.grid import GridOutcome, GridRunner
from erc_bench.running.jobs import JobsRunner, spread
from erc_bench.running.task import GridTask
from erc_bench.training.device import choose_device
from erc_bench.training.progress import Progress


def run_plans(plans: Sequence[Plan], task: GridTask, jobs: int, progress: Progress) -> GridOutcome:
    """Run the cells, in this process or in several; ``progress`` is closed at the end.

    ``task.device`` is what the user named: ``auto``, one device, or several with commas between them.
    Raises :class:`ErcBenchError` at once where a corpus is missing, a device cannot be used, or a file is in the
    place of the runs.
    """
    try:
        check_folder(task.runs)
        check_present((plan.dataset for plan in plans), data_root(task.data_dir))
        devices = [str(choose_device(name)) for name in task.device.split(",")]
        task = replace(task, device=devices[0])
        if jobs > 1 or len(devices) > 1:
            return JobsRunner(spread(max(jobs, len(devices)), task, devices), progress).run(plans)
        return GridRunner(task, progress).run(plans)
    finally:
        progress.close()
