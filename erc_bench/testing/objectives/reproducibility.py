"""Checks of an objective's chance: the same seed, the same training; and no memory of other trainings."""

from __future__ import annotations

from typing import Any

import torch

from erc_bench.contracts.objective import Objective
from erc_bench.testing.findings import Check
from erc_bench.testing.objectives.started_objective import (
    SEED,
    ObjectiveSubject,
    Terms,
    begun,
    steady_terms,
    toy_encoder,
    train,
)
from erc_bench.testing.other_process import Numbers, same_elsewhere
from erc_bench.testing.seeded_generators import seeded

_STEPS = 3


def _deterministic(subject: ObjectiveSubject) -> str:
    first, second = _trained_terms(subject), _trained_terms(subject)
    for name, term in first.items():
        same = torch.equal(term, second[name])
        assert same, (
            f"the term {name} is {term:.8g} after one training and {second[name]:.8g} after the next with the same seed"
        )
    told = same_elsewhere(terms_of, subject.component, subject.options, terms_of(subject.component, subject.options))
    return f"two trainings of {_STEPS} steps with one seed give the same {len(first)} term(s) to the last bit, {told}"


def terms_of(component: type[Objective], options: Any) -> Numbers:
    """Return its selection and its terms after a training, for a comparison with another process."""
    subject = ObjectiveSubject(component, options)
    trial = begun(subject)
    with seeded(SEED):
        selected = trial.begin_epoch(seed=5)
    terms = {f"the term {name}": [float(term)] for name, term in _trained_terms(subject).items()}
    return {**terms, "what select returns": [] if selected is None else [float(index) for index in selected]}


def _epoch_chance(subject: ObjectiveSubject) -> str:
    found = []
    for seed in (0, 1):
        trial = begun(subject)
        with seeded(seed):
            selected = trial.begin_epoch(seed=5)
        found.append((None if selected is None else list(selected), steady_terms(trial)))
    (one, terms), (other, others) = found
    assert one == other, "select draws on global chance: draw on view.rng, so that an epoch can be repeated"
    for name, term in terms.items():
        assert torch.equal(term, others[name]), (
            f"begin_epoch draws on global chance (the term {name} differs): draw on view.rng"
        )
    selected_count = "all" if one is None else str(len(one))
    return f"{selected_count} examples selected, and the same loss, under two states of the global generators"


def _trained_terms(subject: ObjectiveSubject) -> Terms:
    trial = begun(subject)
    train(trial, toy_encoder(trial), _STEPS)
    return {name: term.detach() for name, term in trial.terms().items()}


CHANCE_CHECKS: tuple[Check[ObjectiveSubject], ...] = (
    Check(
        "deterministic",
        "Two trainings of three steps in a row, from the same seed; one more in another process.",
        "A number that nobody can repeat is not a result; state that is kept on the class passes from one seed to the "
        "next, which then are not independent.",
        _deterministic,
    ),
    Check(
        "epoch chance",
        "An epoch is begun twice with the same stream `view.rng` and different global generators.",
        "Methods are paired by seed: chance outside of its stream makes pairs of unequal conditions.",
        _epoch_chance,
    ),
)
