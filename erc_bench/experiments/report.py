"""``report``: from a folder of runs to what a page shows of it."""

from __future__ import annotations

from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.experiments.compare import cells_of, with_groups
from erc_bench.output.report import FIGURES, Report, ReportRequest, collect
from erc_bench.planning.asked import folder_of, shared
from erc_bench.planning.table_requests import PageRequest


def report_of(asked: PageRequest) -> tuple[Report, list[str]]:
    """Collect what the page shows, and what must be said of the corpora that were read for it.

    Raises :class:`ErcBenchError` for an unknown name, or where nothing is stored.
    """
    if asked.figures and asked.no_figures:
        raise ErcBenchError(
            f"{OptionName('figures')} and {OptionName('no_figures')} contradict each other", "Leave one of them."
        )
    notes: list[str] = []
    figures = () if asked.no_figures else asked.figures or FIGURES
    chosen = shared(asked, ReportRequest) | {"figures": figures, "data_dir": folder_of(asked.data_dir)}
    request = ReportRequest(tests=asked.tests, all_rows=bool(asked.figures), **chosen)
    return collect(with_groups(cells_of(asked.runs), asked, notes.append), request), notes
