"""Conformance of objectives: ``check_objective(MyObjective)`` in a plugin's own tests."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.objective import Objective
from erc_bench.testing.components import check_component
from erc_bench.testing.toy import toy_epoch, toy_labels, toy_outputs, toy_representations, toy_task

_SEED = 7


def check_objective(objective_class: type[Objective], options: Any = None) -> None:
    """Run all checks on an objective.

    Raises ``AssertionError`` with a sentence that says what does not hold.
    """
    check_component(objective_class)
    check_edge_cases(objective_class, options)
    check_batch_order(objective_class, options)
    check_gradients(objective_class, options)
    check_restoring(objective_class, options)


def check_edge_cases(objective_class: type[Objective], options: Any = None) -> None:
    """Loss terms and gradients are finite for an ordinary batch and for each of the awkward ones."""
    batches = {
        "an ordinary batch": toy_labels(),
        "a batch that lacks a class": toy_labels(12, classes=(0, 1, 3)),
        "a batch of one class": toy_labels(6, classes=(2,)),
        "a batch without two of a class": toy_labels(3),
        "a batch of one": toy_labels(1),
    }
    for what, labels in batches.items():
        objective, head = _built(objective_class, options)
        z = toy_representations(labels).requires_grad_()
        terms = _terms(objective, head, z, labels)
        _check_terms(terms, f"{objective_class.name} on {what}")
        _backward(terms)
        for name, gradient in _gradients(objective, head, z).items():
            assert gradient.isfinite().all(), f"{objective_class.name} on {what}: the gradient of {name} is not finite"


def check_batch_order(objective_class: type[Objective], options: Any = None) -> None:
    """Under one random state the terms do not depend on the order of the utterances in the batch."""
    objective, head = _built(objective_class, options)
    labels = toy_labels()
    z = toy_representations(labels)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(_SEED))
    terms = _terms(objective, head, z, labels)
    for name, shuffled in _terms(objective, head, z[order], labels[order]).items():
        same = torch.allclose(terms[name], shuffled, rtol=1e-4, atol=1e-5)
        assert same, f"{objective_class.name}: the term {name} changes with the order of the batch"


def check_gradients(objective_class: type[Objective], options: Any = None) -> None:
    """The loss trains the encoder: its gradient reaches the representations."""
    objective, head = _built(objective_class, options)
    labels = toy_labels()
    z = toy_representations(labels).requires_grad_()
    _backward(_terms(objective, head, z, labels))
    reached = z.grad is not None and bool(z.grad.any())
    assert reached, f"{objective_class.name}: no gradient reaches the representations, so that no encoder would train"


def check_restoring(objective_class: type[Objective], options: Any = None) -> None:
    """All training state is in ``state_dict``: a second objective that takes it over has the same loss."""
    labels = toy_labels()
    z = toy_representations(labels)
    objective, head = _built(objective_class, options)
    _descend(objective, head, z, labels)
    other, _ = _built(objective_class, options, seed=_SEED + 1)
    other.load_state_dict(objective.state_dict())
    terms = _terms(objective, head, z, labels)
    for name, restored in _terms(other, head, z, labels).items():
        same = torch.allclose(terms[name], restored, rtol=1e-4, atol=1e-5)
        assert same, f"{objective_class.name}: the term {name} is another one after load_state_dict"


def _built(objective_class: type[Objective], options: Any, seed: int = _SEED) -> tuple[Objective, nn.Module]:
    options = objective_class.Options() if options is None else options
    task = toy_task(objective_options=options)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        objective = objective_class(options)
        objective.start(task)
        head = objective.make_head(task.dim, task.classes, 0.0)
    labels = toy_labels()
    view = toy_epoch(objective, head, toy_representations(labels), labels)
    objective.begin_epoch(view)
    _check_selection(objective, objective.select(view), len(labels))
    return objective, head


def _check_selection(objective: Objective, selected: Any, examples: int) -> None:
    known = selected is None or set(selected) <= set(range(examples))
    assert known, f"{objective.name}: select returns indices of examples that are not there"


def _terms(objective: Objective, head: nn.Module, z: Tensor, labels: Tensor) -> dict[str, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        return objective.loss(toy_outputs(objective, head, z, labels))


def _check_terms(terms: dict[str, Tensor], where: str) -> None:
    assert terms, f"{where}: loss returns no term"
    for name, term in terms.items():
        assert term.ndim == 0, f"{where}: the term {name} is no scalar, its shape is {tuple(term.shape)}"
        assert term.isfinite(), f"{where}: the term {name} is {term.item()}"


def _backward(terms: dict[str, Tensor]) -> None:
    total = torch.stack(list(terms.values())).sum()
    assert total.requires_grad, "the sum of the terms is attached to nothing that could train"
    total.backward()  # type: ignore[no-untyped-call]


def _gradients(objective: Objective, head: nn.Module, z: Tensor) -> dict[str, Tensor]:
    parameters = {"the representations": z, **dict(objective.named_parameters()), **dict(head.named_parameters())}
    return {name: parameter.grad for name, parameter in parameters.items() if parameter.grad is not None}


def _descend(objective: Objective, head: nn.Module, z: Tensor, labels: Tensor) -> None:
    parameters = [*objective.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        # An objective may have no parameters of its own: then only the encoder would train.
        _backward(_terms(objective, head, z.clone().requires_grad_(), labels))
        optimizer.step()
        objective.after_step()
