"""Functions of Python that take what a request declares as keywords, and speak of it in these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import update_wrapper
from inspect import getdoc, signature
from typing import Any, Concatenate, ParamSpec, TypeVar

from erc_bench.errors import python_words, speaking
from erc_bench.planning.asked import Asked, fields_of

P = ParamSpec("P")
R = TypeVar("R", bound=Asked)
S = TypeVar("S")
T = TypeVar("T")
_KEYWORDS = "{keywords}"


def door(request: Callable[P, R]) -> Callable[[Callable[[R], T]], Callable[P, T]]:
    """Let a function take the fields of its request as keywords, and name these where something is wrong.

    ``{keywords}`` in its docstring stands for a line of each.
    """

    def decorate(function: Callable[[R], T]) -> Callable[P, T]:
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            with speaking(python_words):
                return function(request(*args, **kwargs))

        _declare(called, function, request)
        return called

    return decorate


def method_door(
    request: Callable[P, R], usual: Callable[[S], Mapping[str, Any]]
) -> Callable[[Callable[[S, R], T]], Callable[Concatenate[S, P], T]]:
    """Do as :func:`door` does for a method; ``usual`` gives what an object has in the place of defaults."""

    def decorate(function: Callable[[S, R], T]) -> Callable[Concatenate[S, P], T]:
        def called(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
            with speaking(python_words):
                given = signature(request).bind_partial(*args, **kwargs).arguments
                made: Any = request
                return function(self, made(**{**usual(self), **given}))

        _declare(called, function, request, *list(signature(function).parameters.values())[:1])
        return called

    return decorate


def _declare(called: Any, function: Callable[..., Any], request: Any, *first: Any) -> None:
    """Give what is called the name and the text of a function, and the keywords of its request."""
    update_wrapper(called, function)
    del called.__wrapped__  # what is called has another signature
    with speaking(python_words):
        told = "\n".join(f"- ``{each.name}``: {each.told()}" for each in fields_of(request))
    called.__doc__ = (getdoc(function) or "").replace(_KEYWORDS, told)
    fields = signature(request)
    called.__signature__ = fields.replace(
        parameters=[*first, *fields.parameters.values()], return_annotation=signature(function).return_annotation
    )
