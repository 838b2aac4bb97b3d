"""What a request becomes before anything runs, and what must be said of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index

from erc_bench.contracts.options import format_value
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import Request


def suggested_settings(plans: Iterable[Plan]) -> list[str]:
    """Say what the suggestions of datasets changed: a frozen encoder is not what the user typed."""
    return sorted(
        {
            f"{address} = {format_value(plan.resolved.values[address])} (suggested by {origin})"
            for plan in plans
            for address, origin in plan.resolved.origins.items()
            if origin.startswith("dataset ")
        }
    )


_MOST_SEEDS = 1000


def seeds_of(asked: int | Iterable[int], said: str) -> tuple[int, ...]:
    """Return seeds 1 to n for a number n, and several seeds as they are.

    Raises :class:`ErcBenchError`, which begins with how they were ``said``, for anything else.
    """
    alone = not isinstance(asked, Iterable)
    try:
        numbers = [index(number) for number in (asked if isinstance(asked, Iterable) else [asked])]
    except TypeError:
        numbers = []
    wrong = not numbers or min(numbers) < 0 or len(set(numbers)) != len(numbers) or isinstance(asked, bool)
    if wrong or (alone and numbers[0] < 1):
        raise ErcBenchError(f"{said} is neither a number of seeds nor a list of different seeds such as 1,3,7")
    if not alone:
        return tuple(numbers)
    if numbers[0] > _MOST_SEEDS:
        raise ErcBenchError(f"{said} asks for more than {_MOST_SEEDS} seeds", "A list names seeds: 1,3,7.")
    return tuple(range(1, numbers[0] + 1))


def check_sealed(request: Request) -> None:
    """Raise :class:`ErcBenchError` for a request that would read test and never reads it."""
    if request.audit and request.dev_only:
        raise ErcBenchError(
            "--audit scores every epoch on test, and --dev-only never scores test", "Leave one of them."
        )
    if request.save_representations and request.dev_only:
        raise ErcBenchError(
            "--save-representations stores what test becomes, and --dev-only never reads test", "Leave one of them."
        )


def check_baseline(baseline: str | None, methods: Sequence[str]) -> None:
    """Raise :class:`ErcBenchError` for a baseline that is no method of the run whose table it is for."""
    method = (baseline or "").partition("/")[0]
    if baseline is not None and method not in methods:
        raise ErcBenchError(
            f"the baseline {method!r} is none of the methods of this run; {did_you_mean(method, methods)}",
            "The table of a run shows its own cells; erc-bench compare shows all that are stored.",
        )
