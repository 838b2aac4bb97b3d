"""Renderings of a comparison, one module each; they read the comparison and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean

if TYPE_CHECKING:
    from erc_bench.comparison import Comparison

RENDERERS = {
    "rich": "erc_bench.output.tables.rich_table",
    "markdown": "erc_bench.output.tables.markdown",
    "latex": "erc_bench.output.tables.latex",
    "csv": "erc_bench.output.tables.csv_table",
    "html": "erc_bench.output.tables.html",
    "json": "erc_bench.output.tables.json_table",
}
"""Format → module, which is imported when the format is asked for."""

SUFFIXES = {"rich": "txt", "markdown": "md", "latex": "tex", "csv": "csv", "html": "html", "json": "json"}
"""Format → ending of a file's name."""


def render(comparison: Comparison, form: str) -> str:
    """Return the comparison in one of the formats, ending in a newline.

    Raises :class:`ErcBenchError` for an unknown format.
    """
    if form not in RENDERERS:
        raise ErcBenchError(f"there is no format {form!r}; {did_you_mean(form, RENDERERS)}")
    text: str = import_module(RENDERERS[form]).render(comparison)
    return text
