"""The one error that a user can cause, and how it names what was asked for."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_FLAGS = {"settings": "--set", "settings_files": "--settings", "settings_hashes": "--settings", "form": "--format"}
_SEVERAL = frozenset(
    {
        *(
            "backbones",
            "columns",
            "datasets",
            "dialogue_columns",
            "differences",
            "features",
            "figures",
            "methods",
            "names",
        ),
        *("executor_options", "observers", "plugins", "readouts"),
    }
)
"""What the command line names once for each, with an option in the singular."""
_MAPPINGS = frozenset({"settings", "features"})
"""What Python takes as a mapping, and the command line as NAME=VALUE."""


@dataclass(frozen=True)
class OptionName:
    """One thing that a caller may ask for, by its keyword; written into a text, it is in the caller's own words.

    ``f"{OptionName('overwrite'):failed}"`` is ``--overwrite failed`` on the command line, and ``overwrite="failed"``
    in Python; :func:`speaking` says which.
    """

    keyword: str

    @property
    def flag(self) -> str:
        """The option of the command line."""
        name = self.keyword.removesuffix("s") if self.keyword in _SEVERAL else self.keyword
        return _FLAGS.get(self.keyword) or f"--{name.replace('_', '-')}"

    def __format__(self, value: str) -> str:
        return _words.get()(self, value)

    def __str__(self) -> str:
        return format(self)


Words = Callable[[OptionName, str], str]
"""Names an option, with a value or with an empty text."""


def command_line_words(option: OptionName, value: str) -> str:
    """Name an option as it is typed: ``--device cpu``."""
    return f"{option.flag} {value}" if value else option.flag


def python_words(option: OptionName, value: str) -> str:
    """Name an option as a keyword: ``device="cpu"``."""
    if not value:
        return option.keyword
    if option.keyword in _MAPPINGS:
        address, _, value = value.partition("=")
        return f'{option.keyword}={{"{address}": "{value}"}}'
    try:
        literal_eval(value)
    except (SyntaxError, ValueError):
        value = f'"{value}"'
    return f"{option.keyword}={value}"


_words: ContextVar[Words] = ContextVar("words of the caller", default=command_line_words)


def words_spoken() -> Words:
    """Return what names options at this moment, for another process that is to name them likewise."""
    return _words.get()


@contextmanager
def speaking(words: Words) -> Iterator[None]:
    """Let every text that is written within name options so."""
    before = _words.set(words)
    try:
        yield
    finally:
        _words.reset(before)


class ErcBenchError(Exception):
    """A mistake in the request, the data or a plugin, told in one sentence with its remedy.

    Anything else that is raised is a defect of the program and keeps its traceback. An :class:`OptionName` in the
    text is named as the caller names it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


@contextmanager
def naming(said: str, hint: str = "") -> Iterator[None]:
    """Raise :class:`ErcBenchError` for an ``OSError`` within: ``said``, and the reason that the system gives."""
    try:
        yield
    except OSError as error:
        raise ErcBenchError(f"{said}: {error.strerror or error}", hint) from error
