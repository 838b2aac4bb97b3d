"""The published training procedure of EACL, written out plainly: what every ratio of speed is a ratio to.

Every input is padded to 256 tokens, everything is computed in float32, every pair of rows is expanded for
its cosine, dev and test are both evaluated after every epoch, and stage two encodes all splits once more.
Source: Yu et al. 2024 (arXiv:2403.20289) and its official code.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from speed_parts.expanded import expanded_terms
from torch import Tensor, nn
from torch.nn import functional as F

from erc_bench.api import TokenRow

WIDTH = 256
_CLIP = 5.0


class PublishedProcedure(nn.Module):
    """Language model, projection g, classifier head and anchors, trained and evaluated as published.

    ``language_model`` is one as transformers loads it; ``projection`` and ``head`` are copies of those that
    the other side starts from.
    """

    label_states: Tensor

    def __init__(
        self,
        language_model: nn.Module,
        pad_id: int,
        projection: nn.Module,
        head: nn.Module,
        label_states: Tensor,
        options: Any,
    ) -> None:
        super().__init__()
        self.language_model = language_model
        self.projection = projection
        self.head = head
        self.register_buffer("label_states", label_states)
        self.pad_id = pad_id
        self.options = options

    def optimiser(self, encoder_lr: float, head_lr: float) -> torch.optim.Optimizer:
        """Return AdamW in its default form, with the two learning rates of the code."""
        heads = [*self.projection.parameters(), *self.head.parameters()]
        groups = [
            {"params": list(self.language_model.parameters()), "lr": encoder_lr},
            {"params": heads, "lr": head_lr},
        ]
        return torch.optim.AdamW(groups, weight_decay=0.01)

    def train_batch(self, rows: Sequence[TokenRow], labels: Tensor, optimiser: torch.optim.Optimizer) -> float:
        """Make one step; returns the loss."""
        self.train()
        optimiser.zero_grad()
        loss = self.loss(rows, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters(), _CLIP)
        optimiser.step()
        return loss.item()

    @torch.no_grad()
    def evaluate_batch(self, rows: Sequence[TokenRow]) -> Tensor:
        """Return the class of the nearest anchor, (rows,)."""
        self.eval()
        reps, anchors = self.projection(self.represent(rows)), self.projection(self.label_states)
        return F.cosine_similarity(reps.unsqueeze(1), anchors.unsqueeze(0), dim=-1).argmax(-1)

    def loss(self, rows: Sequence[TokenRow], labels: Tensor) -> Tensor:
        """labels: (rows,) → scalar."""
        z = self.represent(rows)
        outputs: Any = SimpleNamespace(projected=self.projection(z), labels=labels, logits=self.head(z))
        terms = expanded_terms(outputs, self.projection(self.label_states), self.options)
        return torch.stack(list(terms.values())).sum()

    def represent(self, rows: Sequence[TokenRow]) -> Tensor:
        """Return (rows, dim), the state that represents each row."""
        device = self.label_states.device
        ids = torch.full((len(rows), WIDTH), self.pad_id)
        for i, row in enumerate(rows):
            ids[i, : len(row.ids)] = torch.tensor(row.ids)
        ids = ids.to(device)
        states = self.language_model(input_ids=ids, attention_mask=(ids != self.pad_id).long()).last_hidden_state
        at = torch.tensor([row.positions[0] for row in rows], device=device)
        return states[torch.arange(len(rows), device=device), at]
