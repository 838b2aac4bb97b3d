"""Lines of fields with tabs between them, of files that are untrusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import erc_bench.api as erc


class TabbedLines:
    """The lines of a file; ``form`` says what a line looks like, where one does not."""

    def __init__(self, file: Path, form: str) -> None:
        self._file = file
        self._form = form

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of each line and its fields; raises :class:`ErcBenchError` for one that is no UTF-8."""
        with self._file.open("rb") as stream:
            for place, content in enumerate(stream, 1):
                try:
                    text = content.decode("utf-8")
                except UnicodeDecodeError:
                    raise self.fault(place, "it is no UTF-8") from None
                yield place, text.rstrip("\r\n").split("\t")

    def fault(self, place: int, what: str) -> erc.ErcBenchError:
        """Return the error of a line."""
        return erc.ErcBenchError(f"{self._file}, line {place}: {what}", self._form)
