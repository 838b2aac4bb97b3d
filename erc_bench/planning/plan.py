"""A plan: everything that is decided about one cell before anything is loaded, and the same as JSON.

As JSON it is what another process or machine is handed to run one cell. Components are named by module and qualified
name there, so that a process which has loaded the same plugin files finds them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from importlib import import_module
from typing import Any

from erc_bench.contracts.adapters import AdapterOptions
from erc_bench.contracts.backbone import Backbone
from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.language_models import MAIN
from erc_bench.contracts.method import Method
from erc_bench.contracts.options import specs
from erc_bench.corpora.shown_dialogues import DialogueOptions
from erc_bench.errors import ErcBenchError
from erc_bench.planning.adapters import SLOT as ADAPTERS
from erc_bench.planning.features import SLOT as FEATURES
from erc_bench.planning.further_backbone import FurtherBackbone
from erc_bench.planning.settings import Resolved, TrainingOptions, UpstreamOptions
from erc_bench.store.layout import CellAddress


@dataclass(frozen=True)
class Plan:
    """One cell: one method on one dataset with one backbone and one seed, fully resolved.

    ``components`` maps the slots (encoder, objective, classifier; or system) to classes;
    ``readouts`` maps the names of further classifiers to classes. ``backbone`` is ``None`` for a
    system, and for an encoder that needs no language model. ``audit`` writes down the test score of every epoch,
    ``save_representations`` stores those of the test utterances, ``save_model`` the trained model; none changes a
    result. ``upstream`` is the cell whose trained language model is this one's backbone; its settings and choices stand
    among this cell's own as ``upstream.SLOT.OPTION``. ``language_models`` are the backbones of the encoder's further
    roles. ``option_files`` are the paths of files that options name, by address: the settings hold their digests.
    """

    address: CellAddress
    method: Method
    dataset: type[Dataset]
    backbone: type[Backbone] | None
    components: Mapping[str, type]
    readouts: Mapping[str, type]
    resolved: Resolved
    limit: int | None = None
    dev_only: bool = False
    audit: bool = False
    save_representations: bool = False
    save_model: bool = False
    upstream: Plan | None = None
    language_models: Mapping[str, FurtherBackbone] = field(default_factory=dict)
    option_files: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self.address.seed

    @property
    def sends_text(self) -> bool:
        """Whether its method sends the text of dialogues to another machine."""
        return bool(getattr(self.components.get("system"), "sends_text", False))

    @property
    def is_system(self) -> bool:
        """Whether the method is a system of its own, not a composition of slots."""
        return "system" in self.components

    @property
    def features(self) -> dict[str, str]:
        """The sha256 of the file of each feature that the encoder reads, by name."""
        return self.resolved.slot(FEATURES)

    def all_features(self) -> dict[str, str]:
        """Return the same with those that its upstream reads."""
        return {**({} if self.upstream is None else self.upstream.features), **self.features}

    def label(self) -> str:
        """Name the cell in one line."""
        address = self.address
        through = "" if self.upstream is None else f" through {self.upstream.method.name}"
        return f"{address.dataset} · {address.method}{through} · {address.backbone} · seed {address.seed}"

    def build(self, slot: str, component: type | None = None) -> Any:
        """Build the options object of a slot's component; files are named by their paths."""
        options: Any = (component or self.components[slot]).Options  # type: ignore[attr-defined]
        paths = {address.partition(".")[2]: path for address, path in self.option_files.items() if _of(slot, address)}
        return options(**{**self.resolved.slot(slot), **paths})

    def choices(self) -> dict[str, str]:
        """Return the names of the components by slot; those of the upstream as ``upstream.SLOT``."""
        own: dict[str, str] = {slot: component.name for slot, component in self.components.items()}  # type: ignore[attr-defined]
        if self.upstream is None:
            return own
        theirs = {f"upstream.{slot}": name for slot, name in self.upstream.choices().items()}
        return {**own, "upstream": self.upstream.method.name, **theirs}

    def code(self) -> dict[str, type]:
        """Return every component whose code decides the result, by slot, further readouts by name."""
        upstream = {} if self.upstream is None else self.upstream.components
        further = {f"backbone.{role}": each.component for role, each in self.language_models.items()}
        return {
            **({} if self.backbone is None else {"backbone": self.backbone}),
            **{slot: component for slot, component in further.items() if component is not None},
            **self.components,
            **self.readouts,
            **{f"upstream.{slot}": component for slot, component in upstream.items()},
        }

    def roles_apart(self) -> list[str]:
        """Return the further roles whose backbone is not the cell's."""
        return [role for role, each in self.language_models.items() if each.component is not None]

    def backbone_of(self, role: str) -> Backbone:
        """Build the backbone of a role; that of ``main`` is the cell's own."""
        assert self.backbone is not None
        further = FurtherBackbone() if role == MAIN else self.language_models[role]
        if further.component is None:
            return self.backbone(self.build("backbone", self.backbone))
        return further.component(further.component.Options(**further.options()))

    def with_seed(self, seed: int) -> Plan:
        """Return the same cell with another seed, which its upstream shares."""
        upstream = None if self.upstream is None else self.upstream.with_seed(seed)
        return replace(self, address=replace(self.address, seed=seed), upstream=upstream)


