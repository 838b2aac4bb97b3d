"""Resolve every option of a cell: default < regime < dataset < method < its dataset < suite < ``--set``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from erc_bench.contracts.method import Method
from erc_bench.contracts.options import OptionSpec, Regime, specs
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.overrides import Override, from_mapping

SMALL_BACKBONE = 200_000_000
"""Parameters below which a fine-tuned backbone wants the settings of small ones."""

Size = Callable[[Mapping[str, Any]], int | None]
"""From the options of the slot ``backbone`` that were set to the number of parameters, where it is known."""


@dataclass(frozen=True)
class Resolved:
    """Every option of a cell by address, where its value came from, and what the user changed.

    ``overrides`` holds what differs from the value that would hold without it: who types a
    default has changed nothing.
    """

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
    """One thing that is wrong with a request: where (empty where the sentence says it), and a sentence."""

    address: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.address}: {self.sentence}" if self.address else self.sentence


def resolve(
    slots: Mapping[str, type],
    layers: Iterable[tuple[str, Mapping[str, Any]]],
    overrides: Iterable[Override],
    backbone_size: Size,
) -> tuple[Resolved, list[Problem]]:
    """Resolve all options.

    ``slots`` maps a slot to its options class. ``layers`` are (origin, settings), weakest first;
    a setting there for an option that the chosen component lacks does not apply, since the user
    may have filled the slot otherwise. An override for such an option is a problem.
    """
    declared = _declared(slots)
    problems: list[Problem] = []
    layered = [item for origin, settings in layers for item in from_mapping(settings, origin)]
    recipe = _convert({item.address: item for item in layered if item.address in declared}, declared, problems)
    asked = {item.address: item for item in overrides}
    problems += [unknown_option(address, declared, slots) for address in asked if address not in declared]
    changed = _convert({a: item for a, item in asked.items() if a in declared}, declared, problems)

    chosen = {**recipe, **changed}
    regime = _regime(chosen, declared, backbone_size, problems)
    defaults = _convert(_defaults(declared, regime), declared, problems)
    weaker = {**defaults, **recipe}
    resolved = {**weaker, **changed}
    return (
        Resolved(
            {address: resolved[address].value for address in sorted(resolved)},
            {address: resolved[address].origin for address in sorted(resolved)},
            {address: changed[address].value for address in sorted(changed) if _differs(changed, weaker, address)},
            regime,
        ),
        problems,
    )


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
    wrong = [unknown_option(address, declared, slots) for address in own if address not in declared]
    return [Problem(item.address, f"{item.sentence} (set by the method {method.name} itself)") for item in wrong]


def unknown_option(address: str, declared: Iterable[str], slots: Iterable[str]) -> Problem:
    """Say that there is no such option, with near matches in its slot, or the slot that has it."""
    declared, slots = list(declared), list(slots)
    slot, dot, option = address.partition(".")
    namesakes = [known for known in declared if known.partition(".")[2] == (option or slot)]
    if slot in slots and not dot:
        return Problem(address, f"this slot is not filled by name; set one of its options, {slot}.OPTION")
    if namesakes:
        return Problem(address, f"there is no such option; did you mean {' or '.join(namesakes)}?")
    if slot not in slots:
        return Problem(address, f"there is no slot {slot!r}; {did_you_mean(slot, slots)}")
    here = [known.partition(".")[2] for known in declared if known.startswith(f"{slot}.")]
    if not here:
        return Problem(address, f"the chosen {slot} has no options")
    return Problem(address, f"the chosen {slot} has no such option; {did_you_mean(option, here)}")


def _declared(slots: Mapping[str, type]) -> dict[str, OptionSpec]:
    return {f"{slot}.{name}": spec for slot, options in slots.items() for name, spec in specs(options).items()}


def _convert(
    items: Mapping[str, Override], declared: Mapping[str, OptionSpec], problems: list[Problem]
) -> dict[str, Override]:
    """Return the items with values in the declared types; those that cannot be are problems and missing."""
    converted = {}
    for address, item in items.items():
        try:
            value = declared[address].convert(item.value)
        except ValueError as error:
            problems.append(Problem(address, f"{error} ({item.origin})"))
        else:
            converted[address] = Override(address, value, item.method, item.origin)
    return converted


def _regime(
    chosen: Mapping[str, Override], declared: Mapping[str, OptionSpec], size: Size, problems: list[Problem]
) -> Regime:
    backbone = {a.removeprefix("backbone."): item.value for a, item in chosen.items() if a.startswith("backbone.")}
    try:
        parameters = size(backbone)
    except ErcBenchError as error:
        problems.append(Problem("", "\n    ".join(filter(None, (error.message, error.hint)))))
        parameters = None
    address = "encoder.trainable"
    default = declared[address].default if address in declared else "all"
    return regime_of(chosen[address].value if address in chosen else default, parameters)


def _defaults(declared: Mapping[str, OptionSpec], regime: Regime) -> dict[str, Override]:
    return {
        address: Override(
            address,
            spec.default_in(regime),
            origin=f"default ({regime} backbone)" if regime in spec.regimes else "default",
        )
        for address, spec in declared.items()
    }


def _differs(changed: Mapping[str, Override], weaker: Mapping[str, Override], address: str) -> bool:
    return address not in weaker or changed[address].value != weaker[address].value
