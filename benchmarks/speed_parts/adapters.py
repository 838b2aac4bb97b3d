"""What a step of fine-tuning with adapters costs: answers alone through the output layer, against a plain loop.

The plain loop is what one writes with transformers and peft alone: the batch as it comes, padded on the right to its
longest prompt, all logits of all tokens, and the model's own loss of the tokens that are an answer.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from speed_parts.cells import Source
from speed_parts.writers import Writer, in_both_precisions

import erc_bench.api as erc
from erc_bench.corpora.corpus import load_corpus
from erc_bench_plugins.systems.language_models.fine_tuning import Answered, FineTuning, Recipe
from erc_bench_plugins.systems.language_models.prompts import label_of, targets_of

_REPEATS, _BATCH, _MICRO_BATCH, _RATE = 3, 16, 8, 2e-4
_LEFT_OUT = -100


@dataclass(frozen=True)
class StepCost:
    """Seconds of processor time of one step; medians, both in turn, on one thread. They are the processor's."""

    backbone: str
    precision: str
    tokens: float
    loop: float
    ours: float
    ratio: float
    largest_difference: float


def step_costs(quick: bool, source: Source) -> list[StepCost]:
    """Measure steps of 16 turns of train, in float32 and in bfloat16."""
    return in_both_precisions(partial(_cost, quick, source), quick, source)


def _cost(quick: bool, source: Source, writer: Writer, precision: str) -> StepCost:
    loaded, examples = writer.loaded, _examples(source, writer)
    torch.manual_seed(0)
    erc.add_adapters(loaded.model, 16, 32, 0.0, "all-linear")
    pad = int(loaded.tokenizer.pad_token_id or 0)
    sides = {
        "loop": _Loop(deepcopy(loaded.model), examples, pad),
        "ours": FineTuning(loaded.model, examples, Recipe(99, _BATCH, _RATE, 0.0, _MICRO_BATCH), pad, seed=0).epoch,
    }
    taken: dict[str, list[float]] = {side: [] for side in sides}
    losses: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(1 if quick else _REPEATS):
        for side, step in sides.items():
            started = time.process_time()
            losses[side].append(step(lambda: None))
            taken[side].append(time.process_time() - started)
    theirs, mine = (statistics.median(seconds) for seconds in taken.values())
    differences = [abs(one - other) for one, other in zip(*losses.values(), strict=True)]
    tokens = statistics.fmean(len(each.prompt) for each in examples)
    return StepCost(writer.name, precision, tokens, theirs, mine, theirs / mine, max(differences))


def _examples(source: Source, writer: Writer) -> list[Answered]:
    loaded, dataset, prompter = writer.loaded, writer.dataset, writer.prompter
    words = dict(zip(dataset.labels, dataset.words(), strict=True))
    room, eos = loaded.maximum_length - 16, loaded.tokenizer.eos_token_id
    end = [] if eos is None else [int(eos)]
    targets = targets_of(load_corpus(dataset(), source.data_dir).splits.train)[:_BATCH]
    return [
        Answered(prompter.prompt(*target, room), [*prompter.continuation(words[label_of(*target)]), *end])
        for target in targets
    ]


class _Loop:
    """The plain loop over one batch; called, it takes a step and returns the loss of a token."""

    def __init__(self, model: Any, examples: Sequence[Answered], pad: int) -> None:
        self.model = model
        rows = [[*each.prompt, *each.answer] for each in examples]
        longest = max(map(len, rows))
        self.ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows])
        self.mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        self.labels = torch.full_like(self.ids, _LEFT_OUT)
        for place, each in enumerate(examples):
            begin = len(each.prompt)
            self.labels[place, begin : begin + len(each.answer)] = torch.tensor(each.answer)
        self.trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.AdamW(self.trained, lr=_RATE, weight_decay=0.0)

    def __call__(self, done: Callable[[], None]) -> float:
        self.model.train()
        loss = self.model(input_ids=self.ids, attention_mask=self.mask, labels=self.labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        done()
        return float(loss.detach())
