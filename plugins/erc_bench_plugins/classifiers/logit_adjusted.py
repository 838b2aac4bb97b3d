"""The trained head, corrected for the class frequencies that it learnt."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

import erc_bench.api as erc


class LogitAdjusted(erc.Classifier):
    """Subtract τ times the logarithm of each class's share of train from the head's logits.

    It favours rare classes: the rule for balanced error (τ = 1) where the head was trained by plain
    cross-entropy. The objective ``bcl`` adjusts its logits in training, so that its ``head`` is balanced
    already and this would adjust it a second time.
    """

    name = "logit-adjusted"
    source = "Menon et al. 2021, arXiv:2007.07314"
    departures = ()

    @dataclass(frozen=True)
    class Options:
        """How much of the class shares is taken away."""

        tau: float = erc.option(1.0, "Factor of the logarithm of the class shares; 0: the head as it is.", at_least=0)

    options: Options
    prior: Tensor | None

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.register_buffer("prior", None)

    def start(self, task: erc.Task) -> None:
        """Take the class shares of train; a class that it lacks counts as seen once."""
        self.prior = erc.log_prior(task.train_counts).to(task.device)

    def scores(self, outputs: erc.Outputs) -> Tensor:
        """Return logits − τ·log π, (n, classes)."""
        assert self.prior is not None, "logit-adjusted is started before it scores"
        return outputs.logits - self.options.tau * self.prior


@erc.hookimpl
def erc_classifiers() -> list[type[erc.Classifier]]:
    return [LogitAdjusted]
