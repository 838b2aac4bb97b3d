"""A request is declared once: its fields are the options of a command, the keywords of Python and the keys of suites.

::

    @dataclass(frozen=True)
    class CompareRequest(Asked):
        alpha: float = asked(0.05, "Level of significance.", above=0, below=1)

Commands make options of the fields (``erc_bench.commands.options``), functions take them as keywords
(``erc_bench.experiments.door``), suites read tables of them. Whoever asks, the same is checked here.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import types
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from erc_bench.contracts.options import OptionSpec, option
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean

StrPath = str | Path
"""A path, or its text."""
_PLAIN = {str, bool, int, float, Path}


def asked(
    default: Any = dataclasses.MISSING,
    description: str = "",
    *,
    metavar: str = "",
    usual: str = "",
    several: bool = False,
    **bounds: Any,
) -> Any:
    """Declare one thing that may be asked for; one without a default must be.

    ``usual`` says in words what holds where it is left out, and ``several`` that the command line repeats it.
    ``bounds`` are those of :func:`erc_bench.contracts.options.option`.
    """
    declared = option(default, description, **bounds)
    more = {"metavar": metavar, "usual": usual, "several": several}
    return dataclasses.field(default=default, metadata={**declared.metadata, **more})


@dataclass(frozen=True)
class Field:
    """One declared field of a request."""

    spec: OptionSpec
    metavar: str
    usual: str
    several: bool

    @property
    def name(self) -> str:
        """The keyword."""
        return self.spec.name

    @property
    def types(self) -> tuple[Any, ...]:
        """The types of a value."""
        return get_args(self.spec.type) if _is_union(self.spec.type) else (self.spec.type,)

    @property
    def item(self) -> Any:
        """The type of one value, of which a list may hold several."""
        kind = self.types[0]
        return get_args(kind)[0] if self.is_list else kind

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that there are, where these are few words."""
        return get_args(self.item) if get_origin(self.item) is Literal else ()

    @property
    def is_path(self) -> bool:
        """Whether the value is the path of a file or a folder."""
        return Path in self.types

    @property
    def is_list(self) -> bool:
        """Whether the value is a list of names, where one may stand alone."""
        return get_origin(self.types[0]) is collections.abc.Sequence

    @property
    def is_required(self) -> bool:
        """Whether it must be asked for."""
        return self.spec.default is dataclasses.MISSING

    def converted(self, value: Any) -> Any:
        """Return the value as the request holds it; raise ``ValueError`` where it is none."""
        if value is None and self.spec.default in (None, "", ()):
            return self.spec.default
        if self.is_list:
            return self._members(value)
        if not isinstance(value, str) and not (self.choices or set(self.types) <= _PLAIN):
            return value  # what is handed over is read where it is used
        return Path(value) if isinstance(value, PathLike) and self.is_path else self.spec.convert(value)

    def _members(self, value: Any) -> tuple[Any, ...]:
        member = dataclasses.replace(self.spec, type=self.item)
        return tuple(member.convert(each) for each in ([value] if isinstance(value, str) else value))

    def fault(self, value: Any, subject: str = "") -> str:
        """Say what is wrong with a value that cannot be had."""
        if self.choices and isinstance(value, str):
            return f"there is no {self.name} {value!r}; {did_you_mean(value, self.choices)}"
        said = f"{subject or OptionName(self.name)} must be {self.expected()}"
        return said if subject else f"{said}, and is {value!r}"

    def told(self) -> str:
        """Say in a sentence or two what the field is for."""
        choices = f" ({', '.join(self.choices)})" if self.choices else ""
        usual = f" (default: {self.usual})" if self.usual else ""
        return f"{self.spec.description.removesuffix('.')}{choices}{usual}"

    def expected(self) -> str:
        """Name type and bounds in words."""
        limits = self.spec.declared
        if self.is_path or self.is_list:
            return "a path" if self.is_path else "a name or a list of names"
        if limits.above is not None and limits.below is not None:
            return f"a number between {limits.above:g} and {limits.below:g}, such as {self.spec.default:g}"
        return self.spec.expected().replace(", above", " above")


class Asked:
    """A request: a frozen dataclass whose fields were declared with :func:`asked`."""

    def __post_init__(self) -> None:
        """Take every value over in its type; raise :class:`ErcBenchError` for one that is none."""
        for field in fields_of(type(self)):
            given = getattr(self, field.name)
            try:
                object.__setattr__(self, field.name, field.converted(given))
            except (ValueError, TypeError):
                raise ErcBenchError(field.fault(given)) from None


def fields_of(request: type[Asked]) -> tuple[Field, ...]:
    """Return the declared fields of a request, in their order."""
    return tuple(_fields(request))


def _fields(request: Any) -> Iterator[Field]:
    hints = get_type_hints(request)
    # What may be named by its place comes first, as in the signature.
    for field in sorted(dataclasses.fields(request), key=lambda field: bool(field.kw_only)):
        if "erc" in field.metadata:
            spec = OptionSpec(field.name, _given(hints[field.name]), field.default, field.metadata["erc"])
            yield Field(spec, field.metadata["metavar"], field.metadata["usual"], field.metadata["several"])


def _is_union(declared: Any) -> bool:
    return get_origin(declared) in (Union, types.UnionType)


def _given(declared: Any) -> Any:
    """Return the type of a value that is given, where it may also be left out."""
    if not _is_union(declared):
        return declared
    return Union[tuple(each for each in get_args(declared) if each is not type(None))]  # noqa: UP007 (made of several)


def shared(request: Asked, other: type) -> dict[str, Any]:
    """Return the values of those fields that another dataclass has as well, by name."""
    names = {field.name for field in fields_of(type(request))}
    return {field.name: getattr(request, field.name) for field in dataclasses.fields(other) if field.name in names}


def path_of(thing: Any, argument: str, hint: str = "") -> Path:
    """Return what was given for an argument as a path; raise :class:`ErcBenchError` where it is none."""
    if isinstance(thing, (str, PathLike)):
        return Path(thing)
    raise ErcBenchError(f"{argument} must be a path, and is {thing!r}", hint)


def folder_of(thing: str | Path | None) -> Path | None:
    """Return the path of a folder that may be left out."""
    return Path(thing) if thing is not None and thing != "" else None
