"""What scoring labels behind prompts costs: each prompt once, against a padded batch for every label.

The plain loop is what one writes with transformers alone: prompts in the order of the corpus with one label behind
each, padded on the right, all logits of all tokens, and that once for every label.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from speed_parts.cells import Source
from speed_parts.writers import Writer, in_both_precisions
from torch import Tensor

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus

_REPEATS = 3
_BATCH = 8
"""Prompts of a batch of the plain loop."""
_LEFT_OUT = -100


@dataclass(frozen=True)
class LabelCost:
    """Milliseconds of a prompt, all labels scored; medians, both in turn, on one thread. They are the processor's."""

    backbone: str
    precision: str
    prompts: int
    tokens: float
    labels: int
    loop: float
    ours: float
    ratio: float
    largest_difference: float


def label_costs(quick: bool, source: Source) -> list[LabelCost]:
    """Measure prompts of the first dialogues of a corpus, in float32 and in bfloat16."""
    return in_both_precisions(partial(_cost, quick, source), quick, source)


def _cost(quick: bool, source: Source, writer: Writer, precision: str) -> LabelCost:
    loaded, dataset, prompter = writer.loaded, writer.dataset, writer.prompter
    dialogues = load_corpus(dataset(), source.data_dir).splits.test[: 1 if quick else 4]
    labels = [prompter.continuation(word) for word in dataset.words()]
    scorer = erc.Continuations(loaded, labels)
    prompts = [prompter.prompt(dialogue, place, scorer.room) for dialogue in dialogues for place in dialogue.targets()]

    def loop() -> Tensor:
        return by_loop(loaded, prompts, labels)

    def ours() -> Tensor:
        return scorer.score(prompts).sum(-1)

    taken: dict[Callable[[], Tensor], list[float]] = {loop: [], ours: []}
    answers = {}
    for _ in range(1 if quick else _REPEATS):
        for side, seconds in taken.items():
            started = time.process_time()
            answers[side] = side()
            seconds.append(1e3 * (time.process_time() - started) / len(prompts))
    theirs, mine = (statistics.median(seconds) for seconds in taken.values())
    difference = float((answers[loop] - answers[ours]).abs().max())
    tokens = statistics.fmean(map(len, prompts))
    return LabelCost(writer.name, precision, len(prompts), tokens, len(labels), theirs, mine, theirs / mine, difference)


def by_loop(loaded: Any, prompts: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> Tensor:
    """Return (prompts, labels) log-likelihoods, a batch for every label, as the model's own loss has them."""
    scored = torch.zeros(len(prompts), len(labels))
    for number, label in enumerate(labels):
        for start in range(0, len(prompts), _BATCH):
            rows = [[*prompt, *label] for prompt in prompts[start : start + _BATCH]]
            longest = max(map(len, rows))
            ids = torch.tensor([[*row, *[loaded.tokenizer.pad_token_id] * (longest - len(row))] for row in rows])
            mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
            targets = torch.full_like(ids, _LEFT_OUT)
            for place, row in enumerate(rows):
                targets[place, len(row) - len(label) : len(row)] = torch.tensor(label)
            with torch.inference_mode():
                logits = loaded.model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
            losses = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), targets[:, 1:].flatten(), ignore_index=_LEFT_OUT, reduction="none"
            )
            scored[start : start + len(rows), number] = -losses.view(len(rows), -1).sum(1)
    return scored
