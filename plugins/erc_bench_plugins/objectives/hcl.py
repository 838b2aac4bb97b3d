"""Hybrid curriculum learning: easy dialogues first, and targets that grow hard (Yang et al. 2022, arXiv:2112.11718)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi

import torch
from torch import Tensor
from torch.nn import functional as F

import erc_bench.api as erc

_log = logging.getLogger("erc_bench")

ANGLES: dict[str, float | None] = {
    **dict.fromkeys(("excited", "powerful"), 7 * pi / 20),
    **dict.fromkeys(("joy", "joyful", "happy", "happiness"), 3 * pi / 20),
    **dict.fromkeys(("surprise", "surprised"), 9 * pi / 20),
    **dict.fromkeys(("anger", "angry", "mad"), pi - 9 * pi / 20),
    **dict.fromkeys(("fear", "scared"), pi - pi / 20),
    **dict.fromkeys(("disgust", "disgusted"), pi - 3 * pi / 20),
    "frustrated": pi + pi / 20,
    **dict.fromkeys(("sad", "sadness"), pi + 9 * pi / 20),
    "peaceful": -9 * pi / 20,
    **dict.fromkeys(("neutral", "no emotion", "other"), None),
}
"""Where an emotion lies on the wheel: the cosine is its valence, the sine its arousal; neutral lies at the origin.

Those of IEMOCAP and MELD are the choice of PRC-Emo (2025), for the paper's are not known to us; powerful (as excited)
and peaceful (as calm as surprise is aroused) are ours.
"""


class Hcl(erc.Objective):
    """Train on easy dialogues first, and on targets that begin with what an emotion resembles.

    Dialogues are sorted by how often their speakers change emotion and cut into buckets; epoch e trains on the first e
    of them, and on all when all are in. The target of an emotion starts as its similarity to all, normalised; after
    each epoch the wrong ones are multiplied by ``decay``. The loss is cross-entropy to the target.

    There is no official code; how many buckets and which decay the authors took is not known to us.
    """

    name = "hcl"
    source = "Yang et al. 2022, arXiv:2112.11718"
    departures = (
        "There is no official code, and the paper's number of buckets and decay are not known to us: five buckets, "
        "decay .9.",
        "The emotions' angles are those of a later work.",
    )

    @dataclass(frozen=True)
    class Options:
        """The curricula; one bucket and decay 0 are cross-entropy from the second epoch on."""

        buckets: int = erc.option(5, "Parts of train, one more of which is learnt from in each epoch.", at_least=1)
        decay: float = erc.option(
            0.9, "Factor of the wrong emotions' share of a target, after each epoch.", at_least=0, at_most=1
        )

    targets: Tensor

    def start(self, task: erc.Task) -> None:
        """Build the targets of the first epoch."""
        similarities = torch.tensor(wheel_similarities(task.label_words), device=task.device)
        self.register_buffer("similarities", similarities)
        self.register_buffer("targets", _targets(similarities, 1.0))

    def begin_epoch(self, view: erc.EpochView) -> None:
        """Move the targets towards the labels."""
        self.targets = _targets(self.get_buffer("similarities"), self.options.decay**view.epoch)

    def select(self, view: erc.EpochView) -> Sequence[int] | None:
        """Return the dialogues of the buckets that are in by now."""
        buckets = self.options.buckets
        if view.epoch + 1 >= buckets:
            return None
        hardness = [difficulty(example.dialogue) for example in view.examples]
        order = sorted(range(len(hardness)), key=hardness.__getitem__)
        return order[: -(-len(order) * (view.epoch + 1) // buckets)]

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return cross-entropy to the targets, with the class weights of the training."""
        log_probabilities = F.log_softmax(outputs.logits, -1)
        targets = self.targets.to(log_probabilities)[outputs.labels]
        each = -(targets * log_probabilities).sum(-1)
        if outputs.class_weights is None:
            return {"cross_entropy": each.mean()}
        weights = outputs.class_weights[outputs.labels]
        return {"cross_entropy": (weights * each).sum() / weights.sum()}


def _targets(similarities: Tensor, share: float) -> Tensor:
    """similarities: (classes, classes) → distributions, the wrong classes at a share of their similarity."""
    right = torch.eye(len(similarities), dtype=similarities.dtype, device=similarities.device)
    weights = torch.where(right > 0, similarities, similarities * share)
    return weights / weights.sum(1, keepdim=True)


def wheel_similarities(words: Sequence[str]) -> list[list[float]]:
    """Return (classes, classes): 1 on the diagonal, 0 for opposite valence, 1/classes beside neutral, else a cosine.

    An emotion that is not on the wheel resembles no other; a warning names it.
    """
    unknown = [word for word in words if word not in ANGLES]
    if unknown:
        _log.warning("the objective 'hcl' takes these to resemble no emotion: %s", ", ".join(unknown))
    return [[_similarity(one, other, len(words)) for other in words] for one in words]


def _similarity(one: str, other: str, classes: int) -> float:
    if one == other:
        return 1.0
    if not {one, other} <= ANGLES.keys():
        return 0.0
    first, second = ANGLES[one], ANGLES[other]
    if first is None or second is None:
        return 1 / classes
    return 0.0 if cos(first) * cos(second) < 0 else max(0.0, cos(first - second))


def difficulty(dialogue: erc.Dialogue) -> float:
    """Return (changes of a speaker's emotion + speakers) / (turns + speakers); turns without a label change nothing."""
    last: dict[str, str] = {}
    changes = 0
    for utterance in dialogue.utterances:
        if utterance.label is not None:
            changes += last.get(utterance.speaker, utterance.label) != utterance.label
            last[utterance.speaker] = utterance.label
    speakers = len({utterance.speaker for utterance in dialogue.utterances})
    return (changes + speakers) / (len(dialogue.utterances) + speakers)


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [Hcl]
