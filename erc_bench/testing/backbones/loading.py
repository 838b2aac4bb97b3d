"""Checks that a backbone loads: tokenizer and model, without network, twice the same, with each attention."""

from __future__ import annotations

from typing import Any

import torch

from erc_bench.testing.backbones.backbone_runs import BackboneSubject, evaluated, rows_of
from erc_bench.testing.devices import distance
from erc_bench.testing.findings import Check, NotApplicableError

_ATTENTION_TOLERANCE = 1e-3


def _loads(subject: BackboneSubject) -> str:
    loaded = subject.load()
    model, tokenizer = loaded.model, loaded.tokenizer
    odd = [name for name, parameter in model.named_parameters() if parameter.dtype != torch.float32]
    assert not odd, f"the parameter {odd[0]} is not float32"
    away = [name for name, parameter in model.named_parameters() if parameter.device.type != "cpu"]
    assert not away, f"the parameter {away[0]} is not on the CPU"
    assert not model.training, "the model comes in training mode: its dropout would be part of frozen features"
    vocabulary = model.get_input_embeddings().num_embeddings
    assert len(tokenizer) <= vocabulary, f"the tokenizer has {len(tokenizer)} tokens, the model only {vocabulary}"
    assert tokenizer.pad_token_id is not None, "the tokenizer has no padding token, so that rows cannot be batched"
    numbers = sum(parameter.numel() for parameter in model.parameters())
    return f"{type(model).__name__} of {numbers:,} numbers, {len(tokenizer)} tokens{subject.place}"


def _offline(subject: BackboneSubject) -> str:
    assert subject.loaded is not None
    tried = subject.connections
    assert not tried, f"it tries to reach the network ({tried[0] or 'a connection'}) though its files are here"
    return f"loaded without any attempt to reach the network{subject.place}"


def _twice(subject: BackboneSubject) -> str:
    first, second = subject.loaded, subject.load()
    states = second.model.state_dict()
    for name, tensor in first.model.state_dict().items():
        same = name in states and torch.equal(tensor, states[name])
        assert same, f"{name} is another one in a second load: its weights are random"
    change = distance(evaluated(first), evaluated(second))
    assert not change, f"two loads give other states, by {change:.1e}"
    return f"{len(states)} tensors and the states of {len(rows_of(first))} rows are the same to the last bit"


def _attention(subject: BackboneSubject) -> str:
    loaded = subject.loaded
    kinds = subject.component.attention
    assert kinds, "it declares no kind of attention"
    used: Any = getattr(loaded.model.config, "_attn_implementation", None)
    if used is None:
        raise NotApplicableError("its model does not say which attention it uses")
    preferred, tried = evaluated(loaded), {}
    for kind in kinds:
        variant = type(subject.component.__name__, (subject.component,), {"attention": (kind,)})
        other = subject.load(variant)
        # An architecture that does not offer a kind takes another one, which must be declared as well.
        found = other.model.config._attn_implementation
        assert found in kinds, f"it declares {', '.join(kinds)}, and with {kind!r} alone its model uses {found!r}"
        tried[kind] = found, distance(preferred, evaluated(other))
    largest = max(change for _, change in tried.values())
    assert largest <= _ATTENTION_TOLERANCE, f"two kinds of attention give other states, by {largest:.1e}"
    told = ", ".join(kind if kind == found else f"{kind} (not offered: {found})" for kind, (found, _) in tried.items())
    return f"{told}: largest difference {largest:.1e}{subject.place}"


LOADING_CHECKS: tuple[Check[BackboneSubject], ...] = (
    Check(
        "loads",
        "Tokenizer and model are loaded and looked at.",
        "Half precision, training mode or the tokenizer of another model make every later number a little wrong.",
        _loads,
    ),
    Check(
        "offline",
        "The network is refused while it loads from files that are here.",
        "Clusters have no network on their nodes, and a silent download changes the weights under a stored name.",
        _offline,
    ),
    Check(
        "twice",
        "It is loaded twice; weights and states are compared.",
        "Layers that a checkpoint lacks are drawn at random: another backbone for every run, under one name.",
        _twice,
    ),
    Check(
        "attention",
        "It is loaded with each kind of attention that it declares, and encodes the same rows.",
        "DeBERTa has no sdpa attention: a declared kind that is replaced in silence times and rounds otherwise.",
        _attention,
    ),
)
