"""The report: everything that a folder of runs says, as one page that loads nothing.

``collect`` makes plain values from stored cells, ``render`` makes the page of them.
"""

from __future__ import annotations

from erc_bench.output.report.collecting import collect
from erc_bench.output.report.page import render
from erc_bench.output.report.report_data import FIGURES, Report, ReportRequest

__all__ = ["FIGURES", "Report", "ReportRequest", "collect", "render"]
