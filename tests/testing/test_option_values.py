"""Which values of an option are tried between its bounds."""

from dataclasses import dataclass

import pytest

import erc_bench.api as erc
from erc_bench.contracts.options import specs
from erc_bench.testing.option_bounds import options_run, values_between


@dataclass(frozen=True)
class Options:
    """One option of each kind."""

    gamma: float = erc.option(2.0, "Bounded below.", at_least=0)
    share: float = erc.option(0.5, "Bounded on both sides.", above=0, below=1)
    weight: float = erc.option(0.0, "At its only bound.", at_least=0)
    full: float = erc.option(1.0, "At its upper bound.", at_least=0, at_most=1)
    perhaps: float | None = erc.option(None, "None by default.", above=0)
    steps: int = erc.option(3, "A whole number.", at_least=1)
    widths: tuple[float, ...] = erc.option((1.0,), "A list.", above=0)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gamma", [0.5]),
        ("share", [0.125, 0.75]),
        ("weight", [0.5]),
        ("full", [0.25]),
        ("perhaps", []),
        ("steps", []),
        ("widths", []),
    ],
)
def test_numbers_between_the_bounds_and_the_value(name, values):
    spec = specs(Options)[name]
    assert list(values_between(spec, getattr(Options(), name))) == values
    assert [spec.convert(value) for value in values] == values


def test_they_are_tried():
    tried = []
    options_run(Options, Options(), lambda options, changed: tried.append(changed))
    assert {"gamma=0.5", "gamma=0.0", "share=0.75", "full=1.0"} <= set(tried)
