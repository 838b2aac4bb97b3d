"""The report: everything that a folder of runs says, as one page that loads nothing.

``collect`` makes plain values from stored cells, ``render`` makes the page of them.
"""

from __future__ import annotations

from erc_bench.output.report.data import collect
from erc_bench.output.report.model import FIGURES, Report, Request
from erc_bench.output.report.page import render

__all__ = ["FIGURES", "Report", "Request", "collect", "render"]
