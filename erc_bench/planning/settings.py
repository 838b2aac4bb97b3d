"""The settings of a cell: how they are set, those of training, and how all are resolved.

default < regime < dataset < method < its dataset < suite < ``--set``
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.method import Method
from erc_bench.contracts.options import OptionSpec, Regime, option, parse_value, specs
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean

SMALL_BACKBONE = 200_000_000
"""Parameters below which a fine-tuned backbone wants the settings of small ones."""

Size = Callable[[Mapping[str, Any]], int | None]
"""From the options of the slot ``backbone`` that were set to the number of parameters, where it is known."""


@dataclass(frozen=True)
class Override:
    """One setting from outside the method.

    ``method`` is empty when it speaks to all methods. ``address`` is ``slot.option`` or a slot.
    """

    address: str
    value: Any
    method: str = ""
    origin: str = "--set"

    @property
    def slot(self) -> str:
        """The slot that the setting is about."""
        return self.address.partition(".")[0]

    def speaks_to(self, method: str) -> bool:
        """Whether the setting is meant for a method."""
        return self.method in ("", method)


def parse_override(text: str) -> Override:
    """Read ``[method:]slot.option=value``; raise :class:`ErcBenchError` when it has no such form."""
    left, equals, right = text.partition("=")
    method, colon, address = left.strip().rpartition(":")
    if not equals or not address or (colon and not method):
        said = OptionName("settings")
        raise ErcBenchError(
            f"{said} {text!r} is not of the form slot.option=value",
            f"For example {said} objective.temperature=0.1 or {said} eacl:classifier=head.",
        )
    return Override(address, parse_value(right.strip()), method)


@dataclass(frozen=True)
class TrainingOptions:
    """How every method is trained.

    Plain defaults are the schedule of EACL's official code for large backbones (Yu et al. 2024):
    two learning rates that halve after every epoch. With a frozen or a small backbone that
    schedule collapses to the majority class, hence the defaults by regime.
    """

    epochs: int = option(8, "Passes over the training examples.", at_least=1, frozen=20)
    batch_size: int = option(64, "Examples in a batch.", at_least=1)
    encoder_lr: float = option(1e-5, "Peak learning rate of the backbone.", above=0, small=5e-5, adapted=5e-4)
    head_lr: float = option(4e-4, "Peak learning rate of everything else.", above=0, frozen=1e-3)
    weight_decay: float = option(0.01, "AdamW's decay; biases and norms are exempt.", at_least=0)
    schedule: Literal["constant", "linear", "cosine", "halving"] = option(
        "halving", "How learning rates fall; halving: by half after each epoch.", frozen="linear", small="linear"
    )
    warmup: float = option(0.0, "Share of the steps in which rates rise to their peak.", at_least=0, below=1, small=0.1)
    clip: float = option(5.0, "Largest norm of the gradient; 0: no clipping.", at_least=0)
    accumulation: int = option(1, "Batches whose gradients are averaged before a step.", at_least=1)
    patience: int | None = option(None, "Epochs without a better dev score before training stops.", at_least=1)
    class_weights: Literal["none", "balanced"] | tuple[float, ...] = option(
        "none",
        "Weights of the classes in cross-entropy; balanced: inverse train frequency, mean 1; or a list, one for each "
        "label in the order of the dataset.",
        above=0,
    )
    head_dropout: float = option(0.1, "Dropout before the classifier head.", at_least=0, below=1)
    standardise: bool = option(
        False, "Standardise a frozen backbone's states, fitted on train; label words likewise.", frozen=True
    )
    selection: Literal["dev", "last", "average-last-k"] = option(
        "dev", "Which weights are kept: best dev epoch, last epoch, mean of the last k epochs."
    )
    last_k: int = option(3, "Epochs that average-last-k averages.", at_least=1)
    precision: Literal["auto", "float64", "float32", "bfloat16"] = option(
        "auto",
        "Precision of the backbone; auto: float32 for a frozen one, else bfloat16 where the hardware computes in it. "
        "Losses are float64 on a frozen backbone, else float32.",
    )


@dataclass(frozen=True)
class UpstreamOptions:
    """What a cell with an upstream may say of it, beside settings of the upstream's own."""

    folds: int | None = option(
        None,
        "Read each training dialogue through an upstream that was trained without it, in so many folds of dialogues.",
        at_least=2,
    )


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
    layered = {a: Override(a, value, origin=origin) for origin, settings in layers for a, value in settings.items()}
    recipe = _convert({a: item for a, item in layered.items() if a in declared}, declared, problems)
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


def where_used(resolved: Resolved, slot: str, options: type) -> Resolved:
    """Leave out the options of a slot that are at their defaults: cells that were made before there were any stay."""
    idle = {f"{slot}.{name}" for name, spec in specs(options).items() if resolved.slot(slot)[name] == spec.default}
    values, origins = (
        {address: of for address, of in facts.items() if address not in idle}
        for facts in (resolved.values, resolved.origins)
    )
    return replace(resolved, values=values, origins=origins)


def regime_of(trainable: Any, backbone_size: int | None) -> Regime:
    """Return the training regime that decides between an option's defaults."""
    if trainable == "none":
        return "frozen"
    if trainable == "lora":
        return "adapted"
    if backbone_size is not None and backbone_size < SMALL_BACKBONE:
        return "small"
    return "large"


def misdirected(
    method: Method, slots: Mapping[str, type], replaced: Iterable[str], dataset: type[Dataset]
) -> list[Problem]:
    """Return the settings of a method that name no option of its own components: a plugin's mistake."""
    declared = _declared(slots)
    settings = {**method.settings, **method.settings_on(dataset.recipe_names())[1]}
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
            converted[address] = replace(item, value=declared[address].convert(item.value))
        except ValueError as error:
            problems.append(Problem(address, f"{error} ({item.origin})"))
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
            origin="default" if (of := spec.declared_for(regime)) is None else f"default ({of} backbone)",
        )
        for address, spec in declared.items()
    }


def _differs(changed: Mapping[str, Override], weaker: Mapping[str, Override], address: str) -> bool:
    return address not in weaker or changed[address].value != weaker[address].value
