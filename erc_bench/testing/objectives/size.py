"""The check that no term of a loss is a sum over the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.objectives.started_objective import ObjectiveSubject, StartedObjective, Terms, begun
from erc_bench.testing.toy import toy_keys

_TIMES = (1, 2, 4, 8)
_EXACTLY = 0.01
"""How far from 2 the growth of a sum may be when its batch is doubled."""
_GROWTH = 1.8
"""The mean of contrasts grows by a constant, log 2; a sum of contrasts grows by such a factor each time."""


def _batch_size(subject: ObjectiveSubject) -> str:
    trial = begun(subject)
    sizes = _numbers([len(trial.labels) * times for times in _TIMES])
    try:
        found = [_repeated_terms(trial, times) for times in _TIMES]
    except Exception as error:
        raise NotApplicableError(f"it reads no batch twice over ({type(error).__name__}: {error})") from error
    told = []
    for name in found[0]:
        values = [abs(float(terms[name].detach())) for terms in found if name in terms]
        growth = [after / before if before else 1.0 for before, after in pairwise(values)]
        summed = all(abs(factor - 2) <= _EXACTLY for factor in growth)
        assert not summed, (
            f"the term {name} is {_numbers(values)} on {sizes} utterances, the same ones again and again: it is "
            "summed over the batch, where a mean is due"
        )
        larger = ", which is a sum of what grows itself" if min(growth) >= _GROWTH else ""
        told.append(f"{name} {_numbers(values)}{larger}")
    return f"on {sizes} utterances, the same ones again and again: {'; '.join(told)}"


def _repeated_terms(trial: StartedObjective, times: int) -> Terms:
    outputs = trial.outputs(trial.z.repeat(times, 1), trial.labels.repeat(times))
    return trial.terms_of(replace(outputs, keys=toy_keys(len(trial.labels)) * times))


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


SIZE_CHECKS: tuple[Check[ObjectiveSubject], ...] = (
    Check(
        "batch size",
        f"The same batch is read {', '.join(f'{times} times' for times in _TIMES[1:])} over.",
        "A term that is summed and not averaged weighs with the size of the batch, against the others and in the last "
        "batch of an epoch.",
        _batch_size,
    ),
)
