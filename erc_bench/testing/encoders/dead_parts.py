"""Checks that nothing of an encoder is idle: each of its own weights gets a gradient, each option changes something."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from erc_bench.contracts.encoder import Encoded, Encoder
from erc_bench.contracts.language_models import backbone_option
from erc_bench.contracts.options import OptionSpec, specs
from erc_bench.errors import ErcBenchError
from erc_bench.testing.dialogues import toy_dialogues
from erc_bench.testing.encoders.encoder_runs import (
    EncoderSubject,
    ExampleStates,
    begun,
    built,
    encoded_of,
    examples_of,
    states_of,
)
from erc_bench.testing.findings import Check, NotApplicableError
from erc_bench.testing.option_bounds import values_between, values_within
from erc_bench.testing.seeded_generators import seeded
from erc_bench.testing.tiny import tiny_backbone

_BART = {"model_type": "bart"}
_STEPS = 3
"""Steps in which a weight may get its first gradient: a gate that is drawn as 0 hides what is behind it at first."""
_RATE = 0.02
_NOISE = 0.05


def _weights(subject: EncoderSubject) -> str:
    encoder = begun(subject)
    own = _own_weights(encoder)
    if not own:
        raise NotApplicableError("it has no weights beside those of its language models")
    reached = _reached(encoder, own)
    idle = [name for name in own if name not in reached]
    dead, told = list(idle), []
    for changed in _single_changes(subject) if idle else ():
        other = _built(subject, changed)
        found = set() if other is None else _reached(other, _own_weights(other)) & set(dead)
        dead = [name for name in dead if name not in found]
        ((option, value),) = changed.items()
        told += [f"{name} gets one with {option}={value}" for name in sorted(found)]
        if not dead:
            break
    assert not dead, (
        f"no gradient of z, logits or terms ever reaches {', '.join(dead)}, whatever the options are: it stays as it "
        "was drawn; leave it out, or lead it to what is trained"
    )
    return "; ".join([f"a gradient reaches {len(own) - len(idle)} of its {len(own)} weights", *told])


def _own_weights(encoder: Encoder) -> dict[str, nn.Parameter]:
    of_models = {id(parameter) for model in encoder.models().values() for parameter in model.parameters()}
    return {name: p for name, p in encoder.named_parameters() if id(p) not in of_models and p.requires_grad}


def _reached(encoder: Encoder, own: dict[str, nn.Parameter]) -> set[str]:
    """Return the names of the weights that get a gradient other than 0 in a few steps down a random loss."""
    examples = examples_of(encoder)
    with torch.no_grad():
        states = states_of(encoder, [encoder.rows(example) for example in examples])
    optimiser = torch.optim.Adam(own.values(), lr=_RATE)
    reached: set[str] = set()
    encoder.train()
    for step in range(_STEPS):
        optimiser.zero_grad()
        with seeded(step):
            encoded = encoded_of(encoder, examples, states)
            total = torch.stack([(each * torch.randn_like(each)).sum() for each in _given(encoded)]).sum()
        if not total.requires_grad:
            break
        torch.autograd.backward(total, inputs=list(own.values()))
        reached |= {name for name, p in own.items() if p.grad is not None and bool(p.grad.any())}
        if len(reached) == len(own):
            break
        optimiser.step()
    encoder.eval()
    return reached


def _given(encoded: Encoded) -> list[Tensor]:
    """Return all that an encoder gives to head, objective and loss."""
    logits = [] if encoded.logits is None else [encoded.logits]
    return [encoded.z, *logits, *encoded.terms.values(), *encoded.extras.values()]


def _options(subject: EncoderSubject) -> str:
    own = _own_options(subject)
    if not own:
        raise NotApplicableError("it has no options of its own")
    begun(subject)
    effects = _Effects(subject)
    dead = [name for name in own if not effects.has_any(name)]
    if dead:
        # What only an encoder with a decoder shows, as the writing of the next turn.
        with_decoder = _Effects(replace(subject, backbone=tiny_backbone(_BART)))
        dead = [name for name in dead if not with_decoder.has_any(name)]
    if dead and (files := _unnamed_files(subject)):
        alive = len(own) - len(dead)
        return f"{alive} of its {len(own)} options change something; {', '.join(dead)} may, where {files} names a file"
    assert not dead, (
        f"the option {', '.join(dead)} changes nothing: neither examples and token rows nor representations and terms, "
        "in training or outside of it, whatever the others are"
    )
    return f"each of its {len(own)} options changes examples, token rows, representations or terms"


def _unnamed_files(subject: EncoderSubject) -> str:
    """Name the options whose files are read with other options alone, and are not given: those cannot be tried."""
    found = [
        name
        for name, spec in _own_options(subject).items()
        if spec.is_file and spec.declared.read_with and not getattr(subject.options, name)
    ]
    return " and ".join(found)


def _own_options(subject: EncoderSubject) -> dict[str, OptionSpec]:
    """Return the options that the core does not read: it is told whether a language model trains, and which it is."""
    roles = subject.component.language_models
    by_core = {"trainable", *roles, *map(backbone_option, roles)}
    return {name: spec for name, spec in specs(subject.component.Options).items() if name not in by_core}


def _single_changes(subject: EncoderSubject) -> Iterator[dict[str, Any]]:
    for name, spec in _own_options(subject).items():
        for value in _other_values(spec, getattr(subject.options, name)):
            yield {name: value}


def _other_values(spec: OptionSpec, given: Any) -> Iterator[Any]:
    """Yield values that an option admits, other than the given one: a few more, then those at its edges."""
    tried = [*values_between(spec, given), *values_within(spec)]
    if isinstance(given, int) and not isinstance(given, bool):
        tried = [given + 1, 2 * given, *tried]
    for value in dict.fromkeys(tried):
        if value != given and _admits(spec, value):
            yield value


def _admits(spec: OptionSpec, value: Any) -> bool:
    try:
        spec.convert(value)
    except ValueError:
        return False
    return True


def _built(subject: EncoderSubject, changed: Mapping[str, Any]) -> Encoder | None:
    """Return the encoder with changed options; ``None`` where it refuses them."""
    try:
        return built(subject.component, dataclasses.replace(subject.options, **changed), subject.backbone)
    except ErcBenchError:
        return None


class _Effects:
    """What an encoder does with other options; what its language models make of the same rows is computed once."""

    def __init__(self, subject: EncoderSubject) -> None:
        self._subject = subject
        self._declared = _own_options(subject)
        self._states: dict[str, list[ExampleStates]] = {}
        self._known: dict[str, _Effect | None] = {}

    def has_any(self, name: str) -> bool:
        """Whether an option has an effect with the others as they are, or beside another value of one of them."""
        values = list(_other_values(self._declared[name], getattr(self._subject.options, name)))
        for others in ({}, *(each for each in _single_changes(self._subject) if name not in each)):
            before = self._of(others)
            if before is not None and any(_differ(before, self._of({**others, name: value})) for value in values):
                return True
        # Of a text that may be anything no other value is known, and of a file no other one.
        return not values or self._declared[name].is_file

    def _of(self, changed: Mapping[str, Any]) -> _Effect | None:
        key = repr(sorted(changed.items()))
        if key not in self._known:
            encoder = _built(self._subject, changed)
            self._known[key] = None if encoder is None else self._effect(encoder)
        return self._known[key]

    def _effect(self, encoder: Encoder) -> _Effect:
        effect = _Effect([], [])
        with seeded(0), torch.no_grad():
            for parameter in _own_weights(encoder).values():
                # A gate that is drawn as 0 would hide what is behind it.
                parameter.add_(_NOISE * torch.randn_like(parameter))
        for training in (False, True):
            examples = [e for e in encoder.examples(toy_dialogues(), training, Random(0)) if e.targets]
            rows = [encoder.rows(example) for example in examples]
            shown = [[(list(r.ids), list(r.positions), r.layers, r.pool, r.model) for r in own] for own in rows]
            effect.read.append(([example.target_keys() for example in examples], shown))
            encoder.train(training)
            key = repr(shown)
            if key not in self._states:
                with torch.no_grad():
                    self._states[key] = states_of(encoder, rows)
            # A loss of the encoder's own is there where something trains.
            with seeded(0), torch.set_grad_enabled(training):
                given = _given(encoded_of(encoder, examples, self._states[key]))
            effect.given += [each.detach() for each in given]
        return effect


@dataclass
class _Effect:
    """What an encoder reads, in evaluation and in training, and what it gives."""

    read: list[object]
    given: list[Tensor]


def _differ(one: _Effect, other: _Effect | None) -> bool:
    if other is None:
        return False
    if one.read != other.read or len(one.given) != len(other.given):
        return True
    return any(a.shape != b.shape or not torch.equal(a, b) for a, b in zip(one.given, other.given, strict=True))


DEAD_PART_CHECKS: tuple[Check[EncoderSubject], ...] = (
    Check(
        "dead weights",
        f"A random loss on all that it gives is followed back to each of its own weights, in {_STEPS} steps; where a "
        "weight gets no gradient, with other values of the options as well.",
        "A part that a paper describes and the code never reaches is compared as if it took part.",
        _weights,
    ),
    Check(
        "dead options",
        "Each option takes other values, alone and beside other values of the others; all that it does is compared.",
        "An ablation over an option that nothing reads is a row of equal numbers, and a search over it is chance.",
        _options,
    ),
)
