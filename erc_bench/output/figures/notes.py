"""Notes of figures: what several datasets have in common is said once, what is not in a picture is named."""

from erc_bench.comparison.notes import said_once as said_once
from erc_bench.errors import ErcBenchError
from erc_bench.store.reading import StoredCell


def left_out(cell: StoredCell, error: ErcBenchError) -> str:
    """Name a cell whose files cannot be drawn, and say why."""
    return f"{cell.name} is left out: {error.message}"
