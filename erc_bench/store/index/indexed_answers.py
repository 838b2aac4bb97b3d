"""The answers of one cell in the index: a byte for each answer, and the utterances that cells were asked, once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import msgspec
import numpy as np

from erc_bench.store.index.index_file import IndexFile
from erc_bench.store.index.indexed_record import Share, SharedValues
from erc_bench.store.plain_predictions import AskedUtterances, CodedAnswers, shared_utterances

ANSWERS = "answers"
_BYTES = {size: np.dtype(f"<u{size}") for size in (1, 2, 4)}


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """``utterances`` is the digest of what was asked, ``size`` the bytes of an answer in ``predicted``."""

    utterances: bytes
    score_labels: tuple[str, ...]
    size: int
    predicted: bytes


@dataclass(frozen=True, eq=False)
class IndexedAnswers:
    """The answers of a cell whose folder has the ``signature``, by the classifier that gave them."""

    file: IndexFile
    signature: bytes
    values: SharedValues
    share: Share

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        # A copy of a cell reads its files: a connection to the index stays where it is.
        return type(None), ()

    def find(self, readout: str) -> CodedAnswers | None:
        """Return answers that were read before; ``None`` where none were."""
        content = self.file.find(ANSWERS, self.signature + readout.encode())
        if content is None:
            return None
        with suppress(ValueError, KeyError):
            packed = msgspec.msgpack.decode(content, type=_Packed)
            predicted = np.frombuffer(packed.predicted, dtype=_BYTES[packed.size])
            return CodedAnswers(self.values.made(packed.utterances, _utterances), predicted, packed.score_labels)
        return None

    def keep(self, readout: str, answers: CodedAnswers) -> None:
        """Keep answers for the next time."""
        asked = answers.asked
        with suppress(ValueError):
            utterances = self.share(msgspec.msgpack.encode((asked.dialogue_ids, asked.utterances, asked.gold)))
            predicted = answers.predicted
            size = predicted.itemsize
            packed = _Packed(utterances, answers.score_labels, size, predicted.astype(_BYTES[size]).tobytes())
            self.file.add(ANSWERS, self.signature + readout.encode(), msgspec.msgpack.encode(packed))


def _utterances(packed: bytes) -> AskedUtterances:
    dialogue_ids, positions, gold = msgspec.msgpack.decode(
        packed, type=tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]
    )
    return shared_utterances(dialogue_ids, positions, gold)
