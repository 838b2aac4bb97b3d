"""Looking at corpora and backbones that may not be here, each of them once."""

from __future__ import annotations

from collections.abc import Callable

from erc_bench.errors import ErcBenchError

Tell = Callable[[str], None]
"""Takes one sentence about what could not be looked at."""


class Looks:
    """Remembers what was seen; what cannot be looked at is told once and counts as unchanged."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._known: dict[str, str | None] = {}
        self._told: set[str] = set()

    def once(self, key: str, what: str, look: Callable[[], str]) -> str | None:
        """Look, once for the same key; ``None`` where that cannot be done."""
        if key not in self._known:
            try:
                self._known[key] = look()
            # A dataset and a backbone are a stranger's code, and their files may be gone.
            except Exception as error:
                self._known[key] = None
                self.failed(what, error)
        return self._known[key]

    def failed(self, what: str, error: Exception) -> None:
        """Tell in a sentence what stood in the way of looking."""
        reason = error.message if isinstance(error, ErcBenchError) else f"{type(error).__name__}: {error}"
        sentence = f"{what} was not looked at: {' '.join(reason.split())}"
        if sentence not in self._told:
            self._told.add(sentence)
            self._tell(sentence)
