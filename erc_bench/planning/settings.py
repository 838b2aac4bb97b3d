"""Resolve every option of a cell: default < regime < dataset < method < its dataset < overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from erc_bench.contracts.method import Method
from erc_bench.names import did_you_mean
from erc_bench.options import OptionSpec, Regime, specs
from erc_bench.planning.overrides import Override, from_mapping

SMALL_BACKBONE = 200_000_000
"""Parameters below which a fine-tuned backbone wants the settings of small ones."""


@dataclass(frozen=True)
class Resolved:
    """Every option of a cell by address, where its value came from, and what the user changed."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    overrides: Mapping[str, Any]
    regime: Regime

    def slot(self, name: str) -> dict[str, Any]:
        """Return the options of one slot by name."""
        prefix = f"{name}."
        return {address.removeprefix(prefix): v for address, v in self.values.items() if address.startswith(prefix)}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request: where, and a sentence."""

    address: str
    sentence: str


def resolve(
    slots: Mapping[str, type],
    layers: Iterable[tuple[str, Mapping[str, Any]]],
    overrides: Iterable[Override],
    backbone_size: int | None,
) -> tuple[Resolved, list[Problem]]:
    """Resolve all options.

    ``slots`` maps a slot to its options class. ``layers`` are (origin, settings), weakest first;
    a setting there for an option that the chosen component lacks does not apply, since the user
    may have filled the slot otherwise. An override for such an option is a problem.
    """
    declared = _declared(slots)
    problems: list[Problem] = []
    chosen: dict[str, Override] = {}
    for origin, settings in layers:
        applicable = {address: value for address, value in settings.items() if address in declared}
        chosen |= {item.address: item for item in from_mapping(applicable, origin)}
    overridden = {item.address: item for item in overrides}
    problems += [unknown_option(address, declared, slots) for address in overridden if address not in declared]
    chosen |= {address: item for address, item in overridden.items() if address in declared}

    values = {}
    for address, item in chosen.items():
        try:
            values[address] = declared[address].convert(item.value)
        except ValueError as error:
            problems.append(Problem(address, f"{error} ({item.origin})"))
    regime = regime_of(values.get("encoder.trainable", _default(declared, "encoder.trainable")), backbone_size)
    origins = {address: item.origin for address, item in chosen.items()}
    for address, spec in declared.items():
        if address not in chosen:
            values[address] = spec.default_in(regime)
            origins[address] = f"default ({regime} backbone)" if regime in spec.regimes else "default"
    changed = {address: values[address] for address in sorted(overridden) if address in values}
    ordered = {address: values[address] for address in sorted(values)}
    return Resolved(ordered, dict(sorted(origins.items())), changed, regime), problems


def regime_of(trainable: Any, backbone_size: int | None) -> Regime:
    """Return the training regime that decides between an option's defaults."""
    if trainable == "none":
        return "frozen"
    if backbone_size is not None and backbone_size < SMALL_BACKBONE:
        return "small"
    return "large"


def misdirected(method: Method, slots: Mapping[str, type], replaced: Iterable[str], dataset: str) -> list[Problem]:
    """Return the settings of a method that name no option of its own components: a plugin's mistake."""
    declared = _declared(slots)
    settings = {**method.settings, **method.per_dataset.get(dataset, {})}
    own = [address for address in settings if address.partition(".")[0] not in set(replaced)]
    return [unknown_option(address, declared, slots) for address in own if address not in declared]


def unknown_option(address: str, declared: Iterable[str], slots: Iterable[str]) -> Problem:
    """Say that there is no such option, with near matches in its slot."""
    slot, dot, _ = address.partition(".")
    if not dot or slot not in set(slots):
        return Problem(address, f"there is no slot {slot!r}; {did_you_mean(slot, slots)}")
    here = [name for name in declared if name.startswith(f"{slot}.")]
    if not here:
        return Problem(address, f"the chosen {slot} has no options")
    return Problem(address, f"the chosen {slot} has no such option; {did_you_mean(address, here)}")


def _declared(slots: Mapping[str, type]) -> dict[str, OptionSpec]:
    return {f"{slot}.{name}": spec for slot, options in slots.items() for name, spec in specs(options).items()}


def _default(declared: Mapping[str, OptionSpec], address: str) -> Any:
    return declared[address].default if address in declared else "all"
