"""K-positive contrastive learning (KCL; Kang et al. 2021, ICLR, "Exploring balanced feature spaces")."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

import erc_bench.api as erc


def k_positive_loss(
    queries: Tensor,
    keys: Tensor,
    queue: Tensor,
    positive: Tensor,
    temperature: float,
    candidates: Tensor | None = None,
) -> Tensor:
    """queries, keys: (n, dim), queue: (size, dim), positive, candidates: (n, size) → scalar, the mean over queries.

    The positives of query i are key i (its own second view) and the members of the queue where
    ``positive`` holds; its denominator holds key i and the queue (all of it, or the
    ``candidates``). A query's loss is minus the mean logarithm of its positives' shares.
    """
    own = erc.cosine(queries, keys).diagonal()[:, None]
    logits = torch.cat([own, erc.cosine(queries, queue)], dim=1) / temperature
    always = torch.ones_like(own, dtype=torch.bool)
    shown = torch.ones_like(positive) if candidates is None else candidates
    return erc.contrastive_loss(logits, torch.cat([always, positive], dim=1), torch.cat([always, shown], dim=1))


class Kcl(erc.Objective):
    """Give every utterance the same number of positives, whatever the size of its class.

    Positives are the utterance's own second view and K keys of its class from a queue; all other
    keys are negatives. Keys come from a slow copy of encoder and projection. The head is not part
    of the loss and is trained apart; the paper reads a linear classifier that is trained anew
    on the frozen representations (``probe``).

    Adaptations to fine-tuning a language model: the second view is a second pass with other
    dropout; the queue holds 1,024 keys of ERC's small train splits instead of 65,536; the momentum
    is .99, since the paper's .999 would average over 1,000 steps, about as many as the whole
    training has. A class of which the queue holds fewer than K keys gives all of them, and its mean is
    over these. The K keys are drawn once per step for all utterances of a class. Until the queue
    is full, random vectors of no class stand in it, as in the authors' code.

    In that code ``unused=negatives`` is loss type v1; its v2 means to leave the unused keys of the
    own class out, but sets their logits to 0, which keeps e^0 of each in the denominator. Here
    ``left-out`` leaves them out.

    With a frozen encoder the two views are equal and only the projection trains, which ``probe`` and
    ``head`` do not read.
    """

    name = "kcl"
    source = "Kang et al. 2021, ICLR, Exploring balanced feature spaces for representation learning"
    departures = (
        "The queue holds 1,024 keys; the paper's holds 65,536, more than ERC's train splits have.",
        "The momentum is .99; the paper's .999 would average over about as many steps as the whole training has.",
        "The second view is a second pass with other dropout, in place of an augmented image.",
        "A class of which the queue holds fewer than K keys gives all of them, and its mean is over these.",
        "The K keys are drawn once a step for all utterances of a class.",
        "unused=left-out leaves the unused keys of the own class out; the code sets their logits to 0, which keeps "
        "e^0 of each in the denominator.",
    )
    views = 2

    @dataclass(frozen=True)
    class Options:
        """K, temperature and projection are those of the paper; queue and momentum suit small train splits."""

        positives: int = erc.option(6, "The paper's K: keys of the own class that are positives.", at_least=1)
        temperature: float = erc.option(0.07, "Divides cosine similarities; lower is sharper.", above=0)
        queue: int = erc.option(1024, "Keys that the queue holds.", at_least=1)
        momentum: float = erc.option(0.99, "How slowly the copy that makes the keys follows.", at_least=0, below=1)
        unused: Literal["negatives", "left-out"] = erc.option(
            "negatives", "What the other keys of the own class are: negatives, or left out of the denominator."
        )
        projection_dim: int = erc.option(128, "Width of the projected space.", at_least=1)

    def start(self, task: erc.Task) -> None:
        """Build the projection, its slow copy and the queue."""
        layers = (nn.Linear(task.dim, task.dim), nn.ReLU(), nn.Linear(task.dim, self.options.projection_dim))
        self.projection = nn.Sequential(*layers).to(task.device)
        self.key_projection = deepcopy(self.projection).requires_grad_(requires_grad=False)
        self.queue = erc.FeatureQueue(self.options.queue, self.options.projection_dim).to(task.device)
        self.momentum = self.options.momentum
        self.pending = erc.PendingBatches()
        self.random = erc.RandomStream(task.seed)

    def project(self, z: Tensor) -> Tensor:
        """z: (n, dim) → (n, projection_dim): Linear-ReLU-Linear."""
        projected: Tensor = self.projection(z)
        return projected

    def loss(self, outputs: erc.Outputs) -> dict[str, Tensor]:
        """Return the mean over the batch; its keys enter the queue after the step."""
        with torch.no_grad():
            keys = self.key_projection(outputs.views[1].z)
        self.pending.add(keys, outputs.labels)
        positive = self.queue.some_of_class(outputs.labels, self.options.positives)
        unused = (outputs.labels[:, None] == self.queue.labels) & ~positive
        candidates = ~unused if self.options.unused == "left-out" else None
        loss = k_positive_loss(
            outputs.projected, keys, self.queue.features, positive, self.options.temperature, candidates
        )
        return {"k_positive": loss}

    def begin_epoch(self, view: erc.EpochView) -> None:
        """Seed the choice of positives."""
        self.random.generator.manual_seed(view.rng.getrandbits(63))

    def after_step(self) -> None:
        """Let the slow projection follow, take up the keys, and draw the next step's positives."""
        erc.follow(self.key_projection, self.projection, self.options.momentum)
        for keys, labels in self.pending.take():
            self.queue.enqueue(nn.functional.normalize(keys, dim=-1), labels)
        self.queue.draw(self.random.generator)


@erc.hookimpl
def erc_objectives() -> list[type[erc.Objective]]:
    return [Kcl]
