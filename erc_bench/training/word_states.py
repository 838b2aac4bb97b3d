"""The untuned language model's states of bare words: encoded once, and remembered for a saved model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

Words = tuple[str, ...]


class WordStates:
    """Gives (words, dim) states of bare words; ``known`` holds all that were asked for, or came with it."""

    def __init__(self, encode: Callable[[Sequence[str]], Tensor], known: Mapping[Words, Tensor]) -> None:
        self.known = dict(known)
        self._encode = encode

    def __call__(self, words: Sequence[str]) -> Tensor:
        """Return the states of words, in the order of the words."""
        asked = tuple(words)
        if asked not in self.known:
            self.known[asked] = self._encode(asked)
        return self.known[asked]
