"""Numbers on the command line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import click


class FiniteFloat(click.FloatRange):
    """A number in a range; nan, which no bound stops, and infinity are mistakes of their own."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


def alpha_option(what: str = "Level of significance.") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option ``--alpha``, with what it is the level of."""
    between = FiniteFloat(0, 1, min_open=True, max_open=True)
    return click.option("--alpha", type=between, default=0.05, show_default=True, help=what)
