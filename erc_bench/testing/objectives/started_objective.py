"""An objective started on the toy task, with its head, ready to be asked for its loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.encoder import Example
from erc_bench.contracts.objective import EpochView, Objective
from erc_bench.contracts.task import Outputs
from erc_bench.testing.devices import CPU
from erc_bench.testing.findings import NotApplicableError
from erc_bench.testing.seeded_generators import seeded
from erc_bench.testing.toy import toy_epoch, toy_labels, toy_outputs, toy_representations, toy_task
from erc_bench.training.optimiser import each_once

SEED = 7
_SURE = 50.0
"""A logit beside which those of the other classes vanish in float32: 1 - p is 0, and their p is not."""
Terms = dict[str, Tensor]


@dataclass(frozen=True)
class ObjectiveSubject:
    """An objective to be checked, and its options."""

    component: type[Objective]
    options: Any


class StartedObjective:
    """An objective that was started and has begun its first epoch.

    ``labels`` (32,) take the four classes in turn, ``z`` (32, dim) lie around a point for each class.
    """

    def __init__(
        self,
        subject: ObjectiveSubject,
        seed: int = SEED,
        device: torch.device = CPU,
        precision: torch.dtype = torch.float32,
    ) -> None:
        task = toy_task(objective_options=subject.options)

        def encode_words(words: Sequence[str]) -> Tensor:
            return task.encode_words(words).to(device, precision)

        self.task = replace(task, device=device, encode_words=encode_words)
        self.labels = toy_labels().to(device)
        self.z = toy_representations(toy_labels()).to(device, precision)
        with seeded(seed):
            self.objective = subject.component(subject.options)
            self.objective.start(self.task)
            # As on frozen states: modules draw in float32 and are widened.
            self.objective.to(device, precision)
            head = self.objective.make_head(self.task.dim, self.task.classes, 0.0)
            self.head: nn.Module = head.to(device, precision)

    def begin_epoch(self, seed: int = 0) -> Sequence[int] | None:
        """Begin the first of ten epochs over the toy split; return the objective's selection."""
        view = self.view(seed)
        self.objective.begin_epoch(view)
        return self.objective.select(view)

    def view(self, seed: int = 0) -> EpochView:
        """Return the objective's view of an epoch."""
        return replace(toy_epoch(self.objective, self.head, self.z, self.labels), rng=Random(seed))

    def outputs(self, z: Tensor | None = None, labels: Tensor | None = None) -> Outputs:
        """Return the inputs of the loss."""
        z, labels = self.z if z is None else z, self.labels if labels is None else labels
        return toy_outputs(self.objective, self.head, z, labels)

    def terms(self, z: Tensor | None = None, labels: Tensor | None = None) -> Terms:
        """Return the loss, the global generators being where a fixed seed puts them."""
        return self.terms_of(self.outputs(z, labels))

    def terms_of(self, outputs: Outputs) -> Terms:
        """Return the loss of encoded utterances, the global generators being where a fixed seed puts them."""
        with seeded(SEED):
            return well_formed(self.objective.loss(outputs))

    def total(self, z: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """Return the sum of the terms."""
        return sum_of(self.terms(z, labels))

    def parameters(self) -> dict[str, nn.Parameter]:
        """Return the parameters of objective and head."""
        return {
            **{f"objective.{name}": parameter for name, parameter in self.objective.named_parameters()},
            **{f"head.{name}": parameter for name, parameter in self.head.named_parameters()},
        }


def same_terms(one: Terms, other: Terms) -> bool:
    """Whether two losses are the same to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(term, other[name]) for name, term in one.items())


def steady_terms(trial: StartedObjective) -> Terms:
    """Return the loss where it gives the same value when it is asked twice; else another check speaks of it.

    Raises :class:`NotApplicableError`: a comparison would show that, and not its subject.
    """
    first, second = trial.terms(), trial.terms()
    if not same_terms(first, second):
        raise NotApplicableError("asked twice, its loss gives two values")
    return second


def begun(
    subject: ObjectiveSubject,
    seed: int = SEED,
    device: torch.device = CPU,
    precision: torch.dtype = torch.float32,
) -> StartedObjective:
    """Return a trial in its first epoch; raise :class:`NotApplicableError` where that fails (``starts`` says why)."""
    try:
        trial = StartedObjective(subject, seed, device, precision)
        with seeded(SEED):
            trial.begin_epoch()
    except Exception as error:
        raise NotApplicableError(f"it does not get so far ({type(error).__name__}: {error})") from error
    return trial


def made_sure(outputs: Outputs, places: int) -> Outputs:
    """Return outputs whose logits give the class so many places behind the label the probability 1, in float32."""
    classes = outputs.logits.shape[-1]
    wanted = nn.functional.one_hot((outputs.labels + places) % classes, classes)
    return replace(outputs, logits=outputs.logits + _SURE * wanted.to(outputs.logits.dtype))


class ToyStep:
    """One optimisation step on the whole toy split, as an objective sees it.

    ``encoder`` maps the toy representations (n, dim) to (n, dim).
    """

    def __init__(self, trial: StartedObjective, encoder: nn.Module, rng: Random) -> None:
        self.batch: Sequence[Example] = trial.view().examples
        self.rng = rng
        self._trial = trial
        self._encoder = encoder

    def outputs(self) -> Outputs:
        """Encode the batch with the parameters as they are now."""
        return self._trial.outputs(self._encoder(self._trial.z))

    def backward(self, terms: Mapping[str, Tensor]) -> None:
        """Add the gradient of the sum of the terms."""
        backward(well_formed(terms))

    def parameters(self, group: str) -> list[nn.Parameter]:
        """Return the trained parameters of a group; any but ``head`` are all of the encoder's."""
        every = self._trial.parameters().values() if group == "head" else self._encoder.parameters()
        return [parameter for parameter in each_once(every) if parameter.requires_grad]


def train(trial: StartedObjective, encoder: nn.Module, steps: int, rate: float = 0.02) -> None:
    """Make steps down the loss, with the hooks of a training."""
    # A head may hold the projection of its objective.
    parameters = each_once([*encoder.parameters(), *trial.objective.parameters(), *trial.head.parameters()])
    optimizer = torch.optim.Adam([parameter for parameter in parameters if parameter.requires_grad], lr=rate)
    with seeded(SEED):
        for number in range(steps):
            optimizer.zero_grad()
            trial.objective.step(ToyStep(trial, encoder, Random(number)))
            optimizer.step()
            trial.objective.after_step()


def toy_encoder(trial: StartedObjective) -> nn.Module:
    """Return a stand-in for an encoder: a linear map that changes nothing yet."""
    encoder = nn.Linear(trial.task.dim, trial.task.dim).to(trial.z.device)
    nn.init.eye_(encoder.weight)
    nn.init.zeros_(encoder.bias)
    return encoder


def sum_of(terms: Mapping[str, Tensor]) -> Tensor:
    """Return the sum that training minimises, in float32."""
    return torch.stack([term.float() for term in terms.values()]).sum()


def backward(terms: Mapping[str, Tensor]) -> None:
    """Send gradients of the sum back, where there is something that trains."""
    total = sum_of(terms)
    if total.requires_grad:
        torch.autograd.backward(total)


def well_formed(terms: Any) -> Terms:
    """Return named scalars as they are; raise :class:`NotApplicableError` for anything else (``terms`` says why)."""
    fault = fault_of(terms)
    if fault:
        raise NotApplicableError(f"its loss is none: {fault}")
    return dict(terms)


def fault_of(terms: Any) -> str:
    """Describe the fault in a loss's form; nothing where it is right."""
    if not isinstance(terms, Mapping):
        return f"it is a {type(terms).__name__}, no mapping of names to scalars"
    if not terms:
        return "it holds no term"
    for name, term in terms.items():
        if not isinstance(term, Tensor):
            return f"the term {name} is a {type(term).__name__}, no tensor"
        if term.ndim:
            return f"the term {name} is not a scalar, its shape is {tuple(term.shape)}"
    return ""


def changes(before: Terms, after: Terms) -> Iterator[tuple[str, float]]:
    """Yield each term and by how much it is another one: of the larger of 1 and the term."""
    for name, term in before.items():
        yield name, float(((term - after[name]).abs() / term.abs().clamp(min=1.0)).detach())
