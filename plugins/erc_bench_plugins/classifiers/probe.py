"""A linear classifier trained anew on the frozen representations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

import erc_bench.api as erc


class Probe(erc.Classifier):
    """Train a linear classifier on representations that no longer change, in balance where asked.

    With ``balanced`` every class is drawn equally often (classifier re-training); a class that train
    lacks is never drawn. The representations are centred and scaled by train first, so that one
    learning rate suits every encoder. Weights start at 0.
    """

    name = "probe"
    source = "Kang et al. 2020, arXiv:1910.09217 (classifier re-training); Kang et al. 2021 (KCL), second stage"
    departures = (
        "Representations are centred and scaled by train first, so that one learning rate suits every encoder.",
    )
    refit = "end"
    scores_unfitted = False

    @dataclass(frozen=True)
    class Options:
        """Which representations are read, and how the probe is trained.

        With a frozen encoder only the projection can have learnt anything.
        """

        space: Literal["z", "projected"] = erc.option(
            "z", "Read the encoder's representations, or their projection by the objective.", frozen="projected"
        )
        balanced: bool = erc.option(False, "Draw every class of train equally often.")
        epochs: int = erc.option(10, "Passes over as many rows as train has.", at_least=1)
        lr: float = erc.option(1e-3, "AdamW's learning rate.", above=0)
        weight_decay: float = erc.option(0.01, "AdamW's decay of the weights.", at_least=0)
        batch_size: int = erc.option(64, "Utterances in a batch.", at_least=1)

    weight: Tensor | None
    bias: Tensor | None
    mean: Tensor | None
    deviation: Tensor | None

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        for name in ("weight", "bias", "mean", "deviation"):
            self.register_buffer(name, None)

    def scores(self, outputs: erc.Outputs) -> Tensor:
        """Return the logits, (n, classes)."""
        assert self.weight is not None, "probe is fitted before it scores"
        return F.linear(self._rows(outputs), self.weight, self.bias)

    def fit(self, train: erc.Outputs, dev: erc.Outputs, task: erc.Task) -> Iterator[None]:
        """Minimise the mean cross-entropy; yield after each epoch."""
        rows = self._space(train)
        self.mean = rows.mean(dim=0)
        self.deviation = rows.std(dim=0, correction=0).clamp(min=1e-6)
        rows = self._rows(train)
        self.weight = rows.new_zeros(task.classes, rows.shape[1])
        self.bias = rows.new_zeros(task.classes)
        parts = [
            {"params": [self.weight.requires_grad_()], "weight_decay": self.options.weight_decay},
            {"params": [self.bias.requires_grad_()], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(parts, lr=self.options.lr)
        generator = torch.Generator().manual_seed(task.seed)
        for _ in range(self.options.epochs):
            for batch in self._drawn(train.labels, generator).split(self.options.batch_size):
                self._step(optimizer, rows[batch], train.labels[batch])
            yield

    def _drawn(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        """labels: (n,) → (n,) positions: each once in random order, or drawn so that classes are balanced."""
        if not self.options.balanced:
            return torch.randperm(len(labels), generator=generator).to(labels.device)
        on_cpu = labels.cpu()
        chance = 1.0 / torch.bincount(on_cpu)[on_cpu]
        return torch.multinomial(chance, len(labels), replacement=True, generator=generator).to(labels.device)

    @torch.enable_grad()
    def _step(self, optimizer: torch.optim.Optimizer, rows: Tensor, labels: Tensor) -> None:
        """rows: (b, dim), labels: (b,): one step down the mean cross-entropy."""
        assert self.weight is not None
        optimizer.zero_grad()
        F.cross_entropy(F.linear(rows, self.weight, self.bias), labels).backward()
        optimizer.step()

    def _rows(self, outputs: erc.Outputs) -> Tensor:
        assert self.mean is not None
        assert self.deviation is not None
        return (self._space(outputs) - self.mean) / self.deviation

    def _space(self, outputs: erc.Outputs) -> Tensor:
        rows = outputs.projected if self.options.space == "projected" else outputs.z
        return erc.at_least_float32(rows.detach())


@erc.hookimpl
def erc_classifiers() -> list[type[erc.Classifier]]:
    return [Probe]
