"""Checks of the invariance of an objective's loss, and of its side effects."""

from __future__ import annotations

import torch

from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.objectives.started_objective import (
    SEED,
    ObjectiveSubject,
    begun,
    changes,
    same_terms,
    steady_terms,
)
from erc_bench.testing.toy import toy_representations

_TOLERANCE = 1e-4
"""Of the larger of 1 and the term: sums in another order are rounded otherwise."""


def _batch_order(subject: ObjectiveSubject) -> str:
    trial = begun(subject)
    order = torch.randperm(len(trial.labels), generator=torch.Generator().manual_seed(SEED))
    terms, shuffled = steady_terms(trial), trial.terms(trial.z[order], trial.labels[order])
    assert terms.keys() == shuffled.keys(), "another order of the batch gives other terms"
    largest = 0.0
    for name, change in changes(terms, shuffled):
        assert change <= _TOLERANCE, f"the term {name} changes with the order of the batch, by {change:.1e}"
        largest = max(largest, change)
    return f"largest change {largest:.1e} of the term under one other order of {len(trial.labels)} utterances"


def _inputs_kept(subject: ObjectiveSubject) -> str:
    trial = begun(subject)
    outputs = trial.outputs()
    held = {"z": outputs.z, "projected": outputs.projected, "logits": outputs.logits, "labels": outputs.labels}
    held |= {f"view {number}": view.z for number, view in enumerate(outputs.views[1:], start=2)}
    held |= trial.parameters()
    before = {name: tensor.detach().clone() for name, tensor in held.items()}
    trial.objective.loss(outputs)
    for name, tensor in held.items():
        assert torch.equal(tensor.detach(), before[name]), f"loss changes {name} in place"
    return f"{len(held)} tensors (inputs and parameters) are the same to the last bit after a loss"


def _evaluation(subject: ObjectiveSubject) -> str:
    trial = begun(subject)
    first, before = trial.terms(), trial.terms()
    state = {name: value.clone() for name, value in _tensors(trial.objective).items()}
    others = toy_representations(trial.labels.cpu(), seed=SEED) + 3.0
    trial.objective.eval()
    trial.head.eval()
    with torch.no_grad():
        for _ in range(3):
            trial.outputs(others)
    trial.objective.train()
    trial.head.train()
    changed = [name for name, value in _tensors(trial.objective).items() if not torch.equal(value, state[name])]
    assert not changed, f"encoding utterances of dev or test changes its state {changed[0]}"
    after = trial.terms()
    if not same_terms(first, before):
        raise NotApplicableError("asked twice, its loss gives two values")
    for name, term in before.items():
        assert torch.equal(term, after[name]), f"the term {name} is another one once dev or test were encoded"
    return f"{len(state)} tensors and {len(before)} term(s) are the same after three passes over other utterances"


def _tensors(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value for name, value in module.state_dict().items() if isinstance(value, torch.Tensor)}


INVARIANCE_CHECKS: tuple[Check[ObjectiveSubject], ...] = (
    Check(
        "batch order",
        "The same batch in another order, under one random state.",
        "A loss that weighs by place mistakes an artefact of the loader for a property of the utterance.",
        _batch_order,
    ),
    Check(
        "inputs kept",
        "Inputs and parameters are compared before and after a loss.",
        "What is changed in place is changed for the head, the other terms and the next view as well.",
        _inputs_kept,
    ),
    Check(
        "train only",
        "Other utterances go through projection, anchors and head in evaluation mode; state and loss are compared.",
        "Class centres or running means that take up what is evaluated have seen dev and test.",
        _evaluation,
    ),
)
