"""Whether options are explained, and refuse values outside of their bounds."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Literal

from erc_bench.contracts.options import OptionSpec, Regime, specs
from erc_bench.errors import ErcBenchError
from erc_bench.testing.findings import NotApplicableError, UnusableError

REGIMES: tuple[Regime, ...] = ("frozen", "small", "large", "adapted")
_NO_CHOICE = "no such choice"


def options_declared(options: type, where: str) -> str:
    """Return how many options there are; raise ``AssertionError`` for one that is not explained or not valid."""
    try:
        declared = specs(options)
    except ErcBenchError as error:
        raise UnusableError(f"Options of {where} is not a dataclass: write @dataclass(frozen=True) above it") from error
    for field in dataclasses.fields(options):
        known = field.name in declared
        assert known, f"option {field.name} of {where} is not declared by erc.option, so that it cannot be set"
    for spec in declared.values():
        _check_described(spec, where)
    if not declared:
        raise NotApplicableError("it has no options")
    return f"{len(declared)} option(s), each with a sentence and a default that it admits"


def options_bounded(options: type, where: str) -> str:
    """Say how many values were refused; raise ``AssertionError`` for a number or a choice without bounds."""
    declared = specs(options)
    if not declared:
        raise NotApplicableError("it has no options")
    refused = 0
    for spec in declared.values():
        bounds = list(beyond(spec))
        bounded = bounds or not _kinds(spec.type) & {int, float}
        assert bounded, f"option {spec.name} of {where} is a number without any bound: give it above, at_least, ..."
        for value in [*bounds, *_no_choices(spec)]:
            assert _refuses(spec, value), f"option {spec.name} of {where} takes {value!r}: {spec.expected()}"
            refused += 1
    free = [spec.name for spec in declared.values() if str in _kinds(spec.type)]
    texts = f"; {', '.join(free)} may be any text" if free else ""
    return f"{refused} value(s) out of bounds were refused{texts}"


def options_run(options: type, given: Any, try_out: Callable[[Any, str], None]) -> str:
    """Try the component with each of its options at every edge of its bounds, and between; return how many ran.

    ``given`` are the options to begin from. ``try_out`` takes changed options and a name of the change; it
    may raise ``AssertionError``, and :class:`ErcBenchError` where the component refuses them itself.
    """
    declared = specs(options)
    if not declared:
        raise NotApplicableError("it has no options")
    ran, refused = 0, 0
    for name, spec in declared.items():
        for value in [*values_within(spec), *values_between(spec, getattr(given, name))]:
            try:
                try_out(dataclasses.replace(given, **{name: value}), f"{name}={value}")
            except ErcBenchError:
                refused += 1
            else:
                ran += 1
    more = f", {refused} more refused with a sentence" if refused else ""
    return f"{ran} settings ran, at the edge of what is allowed and between{more}"


def values_within(spec: OptionSpec) -> Iterator[Any]:
    """Yield values that an option admits and that lie at its edges: every choice, every bound that belongs to it."""
    yield from _choices(spec.type)
    if bool in _kinds(spec.type):
        yield from (False, True)
    if type(None) in _kinds(spec.type):
        yield None
    for limit in (spec.declared.at_least, spec.declared.at_most):
        if limit is not None:
            yield int(limit) if int in _kinds(spec.type) else float(limit)


def values_between(spec: OptionSpec, given: Any) -> Iterator[float]:
    """Yield numbers that lie between the bounds of an option and the value that it has.

    A number that may have a fraction behaves otherwise below 1 than at 0 and above: the gradient of (1 - p) ** 0.5
    is infinite where p is 1.
    """
    if not isinstance(given, float) or float not in {spec.type, *_members(spec.type)}:
        return
    lowest = _first(spec.declared.at_least, spec.declared.above)
    highest = _first(spec.declared.at_most, spec.declared.below)
    if lowest is not None and lowest < given:
        yield lowest + (given - lowest) / 4
    if highest is not None and given < highest:
        yield given + (highest - given) / 2
    elif highest is None and lowest == given:
        yield given + 0.5


def beyond(spec: OptionSpec) -> Iterator[float]:
    """Yield the nearest values outside of an option's bounds."""
    whole = float not in _kinds(spec.type)
    if spec.declared.above is not None:
        yield _number(spec.declared.above, whole)
    if spec.declared.below is not None:
        yield _number(spec.declared.below, whole)
    if spec.declared.at_least is not None:
        yield _next(spec.declared.at_least, -math.inf, whole)
    if spec.declared.at_most is not None:
        yield _next(spec.declared.at_most, math.inf, whole)


def _check_described(spec: OptionSpec, where: str) -> None:
    assert spec.description, f"option {spec.name} of {where} has no sentence that explains it"
    for regime in REGIMES:
        try:
            spec.convert(spec.default_in(regime))
        except ValueError as error:
            raise AssertionError(f"the default of option {spec.name} of {where} ({regime} backbone) {error}") from error


def _refuses(spec: OptionSpec, value: Any) -> bool:
    try:
        spec.convert(value)
    except ValueError:
        return True
    return False


def _no_choices(spec: OptionSpec) -> list[str]:
    """Return a text that is not a choice, where only some texts are one."""
    texts = any(isinstance(choice, str) for choice in _choices(spec.type))
    return [_NO_CHOICE] if texts and str not in _kinds(spec.type) else []


def _choices(annotated: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotated) is Literal:
        return typing.get_args(annotated)
    return tuple(choice for member in _members(annotated) for choice in _choices(member))


def _kinds(annotated: Any) -> set[type]:
    """Return the plain types that a value may have, those of a list's items included."""
    members = _members(annotated)
    if members:
        return {kind for member in members for kind in _kinds(member)}
    return {annotated} if isinstance(annotated, type) else set()


def _members(annotated: Any) -> tuple[Any, ...]:
    origin = typing.get_origin(annotated)
    if origin in (typing.Union, types.UnionType):
        return typing.get_args(annotated)
    return typing.get_args(annotated)[:1] if origin is tuple else ()


def _number(value: float, whole: bool) -> float:
    return int(value) if whole else value


def _first(*limits: float | None) -> float | None:
    return next((limit for limit in limits if limit is not None), None)


def _next(limit: float, towards: float, whole: bool) -> float:
    if whole:
        return int(limit) + (1 if towards > 0 else -1)
    return math.nextafter(limit, towards)
