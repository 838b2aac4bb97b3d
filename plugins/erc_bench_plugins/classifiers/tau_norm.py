"""The trained head with its weights brought towards one length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import erc_bench.api as erc

_GRID = torch.linspace(0, 1, 21).tolist()


class TauNorm(erc.Classifier):
    """Divide each class's head weights by their length to the power τ: frequent classes have the longer ones.

    Scores are z·w_c/‖w_c‖^τ, without bias and without any training. τ = 0 keeps the weights, τ = 1
    makes all as long as each other; without a value it is chosen on dev, from 0, .05, …, 1, by the metric
    that decides on the dataset (the smallest of equals).
    """

    name = "tau-norm"
    source = "Kang et al. 2020, arXiv:1910.09217"
    departures = ()
    refit = "end"
    scores_unfitted = False

    @dataclass(frozen=True)
    class Options:
        """How far the lengths are evened out."""

        tau: float | None = erc.option(
            None, "Power of the length that the weights are divided by; none: chosen on dev.", at_least=0
        )

    weight: Tensor | None

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.register_buffer("weight", None)

    def fit(self, train: erc.Outputs, dev: erc.Outputs, task: erc.Task) -> Iterator[None]:
        """Take the head's weights and choose τ; nothing is trained, so there is one epoch."""
        weight = _linear_weight(train.head, dev.z.shape[1])
        taus = _GRID if self.options.tau is None else [self.options.tau]
        candidates = [normalised(weight, tau) for tau in taus]
        quality = [task.headline(dev.labels, erc.at_least_float32(dev.z) @ candidate.T) for candidate in candidates]
        self.weight = candidates[quality.index(max(quality))]
        yield

    def scores(self, outputs: erc.Outputs) -> Tensor:
        """Return z·w_c/‖w_c‖^τ, (n, classes)."""
        assert self.weight is not None, "tau-norm is fitted before it scores"
        return erc.at_least_float32(outputs.z) @ self.weight.T


def normalised(weight: Tensor, tau: float) -> Tensor:
    """weight: (classes, dim) → the same directions, of lengths ‖w_c‖^(1 − τ)."""
    return weight / weight.norm(dim=1, keepdim=True).clamp(min=1e-12) ** tau  # type: ignore[no-any-return]


def _linear_weight(head: nn.Module, dim: int) -> Tensor:
    """Return the (classes, dim) weights of a head with one linear layer; raise :class:`erc.ErcBenchError` otherwise."""
    matrices = [parameter for parameter in head.parameters() if parameter.ndim > 1]
    if len(matrices) != 1 or matrices[0].ndim != 2 or matrices[0].shape[1] != dim:
        raise erc.ErcBenchError(
            "tau-norm reads the weights of a head of one linear layer, and this objective's head is another one",
            "Choose another classifier: --set classifier=probe.",
        )
    return erc.at_least_float32(matrices[0].detach())


@erc.hookimpl
def erc_classifiers() -> list[type[erc.Classifier]]:
    return [TauNorm]
