"""What an objective costs by itself: forward and backward over one batch of representations, no language model.

Every registered objective runs through the product's own code on the small task of
``erc_bench.testing``; EACL also with its pairs expanded, as its authors' code has it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from speed_parts.expanded import expanded_terms
from speed_parts.memory import peak_bytes
from speed_parts.peak import wait_for
from torch import Tensor

from erc_bench.contracts.task import Outputs
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.testing.toy import LABELS, toy_epoch, toy_labels, toy_outputs, toy_representations, toy_task

OFFICIAL, EXPANDED = "eacl, official", "eacl, expanded"
"""One loss: as the product computes it, and as it was published."""
_TOLERANCE = 1e-4
_SEED = 7
_MIB = 2**20


@dataclass(frozen=True)
class ObjectiveCost:
    """One objective on one batch of ``rows`` representations of width ``dim``, in float32.

    ``seconds`` is the fastest forward (projection and head included) and backward, ``update_seconds``
    that of what follows a step (queues, momentum): others of the machine can only slow one down.
    ``peak_mib`` is what forward and backward hold beyond parameters and representations. Where
    ``measured`` is false the batch does not fit: seconds and memory are those of fewer rows, times the
    ratio of the numbers of pairs.
    """

    objective: str
    rows: int
    dim: int
    seconds: float
    update_seconds: float
    peak_mib: float
    loss: float
    measured: bool = True


def objective_costs(quick: bool = False, device: torch.device | None = None) -> list[ObjectiveCost]:
    """Measure every registered objective, and EACL's expanded form where it fits.

    Raises ``ArithmeticError`` where the expanded form gives another loss than the product.
    """
    device = device or torch.device("cpu")
    sizes, widths = ((64, 128), (384,)) if quick else ((64, 256, 512, 1024, 4096), (384, 1024))
    costs = [cost for dim in widths for cost in _costs(sizes, dim, device, 0.0 if quick else 0.5)]
    _check_equal_losses(costs)
    return costs


def _costs(sizes: tuple[int, ...], dim: int, device: torch.device, seconds: float) -> Iterator[ObjectiveCost]:
    for name in Catalogue().entries("objective"):
        alone = _Alone(name, name, {}, dim, device)
        yield from (alone.cost(rows, seconds) for rows in sizes)
    official = _Alone("eacl", OFFICIAL, {"formulation": "official"}, dim, device)
    yield from (official.cost(rows, seconds) for rows in sizes)
    yield from _expanded(sizes, dim, device, seconds)


def _expanded(sizes: tuple[int, ...], dim: int, device: torch.device, seconds: float) -> Iterator[ObjectiveCost]:
    """Measure the expanded form at all sizes but the largest; what does not fit follows from the last that did."""
    expanded = _Expanded("eacl", EXPANDED, {"formulation": "official"}, dim, device)
    measured: list[ObjectiveCost] = []
    for rows in sizes[:-1] if len(sizes) > 2 else sizes:
        scale = _pairs(rows) / _pairs(measured[-1].rows) if measured else 1.0
        if measured and measured[-1].peak_mib * scale * _MIB > _room(device):
            last = measured[-1]
            yield replace(
                last,
                rows=rows,
                seconds=last.seconds * scale,
                peak_mib=last.peak_mib * scale,
                loss=float("nan"),
                measured=False,
            )
            continue
        measured.append(expanded.cost(rows, seconds))
        yield measured[-1]


def _pairs(rows: int) -> int:
    return (rows + len(LABELS)) ** 2  # the anchors are rows, too


def _room(device: torch.device) -> float:
    """Return the bytes that the expanded form may take."""
    return 0.9 * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 8 * 2.0**30


class _Alone:
    """An objective with a head, on a task without a language model."""

    def __init__(self, name: str, shown: str, options: dict[str, Any], dim: int, device: torch.device) -> None:
        self.shown, self.dim, self.device = shown, dim, device
        component = Catalogue().get("objective", name)
        task = replace(toy_task(dim, component.Options(**options)), device=device)
        torch.manual_seed(_SEED)
        self.objective = component(task.objective_options)
        self.objective.start(task)
        self.objective.to(device)
        self.head = self.objective.make_head(dim, task.classes, 0.0).to(device)

    def cost(self, rows: int, seconds: float) -> ObjectiveCost:
        """Run steps on one batch of ``rows`` until those that are timed took ``seconds`` together."""
        labels = toy_labels(rows)
        z = toy_representations(labels, self.dim).to(self.device).requires_grad_()
        labels = labels.to(self.device)
        self.objective.begin_epoch(toy_epoch(self.objective, self.head, z, labels))
        # The first step is the one that memory is counted in; it also warms up.
        loss: list[Tensor] = []
        peak = peak_bytes(lambda: loss.append(self._pass(z, labels)), self.device)
        self._forget(z)
        self.objective.after_step()
        times: list[float] = []
        updates: list[float] = []
        while sum(times) <= seconds:
            times.append(self._timed(lambda: self._pass(z, labels)))
            updates.append(self._timed(self.objective.after_step))
            self._forget(z)
        return ObjectiveCost(
            self.shown,
            rows,
            self.dim,
            min(times),
            min(updates),
            peak / _MIB,
            float(loss[0]),
        )

    def _pass(self, z: Tensor, labels: Tensor) -> Tensor:
        terms = self.terms(toy_outputs(self.objective, self.head, z, labels))
        total = torch.stack(list(terms.values())).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total.detach()

    def terms(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return the weighted terms of the loss."""
        terms: dict[str, Tensor] = self.objective.loss(outputs)
        return terms

    def _timed(self, work: Callable[[], Any]) -> float:
        wait_for(self.device)
        started = time.perf_counter()
        work()
        wait_for(self.device)
        return time.perf_counter() - started

    def _forget(self, z: Tensor) -> None:
        for each in (z, *self.objective.parameters(), *self.head.parameters()):
            each.grad = None


class _Expanded(_Alone):
    """EACL in its published form, with the product's projection, anchors and head."""

    def terms(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return the weighted terms of the loss."""
        return expanded_terms(outputs, self.objective.anchors(), self.objective.options)


def _check_equal_losses(costs: list[ObjectiveCost]) -> None:
    ours = {(cost.rows, cost.dim): cost.loss for cost in costs if cost.objective == OFFICIAL}
    for cost in costs:
        if cost.objective == EXPANDED and cost.measured:
            other = ours[cost.rows, cost.dim]
            if abs(cost.loss - other) > _TOLERANCE * abs(other):
                raise ArithmeticError(f"eacl at {cost.rows} rows: expanded {cost.loss}, as one product {other}")
