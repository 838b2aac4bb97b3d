"""Checks of a backbone's states: their independence, that they train, and that they can be stored."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import save_file

from erc_bench.contracts.encoder import TokenRow
from erc_bench.testing.backbones.backbone_runs import TEXTS, BackboneSubject, evaluated, rows_of, states_of
from erc_bench.testing.checkpoints import size_of, take_over, written_and_read
from erc_bench.testing.devices import CPU, cuda, distance
from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.seeded_generators import seeded

_TOLERANCE = 1e-4
_BF16_TOLERANCE = 0.05
_CUDA_TOLERANCE = 1e-3
_NOISE = 0.01


def _padding(subject: BackboneSubject) -> str:
    loaded = subject.loaded
    rows = rows_of(loaded)
    alone = torch.cat([evaluated(loaded, [row]) for row in rows])
    change = distance(alone, evaluated(loaded, rows))
    assert change <= _TOLERANCE, f"states change by {change:.1e} when a row is padded"
    return f"largest change {change:.1e} of the states of {len(rows)} rows, alone and padded to the longest"


def _neighbours(subject: BackboneSubject) -> str:
    loaded = subject.loaded
    # Cut to one length, so that nothing is padded.
    first, *others = sorted(rows_of(loaded, [text for text in TEXTS if text]), key=lambda row: len(row.ids))
    length = len(first.ids)
    beside = [TokenRow(list(row.ids)[:length], range(length)) for row in others]
    with torch.no_grad():
        alone = states_of(loaded, [first])[0]
        change = max(distance(alone, states_of(loaded, [first, other])[0]) for other in beside)
    assert change <= _TOLERANCE, f"states change by {change:.1e} with the other rows of the batch"
    return f"largest change {change:.1e} of a row beside {len(beside)} others"


def _deterministic(subject: BackboneSubject) -> str:
    loaded = subject.loaded
    found = []
    for seed in (0, 1):
        with seeded(seed):
            found.append(evaluated(loaded))
    assert torch.equal(*found), "two passes in evaluation mode differ"
    return f"two passes give the states of {len(found[0])} tokens to the last bit"


def _gradient(subject: BackboneSubject) -> str:
    model = deepcopy(subject.loaded.model).requires_grad_(requires_grad=True)
    loaded = replace(subject.loaded, model=model)
    torch.autograd.backward(torch.cat(states_of(loaded, rows_of(loaded))).square().sum())
    reached = [name for name, parameter in model.named_parameters() if parameter.grad is not None]
    total = len(list(model.parameters()))
    assert reached, "no gradient reaches its parameters, so that it cannot be fine-tuned"
    finite = all(
        bool(parameter.grad.isfinite().all()) for parameter in model.parameters() if parameter.grad is not None
    )
    assert finite, "a gradient is not finite"
    return f"the gradient of a loss on the states reaches {len(reached)} of {total} parameters"


def _bf16(subject: BackboneSubject) -> str:
    loaded = subject.loaded
    exact = evaluated(loaded)
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = evaluated(loaded).float()
        change, finite = distance(exact, rounded), bool(rounded.isfinite().all())
    except RuntimeError as error:
        if loaded.bf16_safe:
            raise AssertionError(f"it says that it is safe in bfloat16, and fails there: {error}") from error
        return f"it says that it is not safe in bfloat16, and fails there{subject.place}"
    if not loaded.bf16_safe:
        return f"it says that it is not safe in bfloat16; states differ by {change:.1e} there{subject.place}"
    assert finite, "it says that it is safe in bfloat16, and a state is not finite there"
    close = change <= _BF16_TOLERANCE
    assert close, f"it says that it is safe in bfloat16, and states differ by {change:.1e} from float32"
    return f"states differ by {change:.1e} from float32, {_BF16_TOLERANCE} is allowed{subject.place}"


def _cuda(subject: BackboneSubject) -> str:
    device = cuda()
    loaded = subject.loaded
    rows = rows_of(loaded)[:1]
    here = evaluated(loaded, rows)
    ids = torch.tensor([list(rows[0].ids)], device=device)
    try:
        with torch.no_grad():
            there = loaded.model.to(device)(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
    finally:
        loaded.model.to(CPU)
    change = distance(here, there)
    assert change <= _CUDA_TOLERANCE, f"states on CUDA differ by {change:.1e}"
    return f"largest difference {change:.1e} from the CPU{subject.place}"


def _state(subject: BackboneSubject) -> str:
    loaded = subject.loaded
    state = written_and_read(loaded.model, "the model")
    other = replace(loaded, model=deepcopy(loaded.model))
    with torch.no_grad():
        for parameter in other.model.parameters():
            parameter.add_(_NOISE)
    take_over(other.model, state)
    change = distance(evaluated(loaded), evaluated(other))
    assert not change, f"a model that took over the state_dict gives other states, by {change:.1e}"
    return f"{size_of(state)} through safetensors give the same states to the last bit"


def _saved(subject: BackboneSubject) -> str:
    if not subject.component.can_be_saved():
        raise NotApplicableError("it has no load_saved: `run --save-model` refuses it")
    model = deepcopy(subject.loaded.model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1 + _NOISE)
    trained = replace(subject.loaded, model=model)
    with TemporaryDirectory(prefix="erc-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        trained.tokenizer.save_pretrained(folder)
        model.config.save_pretrained(folder)
        tensors = {key: value.contiguous().clone() for key, value in model.state_dict().items()}
        save_file(tensors, folder / "model.safetensors")
        opened = subject.component(subject.options).load_saved(folder)
        opened.model.load_state_dict(tensors)
        change = distance(evaluated(trained), evaluated(opened))
    assert not change, f"a saved model gives other states, by {change:.1e}"
    return f"a changed model, saved and opened, gives the same states to the last bit{subject.place}"


STATE_CHECKS: tuple[Check[BackboneSubject], ...] = (
    Check(
        "deterministic",
        "Two passes in evaluation mode under two states of the global generators.",
        "Dropout in frozen features is noise that no seed names.",
        _deterministic,
    ),
    Check(
        "padding",
        "Rows are encoded alone and padded to the longest.",
        "An attention mask that is not obeyed makes states depend on the longest row of the batch.",
        _padding,
    ),
    Check(
        "neighbours",
        "A row is encoded alone and beside others of its length.",
        "A model that mixes the rows of a batch mixes dialogues.",
        _neighbours,
    ),
    Check(
        "gradient",
        "A loss on the states is followed back to the parameters.",
        "A model that was loaded for inference trains nothing, and the record says that it was fine-tuned.",
        _gradient,
    ),
    Check(
        "bf16",
        "The same rows under bfloat16 autocast and in float32.",
        "DeBERTa's attention yields a mask of zeros in half precision: what it says decides what a GPU runs.",
        _bf16,
    ),
    Check(
        "cuda",
        "States on a CUDA device are compared with those on the CPU.",
        "A buffer that stays on the CPU ends the run on a GPU.",
        _cuda,
    ),
    Check(
        "state",
        "Its weights go through safetensors into a copy with other weights.",
        "The chosen epoch is restored from them, and a saved model must answer as the one that was evaluated.",
        _state,
    ),
    Check(
        "saved",
        "A model with changed weights is written as `run --save-model` writes it, and opened by load_saved.",
        "A trained model that opens as the untrained one answers with the emotions of nobody.",
        _saved,
    ),
)
