"""Options: one declaration feeds validation, help, documentation and the stored record.

A component declares its options as fields of a frozen dataclass::

    @dataclass(frozen=True)
    class Options:
        temperature: float = erc.option(0.1, "Divides similarities; lower is sharper.", above=0)

A default may differ by training regime (``frozen``: the backbone does not train; ``adapted``: low-rank adapters in it
do; ``small``: it trains and has fewer than 200 million parameters; otherwise the plain default holds). What has no
default of its own for adapters has that of small backbones: few parameters train in both.
"""

from __future__ import annotations

import dataclasses
import json
import math
import operator
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from erc_bench.errors import ErcBenchError

Regime = Literal["frozen", "small", "large", "adapted"]
_SAME: Any = object()


@dataclass(frozen=True)
class _Declared:
    description: str
    above: float | None
    below: float | None
    at_least: float | None
    at_most: float | None
    by_regime: Mapping[str, Any]
    file: bool
    read_with: Mapping[str, object]


def option(
    default: Any,
    description: str,
    *,
    above: float | None = None,
    below: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    frozen: Any = _SAME,
    small: Any = _SAME,
    adapted: Any = _SAME,
    file: bool | Mapping[str, object] = False,
) -> Any:
    """Declare one option of a component: its default, one sentence, bounds, defaults by regime.

    ``file``: the value is the path of a file that an encoder, objective, classifier or system reads, of the type
    ``str | None``. What a cell was made with is the content, wherever the file lies: its settings hold the sha256, and
    the component gets the path. A saved model keeps a copy. Paths are no part of a row's name: a file that is not
    always read has, in the place of ``True``, the options with which it is, as ``{"concepts": True}``, and is needed
    with these.
    """
    given = (("frozen", frozen), ("small", small), ("adapted", adapted))
    by_regime = {name: value for name, value in given if value is not _SAME}
    read_with = file if isinstance(file, Mapping) else {}
    declared = _Declared(description, above, below, at_least, at_most, by_regime, file is not False, read_with)
    return dataclasses.field(default=default, metadata={"erc": declared})


@dataclass(frozen=True)
class OptionSpec:
    """One declared option, as validation, ``show`` and the documentation read it."""

    name: str
    type: Any
    default: Any
    declared: _Declared

    @property
    def description(self) -> str:
        """The sentence that explains the option."""
        return self.declared.description

    @property
    def regimes(self) -> Mapping[str, Any]:
        """Defaults that differ from ``default`` in a training regime."""
        return self.declared.by_regime

    @property
    def is_file(self) -> bool:
        """Whether the value is the path of a file that the component reads."""
        return self.declared.file

    def is_read(self, options: Any) -> bool:
        """Whether the file that this option names is read with the values of the others."""
        return self.is_file and has(options, self.declared.read_with)

    def default_in(self, regime: Regime) -> Any:
        """Return the default that holds in a training regime."""
        declared = self.declared_for(regime)
        return self.default if declared is None else self.regimes[declared]

    def declared_for(self, regime: Regime) -> Regime | None:
        """Return the regime whose default holds in a regime; ``None`` for the plain one."""
        likened: tuple[Regime, ...] = (regime, "small") if regime == "adapted" else (regime,)
        return next((name for name in likened if name in self.regimes), None)

    def convert(self, value: Any) -> Any:
        """Return ``value`` in the declared type; raise ``ValueError`` that names the expected values.

        Bounds hold for each member of a list.
        """
        converted = _convert(value, self.type)
        for number in converted if isinstance(converted, tuple) else (converted,):
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                self._check_bounds(number)
        return converted

    def _check_bounds(self, number: float) -> None:
        if isinstance(number, float) and not math.isfinite(number):
            raise ValueError(f"must be a finite number, got {number}")
        holds = {"above": operator.gt, "below": operator.lt, "at least": operator.ge, "at most": operator.le}
        for words, limit in self._limits():
            if not holds[words](number, limit):
                raise ValueError(f"must be {words} {limit:g}, got {_shown(number)}")

    def _limits(self) -> list[tuple[str, float]]:
        limits = (
            ("above", self.declared.above),
            ("below", self.declared.below),
            ("at least", self.declared.at_least),
            ("at most", self.declared.at_most),
        )
        return [(words, limit) for words, limit in limits if limit is not None]

    def expected(self) -> str:
        """Name the type and the bounds in words."""
        return ", ".join([_name(self.type), *(f"{words} {limit:g}" for words, limit in self._limits())])


