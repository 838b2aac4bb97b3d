"""A console whose text steers no terminal: names and sentences come from stored runs and from plugins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from erc_bench.shown_text import visible


class SafeConsole(Console):
    """Prints as rich does, with U+FFFD for control characters and marks that turn the direction of writing."""

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """Yield the segments of what is printed; those by which rich itself moves the cursor stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
