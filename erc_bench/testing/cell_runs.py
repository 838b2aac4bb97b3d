"""Cells on the small corpus, run by the real runner where every way leads to that corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path

from erc_bench.corpora.folder import DATA_VARIABLE
from erc_bench.planning.plan import Plan
from erc_bench.running.grid import GridRunner
from erc_bench.running.worker import GridTask
from erc_bench.store.feature_files import CACHE_VARIABLE
from erc_bench.testing.devices import CPU
from erc_bench.testing.seeded_features import written_features
from erc_bench.training.device import one_thread
from erc_bench.training.events import Progress

DATA, RUNS, CACHE, FEATURES = "data", "runs", "cache", "features"
"""Folders of the working directory: the corpus, the cells (where they lie by default), row states, files of features.
"""


def run_cells(place: Path, plans: Sequence[Plan]) -> list[str]:
    """Run cells one after the other in this process; return why those failed that did.

    ``place`` is the working directory meanwhile, and holds the corpus.
    """
    with _all_ways_lead_to(place), one_thread(CPU):
        features = written_features(place / FEATURES)
        # What an artificial corpus says may go anywhere.
        task = GridTask(place / RUNS, place / DATA, "cpu", features=features, send_text=True)
        outcome = GridRunner(task, Progress()).run(plans)
    return [reason for _, reason in outcome.failed]


@contextmanager
def _all_ways_lead_to(place: Path) -> Iterator[None]:
    """Make the corpus the one that the environment names and the one in ``data`` of the working directory."""
    wanted = {DATA_VARIABLE: str(place / DATA), CACHE_VARIABLE: str(place / CACHE)}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        with chdir(place):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({} if value is None else {name: value})