def specs(options_class: type) -> dict[str, OptionSpec]:
    """Return the declared options of a dataclass, by name, in the order of declaration.

    Raises :class:`ErcBenchError` for a class that is none, which an author easily forgets.
    """
    # Below a dataclass, Options is taken for one; that they were declared and not taken up shows as well.
    left = any(isinstance(value, dataclasses.Field) for value in vars(options_class).values())
    if left or not dataclasses.is_dataclass(options_class):
        raise ErcBenchError(
            f"{options_class.__qualname__} is not a dataclass", "Write @dataclass(frozen=True) above it."
        )
    hints = typing.get_type_hints(options_class)
    return {
        field.name: OptionSpec(field.name, hints[field.name], field.default, field.metadata["erc"])
        for field in dataclasses.fields(options_class)
        if "erc" in field.metadata
    }


def has(options: Any, declared: Mapping[str, object]) -> bool:
    """Return whether options have the declared values, each of them the value itself or one of a tuple of values."""
    return all(_meets(getattr(options, name), wanted) for name, wanted in declared.items())


def _meets(value: object, wanted: object) -> bool:
    # The value of an option may be a tuple as well: then the whole of it is meant.
    return value == wanted or (isinstance(wanted, tuple) and not isinstance(value, tuple) and value in wanted)


def parse_value(text: str) -> Any:
    """Read the right side of ``--set`` as a TOML value, and as a bare string where it is none.

    A value is a truth value, a number, a string or a list; a date, a table and anything with a
    comment or a second value behind it is a bare string, so that nothing typed is dropped.
    """
    try:
        # Inside an inline table a comment or a further line is an error, not something to overlook.
        read = tomllib.loads(f"it = {{ value = {text} }}")
    except (ValueError, RecursionError):
        return text
    value = read["it"].get("value")
    alone = list(read) == ["it"] and list(read["it"]) == ["value"]
    return value if alone and isinstance(value, (bool, int, float, str, list)) else text


def format_value(value: Any) -> str:
    """Write a value as one would type it behind ``--set``; :func:`parse_value` reads it back."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_quoted(item) if isinstance(item, str) else format_value(item) for item in value)}]"
    if isinstance(value, str):
        return value if parse_value(value) == value == value.strip() else _quoted(value)
    return repr(value)


def _quoted(text: str) -> str:
    # A JSON string is a TOML string, but for the one control character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _convert(value: Any, expected: Any) -> Any:
    origin = typing.get_origin(expected)
    if origin in (typing.Union, types.UnionType):
        return _convert_union(value, typing.get_args(expected))
    if origin is Literal:
        return _convert_literal(value, expected)
    if origin is tuple:
        return _convert_tuple(value, expected)
    if expected is type(None):
        return _convert_none(value)
    return _convert_plain(value, expected)


def _convert_union(value: Any, members: tuple[Any, ...]) -> Any:
    # `none` is typed as a text, and would be one where the option may also be a text.
    for member in sorted(members, key=lambda member: member is not type(None)):
        try:
            return _convert(value, member)
        except ValueError:
            continue
    raise ValueError(f"must be {' or '.join(_name(member) for member in members)}, got {_shown(value)}")


def _convert_literal(value: Any, expected: Any) -> Any:
    # True equals 1, and is not the same choice.
    for choice in typing.get_args(expected):
        if value == choice and type(value) is type(choice):
            return choice
    raise ValueError(f"must be {_name(expected)}, got {_shown(value)}")


def _convert_tuple(value: Any, expected: Any) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"must be {_name(expected)}, got {_shown(value)}")
    member = typing.get_args(expected)[0]
    return tuple(_convert(item, member) for item in value)


def _convert_none(value: Any) -> None:
    if value is None or value == "none":
        return
    raise ValueError(f"must be none, got {_shown(value)}")


def _convert_plain(value: Any, expected: Any) -> Any:
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        return _as_float(value)
    if isinstance(value, expected) and not (expected is int and isinstance(value, bool)):
        return value
    raise ValueError(f"must be {_name(expected)}, got {_shown(value)}")


def _as_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        raise ValueError(f"must be a finite number, got {_shown(number)}") from None


_LONGEST_SHOWN = 60


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write a whole number of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


_TYPE_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", type(None): "none"}


def _name(expected: Any) -> str:
    origin = typing.get_origin(expected)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_name(member) for member in typing.get_args(expected))
    if origin is Literal:
        return " or ".join(str(choice) for choice in typing.get_args(expected))
    if origin is tuple:
        return f"a list, each {_name(typing.get_args(expected)[0])}"
    return _TYPE_NAMES.get(expected, str(expected))
