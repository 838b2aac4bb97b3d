"""Checks of an objective's values: named finite scalars, in both precisions, on awkward batches, with every option."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from erc_bench.contracts.objective import Objective
from erc_bench.contracts.task import Outputs
from erc_bench.testing.devices import CPU, cuda, distance
from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.objectives.started_objective import (
    SEED,
    ObjectiveSubject,
    StartedObjective,
    Terms,
    backward,
    begun,
    fault_of,
    made_sure,
    steady_terms,
)
from erc_bench.testing.option_bounds import options_run
from erc_bench.testing.seeded_generators import seeded
from erc_bench.testing.toy import toy_labels, toy_representations

_BF16_TOLERANCE = 0.1
"""Of the larger of 1 and the term: bfloat16 keeps eight bits, which a temperature of .07 magnifies."""
_CUDA_TOLERANCE = 1e-3
_TOLERANCE = 1e-4
_SURE = {"logits that are sure and right": 0, "logits that are sure and wrong": 1}
_BATCH_NORM = "Expected more than 1 value per channel"


def _starts(subject: ObjectiveSubject) -> str:
    trial = StartedObjective(subject)
    selected = trial.begin_epoch()
    examples = len(trial.labels)
    known = selected is None or set(selected) <= set(range(examples))
    assert known, f"select returns indices that are none of the {examples} examples of train"
    return f"it trains on {'all' if selected is None else len(set(selected))} of {examples} examples of the first epoch"


def _terms(subject: ObjectiveSubject) -> str:
    trial = begun(subject)
    terms = trial.objective.loss(trial.outputs())
    fault = fault_of(terms)
    assert not fault, f"what loss returns is wrong: {fault}"
    return f"the terms are {_shown(terms)}"


def _usual(subject: ObjectiveSubject) -> str:
    told = _on_batch(toy_labels(), subject)
    for what, shift in _SURE.items():
        _finite(begun(subject), toy_labels(), what, shift)
    return f"{told}, those of very sure logits too"


def _on_batch(labels: Tensor, subject: ObjectiveSubject) -> str:
    return _finite(begun(subject), labels)


def _bf16(subject: ObjectiveSubject) -> str:
    exact = begun(subject).terms()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = begun(subject).terms()
        measured = _finite(begun(subject), toy_labels())
    far = {name: _relative(exact[name], rounded[name]) for name in exact.keys() & rounded.keys()}
    worst = max(far, key=lambda name: far[name])
    close = far[worst] <= _BF16_TOLERANCE
    assert close, (
        f"the term {worst} is {rounded[worst]:.3g} in bfloat16 and {exact[worst]:.3g} in float32: "
        "compute it in float32 (torch.autocast(enabled=False))"
    )
    return f"{measured}; largest difference from float32 {far[worst]:.1e} of the term"


def _float64(subject: ObjectiveSubject) -> str:
    exact = steady_terms(begun(subject))
    if not all(term.isfinite() for term in exact.values()):
        raise NotApplicableError("a term is not finite in float32 either")
    try:
        wide = StartedObjective(subject, precision=torch.float64)
        with seeded(SEED):
            wide.begin_epoch()
        terms = wide.terms()
        backward(terms)
    except RuntimeError as error:
        raise AssertionError(
            f"on representations in float64 it ends in an error ({error}): keep the precision that is handed over "
            "(new_zeros, .to(z), erc.at_least_float32) instead of asking for float32"
        ) from error
    far = max(_relative(term.double(), terms[name].double()) for name, term in exact.items())
    assert far <= _TOLERANCE, f"a term in float64 differs from that in float32 by {far:.1e} of it"
    return f"largest difference from float32 {far:.1e} of a term"


def _cuda(subject: ObjectiveSubject) -> str:
    device = cuda()
    there = begun(subject, device=device)
    measured = _finite(there, there.labels)
    # Weights are drawn on each device by a generator of its own: only what takes over the state is comparable.
    here = begun(subject)
    there.objective.load_state_dict(here.objective.state_dict())
    there.head.load_state_dict(here.head.state_dict())
    far = max(_relative(term, there.terms()[name].to(CPU)) for name, term in here.terms().items())
    assert far <= _CUDA_TOLERANCE, f"a term on CUDA differs from that on the CPU by {far:.1e}"
    return f"{measured}; largest difference from the CPU {far:.1e}"


def _anchors(subject: ObjectiveSubject) -> str:
    if not subject.component.has_anchors():
        raise NotApplicableError("it has no anchors")
    trial = begun(subject)
    anchors, projected = trial.objective.anchors(), trial.objective.project(trial.z)
    assert anchors is not None, "it overrides anchors, which returns None: classifiers would have nothing to read"
    expected = (trial.task.classes, projected.shape[1])
    assert anchors.shape == expected, f"anchors have the shape {tuple(anchors.shape)}, expected {expected}"
    assert anchors.isfinite().all(), "an anchor is not finite"
    return f"{expected[0]} finite anchors of {expected[1]} numbers"


def _one_pass(subject: ObjectiveSubject) -> str:
    if subject.component.project_with_anchors is Objective.project_with_anchors:
        raise NotApplicableError("it computes both apart")
    trial = begun(subject)
    expected = trial.objective.project(trial.z), trial.objective.anchors()
    projected, anchors = trial.objective.project_with_anchors(trial.z)
    change = distance(expected[0], projected)
    if expected[1] is not None and anchors is not None:
        change = max(change, distance(expected[1], anchors))
    same = change <= _TOLERANCE and (expected[1] is None) == (anchors is None)
    assert same, f"project_with_anchors gives something else than project and anchors, by {change:.1e}"
    return f"largest difference {change:.1e} from project and anchors"


def _head(subject: ObjectiveSubject) -> str:
    trial = begun(subject)
    logits = trial.head(trial.z)
    expected = (len(trial.z), trial.task.classes)
    assert logits.shape == expected, f"the head gives the shape {tuple(logits.shape)}, expected {expected}"
    assert logits.isfinite().all(), "the head gives logits that are not finite"
    return f"logits of {len(trial.z)} utterances and {trial.task.classes} classes"


def _options_run(subject: ObjectiveSubject) -> str:
    def try_out(options: Any, changed: str) -> None:
        for what, shift in {"": None, **_SURE}.items():
            trial = StartedObjective(replace(subject, options=options))
            trial.begin_epoch()
            _finite(trial, toy_labels(), f"with {changed}" + (f" and {what}" if what else ""), shift)

    return options_run(subject.component.Options, subject.options, try_out)


def _finite(trial: StartedObjective, labels: Tensor, where: str = "", sure: int | None = None) -> str:
    """Return the loss in words; raise ``AssertionError`` where it, or a gradient, is not finite.

    ``sure`` adds to the logits so much that the class so many places behind the label has probability 1.
    """
    where = f"{where} " if where else ""
    z = toy_representations(labels.cpu()).to(trial.z.device).requires_grad_()
    outputs = _encoded(trial, z, labels.to(trial.z.device))
    terms = trial.terms_of(outputs if sure is None else made_sure(outputs, sure))
    for name, term in terms.items():
        assert term.isfinite(), f"{where}the term {name} is {term.item()}"
    backward(terms)
    gradients = {"the representations": z, **trial.parameters()}
    for name, parameter in gradients.items():
        finite = parameter.grad is None or bool(parameter.grad.isfinite().all())
        assert finite, f"{where}the gradient of {name} is not finite"
    return f"the terms are {_shown(terms)}, all gradients finite"


def _encoded(trial: StartedObjective, z: Tensor, labels: Tensor) -> Outputs:
    try:
        return trial.outputs(z, labels)
    except ValueError as error:
        if _BATCH_NORM not in str(error):
            raise
        raise AssertionError(
            f"its batch normalisation cannot read a batch of {len(labels)}: take nn.LayerNorm, which reads each "
            "utterance alone, or leave it out there"
        ) from error


def _shown(terms: Terms) -> str:
    return ", ".join(f"{name} {float(term.detach()):.4g}" for name, term in terms.items())


def _relative(exact: Tensor, other: Tensor) -> float:
    return float(((exact - other).abs() / exact.abs().clamp(min=1.0)).detach())


VALUE_CHECKS: tuple[Check[ObjectiveSubject], ...] = (
    Check(
        "starts",
        "It is started on a task of four classes and begins an epoch of 32 examples, of which it may select some.",
        "An index that is not an example of train would train on something else than what the record says.",
        _starts,
    ),
    Check(
        "terms",
        "Its loss on an ordinary batch is read.",
        "Terms are logged by name and summed: a term without a name, or one that is not a number, cannot be.",
        _terms,
    ),
    Check(
        "finite",
        "Loss and gradients in float32 on a batch of 32 with all four classes, also with logits that are very sure, "
        "right and wrong.",
        "A NaN spoils every weight at once, and the run is lost: late in a training p is 1, and 1 - p is 0.",
        _usual,
    ),
    Check(
        "batch of one",
        "Loss and gradients on a batch of one utterance.",
        "The last batch of an epoch may hold a single one; dropping it silently would change the training data.",
        partial(_on_batch, toy_labels(1)),
    ),
    Check(
        "one class",
        "Loss and gradients on six utterances of the same class.",
        "Contrastive denominators without negatives are empty: LaCon's label-centred loss is undefined there.",
        partial(_on_batch, toy_labels(6, classes=(2,))),
    ),
    Check(
        "missing class",
        "Loss and gradients on twelve utterances without the third class.",
        "Rare emotions are absent from most batches: EACL's code then counts a constant of 18.4 for each such anchor.",
        partial(_on_batch, toy_labels(12, classes=(0, 1, 3))),
    ),
    Check(
        "no pair",
        "Loss and gradients on three utterances of three classes.",
        "Without two of a class there is no positive, and a mean over none is NaN.",
        partial(_on_batch, toy_labels(3)),
    ),
    Check(
        "bf16",
        "Loss and gradients under bfloat16 autocast, compared with float32.",
        "A loss that overflows or loses its digits there gives other results on a GPU than on a laptop.",
        _bf16,
    ),
    Check(
        "float64",
        "Loss and gradients on representations in float64, compared with float32.",
        "On a frozen backbone everything beside it computes in float64, so that numbers do not hang on the processor.",
        _float64,
    ),
    Check(
        "cuda",
        "Loss and gradients on a CUDA device, compared with the CPU.",
        "A tensor that is made on the CPU inside a loss ends the run on a GPU.",
        _cuda,
    ),
    Check(
        "anchors",
        "The shape of the anchors is compared with that of the projected representations.",
        "Anchors of another space or another order than the labels make every cosine classifier wrong.",
        _anchors,
    ),
    Check(
        "one pass",
        "What it computes in one pass is compared with `project` and `anchors`.",
        "Training would compare in one space, and classifiers in another.",
        _one_pass,
    ),
    Check(
        "head",
        "The head that it makes is applied to 32 representations.",
        "A head of another width than the labels scores classes that are not there.",
        _head,
    ),
    Check(
        "options run",
        "Every choice and every bound that an option admits, and numbers between them, are tried, the others at their "
        "values; loss and gradients, also with logits that are very sure.",
        "A search tries the edges of what is declared, and a paper's ablation sets a weight to 0.",
        _options_run,
    ),
)
