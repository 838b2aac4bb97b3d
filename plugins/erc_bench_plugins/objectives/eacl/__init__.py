"""Emotion-anchored contrastive learning (EACL; Yu et al. 2024, arXiv:2403.20289).

``losses`` holds the two losses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

import erc_bench.api as erc
from erc_bench_plugins.methods.eacl.recipes import SOURCE
from erc_bench_plugins.objectives.eacl.losses import anchor_angle_loss, anchored_contrastive_loss

__all__ = ["Eacl", "anchor_angle_loss", "anchored_contrastive_loss"]


class Eacl(erc.Objective):
    """Contrast utterances and emotion words in one space, and push the words' anchors apart.

    L = λ1·(L_sup + λ2·L_Ag) + (1 − λ1)·CE (Eq 8). The same projection g (Eq 2) takes utterances
    and the frozen, untuned language model's states of the label words: anchors move only as g moves, and, where the
    encoder has a network of its own, as that moves.

    Temperatures are on the scale of the score: Table 6's belong to the official half-cosine and
    are twice as large in plain cosine (see the method ``eacl``).
    """

    name = "eacl"
    source = SOURCE
    departures = (
        "Eq 4: a row is left out of its own denominator, as in the authors' code; at τ = .1 its e^10 would drown "
        "the negatives.",
        "Eq 4: the mean over rows in place of the sum, which would leave cross-entropy without weight.",
        "Eq 4: rows without a positive do not count; in the code each adds a constant that trains nothing and "
        "counts in the mean.",
        "Temperatures are on the scale of plain cosine, twice as large as in Table 6, whose values were chosen with "
        "(1 + cos)/2; formulation=official has the authors' score.",
        "Eq 7 is uncentred, as printed; the code moves the anchors' mean to the origin first (formulation=official).",
    )

    @dataclass(frozen=True)
    class Options:
        """The defaults are Table 6's of two datasets out of three, at the scale of plain cosine."""

        lambda1: float = erc.option(
            0.9, "Weight of contrastive and angle loss; cross-entropy has 1 - lambda1.", at_least=0, at_most=1
        )
        lambda2: float = erc.option(0.01, "Weight of the angle loss beside the contrastive loss.", at_least=0)
        temperature: float = erc.option(0.2, "Divides the score of two vectors; lower is sharper.", above=0)
        formulation: Literal["paper", "official"] = erc.option(
            "paper", "Score and details: paper (plain cosine, Eqs 4 and 7) or official (half-cosine, as its code)."
        )
        anchored: bool = erc.option(True, "Whether anchors take part in the contrastive loss beside the utterances.")
        projection_dim: int | None = erc.option(
            None, "Width of the projected space; none: that of the representations.", at_least=1
        )

    label_states: Tensor

    def start(self, task: erc.Task) -> None:
        """Build g, and encode the label words once; their states are a buffer and stay as they are.

        Raises :class:`erc.ErcBenchError` where words cannot take the way of utterances: one g takes both.
        """
        width = self.options.projection_dim or task.dim
        layers = (nn.Linear(task.dim, task.dim), nn.LayerNorm(task.dim), nn.ReLU(), nn.Linear(task.dim, width))
        self.projection = nn.Sequential(*layers).to(task.device)
        label_states = task.encode_words(task.label_words).detach().to(task.device)
        self.represent_words = task.represent_words
        with torch.no_grad():
            words = self.represent_words(label_states)
        if words.shape[1] != task.dim:
            raise erc.ErcBenchError(
                f"the objective {self.name!r} projects utterances and label words alike: this encoder gives {task.dim} "
                f"values where the language model's states of words have {words.shape[1]}",
                "Choose an encoder of the language model's width, such as prompt, or another objective.",
            )
        self.register_buffer("label_states", label_states.clone())

    def project(self, z: Tensor) -> Tensor:
        """z: (n, dim) → (n, projection_dim): g, Linear-LayerNorm-ReLU-Linear."""
        return self.projection(z)  # type: ignore[no-any-return]

    def anchors(self) -> Tensor:
        """Return the projected label words, (classes, projection_dim), with gradients to g (Eq 3)."""
        return self.projection(self.represent_words(self.label_states))  # type: ignore[no-any-return]

    def project_with_anchors(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """z: (n, dim) → (n, projection_dim) and the anchors: g takes all rows at once, a fifth quicker than apart."""
        words = self.represent_words(self.label_states)
        rows: Tensor = self.projection(torch.cat([z, words]))
        projected, anchors = rows.split([len(z), len(words)])
        return projected, anchors

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the weighted terms of Eq 8; one whose weight is 0 is left out, so that it touches nothing."""
        options = self.options
        anchors = self.anchors() if outputs.anchors is None else outputs.anchors
        terms = {}
        if options.lambda1 > 0:
            contrasted = anchors if options.anchored else anchors[:0]
            contrastive = anchored_contrastive_loss(
                outputs.projected, outputs.labels, contrasted, options.temperature, options.formulation
            )
            terms["contrastive"] = options.lambda1 * contrastive
        if options.lambda1 * options.lambda2 > 0:
            angle = anchor_angle_loss(anchors, options.formulation)
            terms["angle"] = options.lambda1 * options.lambda2 * angle
        if options.lambda1 < 1:
            terms["cross_entropy"] = (1 - options.lambda1) * outputs.cross_entropy()
        return terms


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [Eacl]
