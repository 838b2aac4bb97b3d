"""Checks that an objective trains: its gradient arrives, its loss falls, its state can be stored."""

from __future__ import annotations

import torch

from erc_bench.testing.checkpoints import size_of, take_over, written_and_read
from erc_bench.testing.findings import Check
from erc_bench.testing.objectives.started_objective import (
    SEED,
    ObjectiveSubject,
    StartedObjective,
    begun,
    changes,
    sum_of,
    toy_encoder,
    train,
)

_STEPS = 20
_TOLERANCE = 1e-5


def _gradient(subject: ObjectiveSubject) -> str:
    trial = begun(subject)
    z = trial.z.clone().requires_grad_()
    terms = trial.terms(z)
    reaching = [name for name, term in terms.items() if _reaches(term, z)]
    assert reaching, "no gradient reaches the representations, so that no encoder would train"
    told = "".join(f"; {_of_another(name, subject)}" for name in terms if name not in reaching)
    (gradient,) = torch.autograd.grad(sum_of(terms), z)
    return f"the gradient of {', '.join(reaching)} arrives, norm {gradient.norm():.3g}{told}"


def _of_another(name: str, subject: ObjectiveSubject) -> str:
    """Say where a term's gradient arrives beside the representations; raise ``AssertionError`` for a dead term."""
    value = 0.0
    # A queue that is empty at first, a weight that grows: what waits for them is asked again, later.
    for steps in (0, 3):
        trial = begun(subject)
        train(trial, toy_encoder(trial), steps)
        z = trial.z.clone().requires_grad_()
        term = trial.terms(z).get(name)
        if term is None:
            continue
        if _reaches(term, z):
            return f"that of {name} arrives after {steps} steps"
        owners = sorted({key.split(".")[0] for key, own in trial.parameters().items() if _reaches(term, own)})
        if owners:
            return f"that of {name} trains only parameters of the {' and the '.join(owners)}"
        value = max(value, abs(float(term.detach())))
    assert not value, (
        f"the term {name} is {value:.3g} and trains nothing: its gradient reaches neither the representations nor a "
        "parameter of objective or head; look for detach(), no_grad() and item()"
    )
    return f"{name} is 0 and trains nothing here"


def _learns(subject: ObjectiveSubject) -> str:
    trial = begun(subject)
    encoder = toy_encoder(trial)
    train(trial, encoder, _STEPS)
    # By one and the same objective, for queues and prototypes change what a loss of the first step would mean.
    untrained, trained = _loss(trial, trial.z), _loss(trial, encoder(trial.z))
    assert trained < untrained, (
        f"after {_STEPS} steps the loss of the trained encoder is {trained:.4g}, of the untrained one {untrained:.4g}"
    )
    return f"after {_STEPS} steps the loss is {trained:.4g}, with the encoder as it was before {untrained:.4g}"


def _state(subject: ObjectiveSubject) -> str:
    trial = begun(subject)
    train(trial, toy_encoder(trial), 3)
    state = written_and_read(trial.objective, "the objective")
    other = begun(subject, seed=SEED + 1)
    take_over(other.objective, state)
    take_over(other.head, written_and_read(trial.head, "the head"))
    largest = 0.0
    for name, change in changes(trial.terms(), other.terms()):
        assert change <= _TOLERANCE, f"the term {name} is another one in an objective that took over the state_dict"
        largest = max(largest, change)
    return f"{size_of(state)} through safetensors; largest change of a term {largest:.1e}"


def _reaches(term: torch.Tensor, z: torch.Tensor) -> bool:
    if not term.requires_grad or not z.requires_grad:
        return False
    (gradient,) = torch.autograd.grad(term, z, retain_graph=True, allow_unused=True)
    return gradient is not None and bool(gradient.any())


def _loss(trial: StartedObjective, z: torch.Tensor) -> float:
    with torch.no_grad():
        return float(trial.total(z))


TRAINING_CHECKS: tuple[Check[ObjectiveSubject], ...] = (
    Check(
        "gradient",
        "The gradient of each term is followed back to the representations, and to what objective and head train.",
        "Without it the encoder stays as it was, and the table compares readouts of the same features (SPCL's default "
        "objective `psup` trains nothing but a detached head).",
        _gradient,
    ),
    Check(
        "learns",
        f"{_STEPS} steps on 32 separable utterances; then the same objective reads the encoder before and after.",
        "A sign or a detach in the wrong place trains the other way, which a classifier on top may hide.",
        _learns,
    ),
    Check(
        "state",
        "The state of a trained objective goes through safetensors into a fresh one; both are asked for their loss.",
        "The chosen epoch is restored from it: what is missing belongs to the last epoch (EACL's second stage starts "
        "from anchors of another epoch than its representations).",
        _state,
    ),
)
