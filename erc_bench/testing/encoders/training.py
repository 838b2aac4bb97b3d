"""Checks that an encoder trains and can be stored: groups, gradients, precision, devices, state."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import torch
from torch import nn

from erc_bench.contracts.encoder import Encoder
from erc_bench.contracts.language_models import MAIN
from erc_bench.testing.checkpoints import size_of, take_over, written_and_read
from erc_bench.testing.devices import CPU, cuda
from erc_bench.testing.encoders.encoder_runs import (
    SEED,
    EncoderSubject,
    Represented,
    begun,
    built,
    examples_of,
    largest_change,
    must_be_same,
    reading_by_backbone,
    represent,
    run_rows,
)
from erc_bench.testing.findings import Check, NotApplicableError

_BF16_TOLERANCE = 0.05
"""Of the largest component: bfloat16 keeps eight bits."""
_CUDA_TOLERANCE = 1e-3
_NOISE = 0.01


def _groups(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    groups = encoder.parameter_groups()
    assert "encoder" in groups, "parameter_groups has no group 'encoder'"
    grouped = {id(parameter) for parameter in groups["encoder"]}
    backbone = [parameter for model in encoder.models().values() for parameter in model.parameters()]
    known = all(id(parameter) in grouped for parameter in backbone)
    assert known, "parameters of its language models are not in the group 'encoder'"
    own = [p for p in encoder.parameters() if id(p) not in {id(parameter) for parameter in backbone}]
    return f"{len(backbone)} parameters of the backbone in the group 'encoder', {len(own)} of its own"


def _gradient(subject: EncoderSubject) -> str:
    encoder = reading_by_backbone(subject)
    told = [_gradient_reaches(encoder, role, list(model.parameters())) for role, model in encoder.models().items()]
    return f"the gradient of a loss on z reaches {' and '.join(told)}"


def _gradient_reaches(encoder: Encoder, role: str, parameters: list[nn.Parameter]) -> str:
    what = "the backbone" if role == MAIN else f"the language model {role!r}"
    needed = [parameter.requires_grad for parameter in parameters]
    try:
        for parameter in parameters:
            parameter.requires_grad_(True)
        reached = _reached(encoder, parameters)
        assert reached, f"no gradient reaches {what}"
        return f"{reached} of {len(parameters)} parameters of {what}"
    finally:
        for parameter, need in zip(parameters, needed, strict=True):
            parameter.requires_grad_(need).grad = None


def _bf16(subject: EncoderSubject) -> str:
    if not subject.backbone.bf16_safe:
        raise NotApplicableError("the backbone says that it is not safe in bfloat16")
    encoder = reading_by_backbone(subject)
    exact, rounded = _with(encoder, torch.float32), _with(encoder, torch.bfloat16)
    finite = all(bool(z.isfinite().all()) for z in rounded.values())
    assert finite, "a representation is not finite where the backbone runs in bfloat16"
    change, where = largest_change(exact, rounded)
    assert change <= _BF16_TOLERANCE, f"a representation differs by {change:.1e} in bfloat16 ({where})"
    return f"largest difference {change:.1e} from float32, {_BF16_TOLERANCE} is allowed"


def _cuda(subject: EncoderSubject) -> str:
    device = cuda()
    encoder = begun(subject)
    here = _with(encoder, torch.float32)
    try:
        there = _with(encoder.to(device), torch.float32, device)
    finally:
        encoder.to(CPU)
    change, where = largest_change(here, there)
    assert change <= _CUDA_TOLERANCE, f"a representation on CUDA differs by {change:.1e} ({where})"
    return f"largest difference {change:.1e} from the CPU"


def _state(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    state = written_and_read(encoder, "the encoder")
    copy = replace(subject.backbone, model=deepcopy(subject.backbone.model))
    other = built(subject.component, subject.options, copy, seed=SEED + 1)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(_NOISE)
    take_over(other, state)
    before, after = (represent(each, examples_of(each)) for each in (encoder, other))
    sentence = "a fresh encoder that took over the state_dict gives another representation"
    return f"{size_of(state)} through safetensors; largest change {must_be_same(before, after, sentence):.1e}"


def _kept(subject: EncoderSubject) -> str:
    before = {name: tensor.clone() for name, tensor in subject.backbone.model.state_dict().items()}
    encoder = begun(subject)
    represent(encoder, examples_of(encoder))
    after = subject.backbone.model.state_dict()
    changed = [name for name, tensor in before.items() if name not in after or not torch.equal(after[name], tensor)]
    assert not changed, f"a pass changes {changed[0]} of the backbone"
    return f"{len(before)} tensors of the backbone are the same to the last bit"


def _reached(encoder: Encoder, backbone: Sequence[nn.Parameter]) -> int:
    examples = examples_of(encoder)
    found = run_rows(encoder, examples, [encoder.rows(example) for example in examples])
    loss = torch.stack(list(found.values())).square().sum()
    if loss.requires_grad:
        torch.autograd.backward(loss)
    return sum(parameter.grad is not None and bool(parameter.grad.any()) for parameter in backbone)


def _with(encoder: Encoder, precision: torch.dtype, device: torch.device = CPU) -> Represented:
    examples = examples_of(encoder)
    rows = [encoder.rows(example) for example in examples]
    with torch.no_grad():
        return run_rows(encoder, examples, rows, precision=precision, device=device)


TRAINING_CHECKS: tuple[Check[EncoderSubject], ...] = (
    Check(
        "parameter groups",
        "The groups of its parameters are read.",
        "A backbone that trains at the head's rate (EACL's is forty times as high) is destroyed in a few steps.",
        _groups,
    ),
    Check(
        "gradient",
        "A loss on the representations of all targets is followed back to the backbone.",
        "Without it nothing is fine-tuned, and the table still says so.",
        _gradient,
    ),
    Check(
        "bf16",
        "The backbone runs in bfloat16 and in float32.",
        "Runs in bfloat16 where the hardware has it: a result must not hang on that.",
        _bf16,
    ),
    Check(
        "cuda",
        "Representations on a CUDA device are compared with those on the CPU.",
        "A tensor that is made on the CPU ends the run on a GPU.",
        _cuda,
    ),
    Check(
        "state",
        "Its state goes through safetensors into a fresh encoder with other weights.",
        "The chosen epoch is restored from it: what is missing belongs to the last epoch.",
        _state,
    ),
    Check(
        "backbone kept",
        "The backbone is compared before and after an encoder was put around it and made a pass.",
        "A frozen backbone is shared by all methods of a grid: who changes it changes the others' features.",
        _kept,
    ),
)
