"""SACL: contrast of labels, on clean and on adversarially moved input weights (Hu et al. 2023, arXiv:2306.01505)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import erc_bench.api as erc


class Sacl(erc.Objective):
    """Train on a batch twice: as it is, and with an encoder whose input weights were pushed up the loss.

    L = Σ over both passes of focal loss + w·contrast of labels. After the clean pass each input tensor θ of the
    recurrent networks moves by ε·∇/‖∇‖; the second pass adds its gradient to all parameters but those, which keep the
    clean one, and then θ moves back. The encoder names those tensors as its parameter groups ``situation`` and
    ``speakers``: ``dialogue-crn`` does.

    The authors sum over utterances and multiply the contrast by their number; means, as here, are the same for Adam
    but for how batches weigh that are accumulated. Their "dot product" is one of normalised vectors, by the default
    of their library: a cosine.
    """

    name = "sacl"
    source = "Hu et al. 2023, arXiv:2306.01505; official code zerohd4869/SACL"
    departures = (
        "Means over utterances; the code sums, which Adam does not tell apart but for how batches weigh that are "
        "accumulated.",
    )

    @dataclass(frozen=True)
    class Options:
        """The defaults are the authors' for MELD."""

        focus: float = erc.option(1.0, "The focal loss's exponent gamma; 0: cross-entropy.", at_least=0)
        rarity: bool = erc.option(False, "Whether a class weighs by the logarithm of its inverse train frequency.")
        contrast: Literal["log-probabilities", "hidden"] = erc.option(
            "log-probabilities", "Vectors that are contrasted: the head's log-probabilities, or the encoder's states."
        )
        temperature: float = erc.option(0.1, "Divides cosine similarities; lower is sharper.", above=0)
        contrastive_weight: float = erc.option(0.1, "Weight of the contrast in the clean pass.", at_least=0)
        adversarial_contrastive_weight: float = erc.option(
            0.05, "Weight of the contrast in the adversarial pass.", at_least=0
        )
        radius: float = erc.option(5.0, "The paper's ε: by how much each tensor is pushed.", at_least=0)
        adversarial_rate: float = erc.option(1.0, "Share of batches with an adversarial pass.", at_least=0, at_most=1)
        situation_alone: float = erc.option(
            0.1, "Share of these in which the dialogue's network alone is pushed.", at_least=0, at_most=1
        )
        speakers_alone: float = erc.option(
            0.0, "Share of these in which the speakers' network alone is pushed.", at_least=0, at_most=1
        )

    weights: Tensor | None

    def start(self, task: erc.Task) -> None:
        """Build the weights of the classes."""
        weights = -erc.log_prior(task.train_counts) if self.options.rarity else None
        self.register_buffer("weights", weights)

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the terms of the clean pass."""
        return self._terms(outputs, self.options.contrastive_weight)

    def step(self, step: erc.Step) -> Mapping[str, Tensor]:
        """Make the clean pass and, at its rate, the adversarial one."""
        terms = self.loss(step.outputs())
        step.backward(terms)
        drawn = step.rng.random()
        if drawn > self.options.adversarial_rate:
            return terms
        pushed = [tensor for tensor in self._inputs(step, drawn) if tensor.grad is not None]
        clean = [(tensor.detach().clone(), tensor.grad.clone()) for tensor in pushed if tensor.grad is not None]
        with torch.no_grad():
            for tensor, (_, gradient) in zip(pushed, clean, strict=True):
                tensor.add_(F.normalize(gradient.flatten(), dim=0).view_as(tensor), alpha=self.options.radius)
        adversarial = self._terms(step.outputs(), self.options.adversarial_contrastive_weight)
        step.backward(adversarial)
        with torch.no_grad():
            for tensor, (values, gradient) in zip(pushed, clean, strict=True):
                tensor.copy_(values)
                tensor.grad = gradient
        return {**terms, **{f"adversarial_{name}": term for name, term in adversarial.items()}}

    def _terms(self, outputs: erc.Outputs, weight: float) -> dict[str, Tensor]:
        log_probabilities = F.log_softmax(erc.at_least_float32(outputs.logits), -1)
        class_weights = outputs.class_weights if self.weights is None else self.weights
        terms = {"focal": focal_loss(log_probabilities, outputs.labels, self.options.focus, class_weights)}
        if weight > 0:
            hidden = outputs.extras.get("hidden", outputs.z)
            vectors = hidden if self.options.contrast == "hidden" else log_probabilities
            terms["contrastive"] = weight * pair_contrast(vectors, outputs.labels, self.options.temperature)
        return terms

    def _inputs(self, step: erc.Step, drawn: float) -> list[nn.Parameter]:
        """Return the tensors to push, by a number drawn from 0 to ``adversarial_rate``."""
        options = self.options
        share = drawn / options.adversarial_rate if options.adversarial_rate else 0.0
        groups = ["situation", "speakers"]
        if share <= options.situation_alone:
            groups = groups[:1]
        elif share <= options.situation_alone + options.speakers_alone:
            groups = groups[1:]
        return list(dict.fromkeys(tensor for group in groups for tensor in step.parameters(group)))


def focal_loss(log_probabilities: Tensor, labels: Tensor, focus: float, class_weights: Tensor | None) -> Tensor:
    """log_probabilities: (n, classes), labels: (n,) → scalar: the mean of −w_y (1 − p_y)^γ log p_y.

    No gradient flows through the factor (1 − p_y)^γ, as in the authors' code.
    """
    right = log_probabilities.gather(1, labels[:, None]).squeeze(1)
    factor = (1 - right.detach().exp()).clamp(min=0) ** focus
    if class_weights is not None:
        factor = factor * class_weights.to(right)[labels]
    return -(factor * right).mean()


def pair_contrast(vectors: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """vectors: (n, dim), labels: (n,) → scalar: NT-Xent, the mean over all pairs of one label.

    −log[e^{s_ij} / (e^{s_ij} + Σ_k e^{s_ik})], with s the cosines over τ and k the utterances of other labels: other
    positives are not in the denominator, unlike in SupCon.
    """
    similarities = erc.cosine(vectors, vectors) / temperature
    same = erc.positives(labels, labels)
    others = similarities.masked_fill(same, torch.finfo(similarities.dtype).min).logsumexp(-1, keepdim=True)
    return erc.masked_mean(F.softplus(others - similarities), erc.positives(labels))


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [Sacl]