def settings_hash(
    choices: Mapping[str, str],
    resolved: Resolved,
    limit: int | None,
    dev_only: bool,
) -> str:
    """Return twelve hexadecimal digits that cover everything that changes the result.

    Further readouts do not: however many classifiers read a training, it is one training.
    """
    covered = {
        "choices": dict(choices),
        "settings": dict(resolved.values),
        "limit": limit,
        "dev_only": dev_only,
    }
    text = json.dumps(covered, sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


FORMAT = 1
_FLAGS = ("limit", "dev_only", "audit", "save_representations", "save_model")


def to_json(plan: Plan) -> str:
    """Return the plan as one JSON text."""
    return json.dumps(_described(plan), default=list)


def from_json(text: str) -> Plan:
    """Return the plan of a text that :func:`to_json` wrote.

    Raises :class:`ErcBenchError` for another format, and for a component that is not installed here.
    """
    described = json.loads(text)
    if described.get("format") != FORMAT:
        raise ErcBenchError(
            f"the plan has format {described.get('format')!r}, and this version reads {FORMAT}",
            "Plan and run with the same version of erc-bench.",
        )
    return _plan(described)


def _described(plan: Plan) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "address": asdict(plan.address),
        "method": {"name": plan.method.name, "settings_from": plan.method.settings_from},
        "dataset": _name(plan.dataset),
        "backbone": None if plan.backbone is None else _name(plan.backbone),
        "components": {slot: _name(component) for slot, component in plan.components.items()},
        "readouts": {name: _name(component) for name, component in plan.readouts.items()},
        "resolved": asdict(plan.resolved),
        **{flag: getattr(plan, flag) for flag in _FLAGS},
        "upstream": None if plan.upstream is None else _described(plan.upstream),
        "language_models": {
            role: {"component": each.component and _name(each.component), "path": each.path}
            for role, each in plan.language_models.items()
        },
        "option_files": dict(plan.option_files),
    }


def _plan(described: Mapping[str, Any]) -> Plan:
    dataset, backbone = _component(described["dataset"]), described["backbone"] and _component(described["backbone"])
    components = {slot: _component(name) for slot, name in described["components"].items()}
    upstream = None if described["upstream"] is None else _plan(described["upstream"])
    options = {slot: component.Options for slot, component in (*components.items(), ("dataset", dataset))}
    options |= {"training": TrainingOptions, "upstream": UpstreamOptions, "dialogues": DialogueOptions}
    options |= {ADAPTERS: AdapterOptions}
    options |= {"backbone": backbone.Options} if backbone else {}
    converted = _Converter(options, upstream)
    resolved = described["resolved"]
    changed = {name: converted(resolved[name]) for name in ("values", "overrides")}
    return Plan(
        CellAddress(**described["address"]),
        Method(source="", summary="", **described["method"]),
        dataset,
        backbone,
        components,
        {name: _component(component) for name, component in described["readouts"].items()},
        Resolved(origins=resolved["origins"], regime=resolved["regime"], **changed),
        **{flag: described[flag] for flag in _FLAGS},
        upstream=upstream,
        language_models={
            role: FurtherBackbone(each["component"] and _component(each["component"]), each["path"])
            for role, each in described["language_models"].items()
        },
        option_files=described["option_files"],
    )


class _Converter:
    """Gives values of JSON the types that their options declare: a list becomes a tuple again."""

    def __init__(self, options: Mapping[str, type], upstream: Plan | None) -> None:
        self._specs = {f"{slot}.{name}": spec for slot, own in options.items() for name, spec in specs(own).items()}
        self._upstream = {} if upstream is None else upstream.resolved.values

    def __call__(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {address: self._value(address, value) for address, value in values.items()}

    def _value(self, address: str, value: Any) -> Any:
        if address in self._specs:
            return self._specs[address].convert(value)
        theirs = address.removeprefix("upstream.")
        # What filled a slot is a name, as JSON has it.
        return self._upstream[theirs] if theirs != address and theirs in self._upstream else value


def _of(slot: str, address: str) -> bool:
    return address.partition(".")[0] == slot


def _name(component: type) -> str:
    return f"{component.__module__}:{component.__qualname__}"


def _component(name: str) -> Any:
    module, _, qualified = name.partition(":")
    try:
        return reduce(getattr, qualified.split("."), import_module(module))
    except (ImportError, AttributeError) as error:
        raise ErcBenchError(
            f"the component {qualified} of {module} is not here: {error}", "Install what the plan was made with."
        ) from error
