"""Warnings of a process, told to another one, which shows each once."""

from __future__ import annotations

import logging

from erc_bench.training.events import Hear, Logged


class SentLog(logging.Handler):
    """Lets somebody hear of each line of a log."""

    def __init__(self, hear: Hear) -> None:
        super().__init__()
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it."""
        self._hear(Logged(record.levelno, self.format(record)))
