"""One fine-tuned language model: batches of prompts with their answers, the loss on the answers alone."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

import erc_bench.api as erc

_LEFT_OUT = -100


@dataclass(frozen=True)
class Answered:
    """Token ids of a prompt and of the answer behind it, its end token included."""

    prompt: list[int]
    answer: list[int]


@dataclass(frozen=True)
class Recipe:
    """How it trains: AdamW without decay, gradients clipped to a norm, a rate that warms up and falls to nothing."""

    epochs: int
    batch_size: int
    rate: float
    warmup: float
    micro_batch: int
    clip: float = 1.0


def answer_loss(model: Any, batch: Sequence[Answered], pad_id: int) -> Tensor:
    """Return the sum over the answers' tokens of their cross-entropy, a scalar; prompts and padding count nowhere.

    Rows are padded on the right, where no token that counts sees the padding. Only positions that predict a token of
    an answer go through the output layer's loss.
    """
    rows = [[*each.prompt, *each.answer] for each in batch]
    longest, device = max(map(len, rows)), next(model.parameters()).device
    ids = torch.tensor([[*row, *[pad_id] * (longest - len(row))] for row in rows], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device)
    kept = longest - min(len(each.prompt) for each in batch) + 1
    targets = torch.full_like(ids, _LEFT_OUT)
    for place, each in enumerate(batch):
        begin = len(each.prompt)
        targets[place, begin : begin + len(each.answer)] = torch.tensor(each.answer, device=device)
    logits = model(input_ids=ids, attention_mask=mask, logits_to_keep=kept).logits[:, -kept:-1]
    wanted = targets[:, -kept + 1 :]
    return F.cross_entropy(
        erc.at_least_float32(logits).flatten(0, 1), wanted.flatten(), ignore_index=_LEFT_OUT, reduction="sum"
    )


def epochs(
    model: Any, examples: Sequence[Answered], recipe: Recipe, pad_id: int, seed: int, done: Callable[[], None]
) -> Iterator[float]:
    """Train, and yield the mean loss of an answer's token after every epoch; ``done`` is called after every batch.

    The model is in evaluation mode between epochs. Each epoch has an order of its own, drawn by the seed.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=recipe.rate, weight_decay=0.0)
    steps = recipe.epochs * math.ceil(len(examples) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _factor(step, steps, recipe.warmup))
    order = random.Random(seed)
    for _ in range(recipe.epochs):
        model.train()
        shuffled = list(examples)
        order.shuffle(shuffled)
        total, tokens = 0.0, 0
        for start in range(0, len(shuffled), recipe.batch_size):
            batch = shuffled[start : start + recipe.batch_size]
            total += _step(model, batch, recipe.micro_batch, pad_id)
            tokens += sum(len(each.answer) for each in batch)
            torch.nn.utils.clip_grad_norm_(trained, recipe.clip)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad(set_to_none=True)
            done()
        model.eval()
        yield total / tokens


def _step(model: Any, batch: Sequence[Answered], micro_batch: int, pad_id: int) -> float:
    """Add the gradients of the mean over the batch's answer tokens; return the sum."""
    tokens, total = sum(len(each.answer) for each in batch), 0.0
    for start in range(0, len(batch), micro_batch):
        loss = answer_loss(model, batch[start : start + micro_batch], pad_id)
        (loss / tokens).backward()
        total += loss.item()
    return total


def _factor(step: int, steps: int, warmup: float) -> float:
    """Return what the rate is multiplied by at a step: linear from 0 to 1 and back."""
    rising = max(1, round(warmup * steps))
    return (step + 1) / rising if step < rising else (steps - step) / max(1, steps - rising)
