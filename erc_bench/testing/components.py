"""What every component must have, whatever its kind."""

from __future__ import annotations

from erc_bench.contracts.component import Component
from erc_bench.options import OptionSpec, Regime, specs

_REGIMES: tuple[Regime, ...] = ("frozen", "small", "large")


def check_component(component: type[Component]) -> None:
    """Check name, source, docstring and options of a component.

    Raises ``AssertionError`` with a sentence that says what is missing.
    """
    assert component.name, f"{component.__qualname__} has no name"
    where = f"{component.name} ({component.__qualname__})"
    assert component.source, f"{where} has no source: name the paper or the origin"
    assert component.__doc__, f"{where} has no docstring: its first line is what users are shown"
    for spec in specs(component.Options).values():
        _check_option(spec, where)


def _check_option(spec: OptionSpec, where: str) -> None:
    assert spec.description, f"option {spec.name} of {where} has no sentence that explains it"
    for regime in _REGIMES:
        try:
            spec.convert(spec.default_in(regime))
        except ValueError as error:
            raise AssertionError(f"the default of option {spec.name} of {where} ({regime} backbone) {error}") from error
