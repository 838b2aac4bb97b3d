"""Functions of Python that take what a request declares as keywords, and speak of it in these."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from inspect import getdoc, signature
from typing import Any, ParamSpec, TypeVar

from erc_bench.errors import python_words, speaking
from erc_bench.planning.asked import Asked, fields_of

P = ParamSpec("P")
R = TypeVar("R", bound=Asked)
T = TypeVar("T")
_KEYWORDS = "{keywords}"


def door(request: Callable[P, R]) -> Callable[[Callable[[R], T]], Callable[P, T]]:
    """Let a function take the fields of its request as keywords, and name these where something is wrong.

    ``{keywords}`` in its docstring stands for a line of each.
    """
    declared: Any = request

    def decorate(function: Callable[[R], T]) -> Callable[P, T]:
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            with speaking(python_words):
                return function(request(*args, **kwargs))

        found: Any = update_wrapper(called, function)
        del found.__wrapped__  # what is called has another signature
        with speaking(python_words):
            told = "\n".join(f"- ``{each.name}``: {each.told()}" for each in fields_of(declared))
        found.__doc__ = (getdoc(function) or "").replace(_KEYWORDS, told)
        found.__signature__ = signature(request).replace(return_annotation=signature(function).return_annotation)
        return called

    return decorate
