"""What components print, kept out of what a command answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def components_aside() -> Iterator[None]:
    """Let what is printed go to standard error: a program may be reading the answer on standard output."""
    with redirect_stdout(sys.stderr):
        yield
