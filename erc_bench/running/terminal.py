"""Where commands print: a terminal in its own width, or plain text for a pipe or a file."""

from __future__ import annotations

import sys

from rich.console import Console

_PIPE_WIDTH = 200


def open_console() -> Console:
    """Return a console for standard output.

    A pipe has no width of its own and gets a wide one, so that rows stay on their line; it gets no
    colours, even where the environment forces them. A notebook gets lines, and not a page for each.
    """
    if sys.stdout.isatty():
        return Console()
    return Console(width=_PIPE_WIDTH, force_terminal=False, color_system=None, force_jupyter=False)
