"""One fine-tuned language model: batches of prompts with their answers, the loss on the answers alone."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
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

    Prompts are padded on the left, so that all answers begin in one column, and only the columns that predict a token
    of an answer go through the output layer.
    """
    width, longest = max(len(each.prompt) for each in batch), max(len(each.answer) for each in batch)
    device = next(model.parameters()).device
    before = [width - len(each.prompt) for each in batch]
    after = [longest - len(each.answer) for each in batch]
    rows = [
        [*[pad_id] * left, *each.prompt, *each.answer, *[pad_id] * right]
        for each, left, right in zip(batch, before, after, strict=True)
    ]
    ids = torch.tensor(rows, device=device)
    columns = torch.arange(ids.shape[1], device=device)
    left, right = (torch.tensor(each, device=device)[:, None] for each in (before, after))
    real = (columns >= left) & (columns < ids.shape[1] - right)
    places = (columns - left).clamp(min=0)
    output = model(input_ids=ids, attention_mask=real.long(), position_ids=places, logits_to_keep=longest + 1)
    wanted = ids[:, width:].masked_fill(~real[:, width:], _LEFT_OUT)
    logits = erc.at_least_float32(output.logits[:, -longest - 1 : -1])
    return F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=_LEFT_OUT, reduction="sum")


class FineTuning:
    """Trains a model on answers, an epoch at a time; it is in evaluation mode between epochs.

    Each epoch has an order of its own, drawn by the seed. What was trained can be put back between two epochs, and
    goes on to the same bits.
    """

    def __init__(self, model: Any, examples: Sequence[Answered], recipe: Recipe, pad_id: int, seed: int) -> None:
        self._model, self._examples, self._recipe, self._pad = model, examples, recipe, pad_id
        self._seed, self._done = seed, 0
        self._trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._optimiser = torch.optim.AdamW(self._trained, lr=recipe.rate, weight_decay=0.0)
        self.steps = math.ceil(len(examples) / recipe.batch_size)
        """Of an epoch."""
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimiser, self._factor_at)

    def name(self) -> str:
        """Return a digest of all that decides what is trained, but for the model."""
        covered = [asdict(self._recipe), self._seed, self._pad, [[each.prompt, each.answer] for each in self._examples]]
        return hashlib.sha256(json.dumps(covered).encode()).hexdigest()

    def epoch(self, done: Callable[[], None]) -> float:
        """Train one epoch; return the mean loss of an answer's token. ``done`` is called after every batch."""
        order = random.Random(self._seed)
        shuffled = list(self._examples)
        # Each epoch begins with the order that the one before it left off with.
        for _ in range(self._done + 1):
            shuffled = list(self._examples)
            order.shuffle(shuffled)
        self._model.train()
        total, tokens = 0.0, 0
        for start in range(0, len(shuffled), self._recipe.batch_size):
            batch = shuffled[start : start + self._recipe.batch_size]
            total += _step(self._model, batch, self._recipe.micro_batch, self._pad)
            tokens += sum(len(each.answer) for each in batch)
            torch.nn.utils.clip_grad_norm_(self._trained, self._recipe.clip)
            self._optimiser.step()
            self._schedule.step()
            self._optimiser.zero_grad(set_to_none=True)
            done()
        self._model.eval()
        self._done += 1
        return total / tokens

    def state(self) -> dict[str, Tensor]:
        """Return what the next epoch goes on from, the weights apart: copies on the CPU."""
        found = {
            f"optimiser.{place}.{name}": torch.as_tensor(value).detach().cpu().clone()
            for place, own in self._optimiser.state_dict()["state"].items()
            for name, value in own.items()
        }
        return found | {"epochs": torch.tensor(self._done), **_generators(self._device())}

    def put_back(self, state: Mapping[str, Tensor]) -> None:
        """Take over a state; the weights are those of the same moment already."""
        described = self._optimiser.state_dict()
        described["state"] = {place: {} for place in range(len(self._trained))}
        for name, tensor in state.items():
            kind, _, rest = name.partition(".")
            if kind == "optimiser":
                place, _, what = rest.partition(".")
                described["state"][int(place)][what] = tensor
        self._optimiser.load_state_dict(described)
        self._done = int(state["epochs"])
        self._schedule.last_epoch = self._done * self.steps
        for group in self._optimiser.param_groups:
            group["lr"] = self._recipe.rate * self._factor_at(self._schedule.last_epoch)
        torch.set_rng_state(state["generator"])
        if self._device().type == "cuda":
            torch.cuda.set_rng_state(state["generator.cuda"], self._device())

    def _factor_at(self, step: int) -> float:
        return _factor(step, self._recipe.epochs * self.steps, self._recipe.warmup)

    def _device(self) -> torch.device:
        found: torch.device = self._trained[0].device
        return found


def _generators(device: torch.device) -> dict[str, Tensor]:
    found = {"generator": torch.get_rng_state()}
    return found | ({"generator.cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def _step(model: Any, batch: Sequence[Answered], micro_batch: int, pad_id: int) -> float:
    """Add the gradients of the mean over the batch's answer tokens; return the sum."""
    tokens, total = sum(len(each.answer) for each in batch), 0.0
    # Prompts of about one length are padded least.
    by_length = sorted(batch, key=lambda each: len(each.prompt))
    for start in range(0, len(by_length), micro_batch):
        loss = answer_loss(model, by_length[start : start + micro_batch], pad_id)
        (loss / tokens).backward()
        total += loss.item()
    return total


def _factor(step: int, steps: int, warmup: float) -> float:
    """Return what the rate is multiplied by at a step: linear from 0 to 1 and back."""
    rising = max(1, round(warmup * steps))
    return (step + 1) / rising if step < rising else (steps - step) / max(1, steps - rising)
