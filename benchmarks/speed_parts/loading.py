"""From a corpus on disk to token rows: reading, tokenising, assembling, padding."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from speed_parts.cells import Source, frozen_plan, read_data

from erc_bench.contracts.encoder import Example, TokenRow
from erc_bench.training.composition import batches
from erc_bench.training.row_states import chunk_size, grouped_by_length, pad

T = TypeVar("T")
_SAMPLE = 400
"""Examples whose windows are tokenised anew; all of them would take minutes."""


@dataclass(frozen=True)
class LoadingCost:
    """One part of the way, for all splits of a corpus. ``tokens`` are those of all rows; none where only text is read.

    Where ``measured`` is false, seconds are those of a sample of the examples, times their number.
    """

    name: str
    seconds: float
    utterances: int
    tokens: int | None = None
    measured: bool = True

    @property
    def tokens_per_second(self) -> float | None:
        """How many tokens of rows it makes in a second."""
        return None if self.tokens is None else self.tokens / self.seconds


READ, TOKENISE, ASSEMBLE = "read and check", "tokenise each turn once", "assemble rows from kept ids"
ANEW, PAD = "tokenise every window anew", "pad a batch of 64 into chunks, all batches"


def loading_costs(quick: bool = False, source: Source | None = None) -> list[LoadingCost]:
    """Measure reading, tokenising and assembling all splits of a corpus.

    ``ANEW`` stands for what keeping the ids of each turn saves: it is to be held against
    ``TOKENISE`` and ``ASSEMBLE`` together, and a published loader pays it once an epoch where it makes rows on the fly.
    """
    source = source or Source()
    reading, data = timed(lambda: read_data(source, 10 if quick else None))
    plan = frozen_plan(source, "ce")
    assert plan.backbone is not None
    backbone = plan.backbone(plan.build("backbone", plan.backbone)).load()
    encoder = plan.components["encoder"](plan.build("encoder"), backbone)
    encoder.start(plan.dataset.labels)
    dialogues = [*data.train, *data.dev, *(data.sealed_test or ())]
    utterances = sum(len(dialogue.utterances) for dialogue in dialogues)
    tokenising, examples = timed(lambda: encoder.examples(dialogues, False, Random(0)))
    assembling, rows = timed(lambda: [row for example in examples for row in encoder.rows(example)])
    tokens = sum(len(row.ids) for row in rows)
    sample = examples if quick else Random(0).sample(examples, min(_SAMPLE, len(examples)))
    seconds, _ = timed(lambda: [_tokenised(example, backbone.tokenizer) for example in sample])
    share = len(sample) / len(examples)
    padding, _ = timed(lambda: _pad_all(rows, backbone.tokenizer.pad_token_id, source))
    return [
        LoadingCost(READ, reading, utterances),
        LoadingCost(TOKENISE, tokenising, utterances, tokens),
        LoadingCost(ASSEMBLE, assembling, utterances, tokens),
        LoadingCost(ANEW, seconds / share, utterances, tokens, measured=share == 1),
        LoadingCost(PAD, padding, utterances, tokens),
    ]


def _tokenised(example: Example, tokenizer: Any) -> list[list[int]]:
    """Tokenise all turns of one window, and its query, by themselves."""
    (target,) = example.targets
    turns = [example.dialogue.utterances[index] for index in (*example.context, target)]
    strings = [f"{turn.speaker}: {turn.text}" for turn in (*turns, turns[-1])]
    ids: list[list[int]] = tokenizer(strings, add_special_tokens=False)["input_ids"]
    return ids


def _pad_all(rows: Sequence[TokenRow], pad_id: int, source: Source) -> int:
    """Make the input of every batch; return the padding in tokens."""
    order = Random(0).sample(range(len(rows)), len(rows))
    padding = 0
    for batch in batches(order, 64):
        own = [rows[i] for i in batch]
        for chunk in grouped_by_length(own, chunk_size(source.device)):
            _, mask = pad([own[i] for i in chunk], pad_id)
            padding += int(mask.numel() - mask.sum())
    return padding


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that some work takes, and what it returns."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
