"""Objects that the cells of one process share: the loaded backbone and the prepared splits."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

import torch
from torch import nn

from erc_bench.contracts.backbone import Backbone, LoadedBackbone, Precision
from erc_bench.contracts.language_models import MAIN, use_of
from erc_bench.contracts.no_language_model import no_backbone
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import NO_BACKBONE
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.pretrained.backbone import PretrainedBackbone
from erc_bench.training.deferred_model import deferred, keep_facts
from erc_bench.training.preparation import Preparation
from erc_bench.training.process_state import RandomState
from erc_bench.training.upstream_weights import UpstreamWeights

_PREPARATIONS = 3
"""Methods take turns in a grid, and most of them share one of a few inputs."""


class Workspace:
    """Keeps the last backbone of each role and the last preparations; a grid visits them in long stretches.

    ``micro_batch`` is how many examples the memory of the device is to hold at once in training; ``None``
    for whole batches. ``runs`` is the folder of runs, where there is one. ``send_text``: whether systems may send the
    text of dialogues to another machine.
    """

    def __init__(
        self,
        device: torch.device,
        micro_batch: int | None = None,
        runs: Path | None = None,
        send_text: bool = False,
    ) -> None:
        self.device = device
        self.micro_batch = micro_batch
        self.runs = runs
        self.send_text = send_text
        self._backbones: dict[str, tuple[str, LoadedBackbone]] = {}
        self._preparations: OrderedDict[str, Preparation] = OrderedDict()
        self._identities: dict[str, str] = {}
        self._generative: tuple[str, LoadedBackbone] | None = None

    def backbone(self, plan: Plan, upstream: UpstreamWeights | None = None) -> LoadedBackbone:
        """Load the plan's backbone, or the upstream's form of it, with those of the encoder's further roles.

        One that trains is loaded afresh for every cell. Where none is needed, nothing is loaded.
        """
        if plan.backbone is None:
            return no_backbone()
        main = self._in_role(MAIN, plan, upstream)
        further = {role: self._in_role(role, plan, upstream) for role in plan.language_models}
        return replace(main, further=further) if further else main

    def _in_role(self, role: str, plan: Plan, upstream: UpstreamWeights | None) -> LoadedBackbone:
        frozen = use_of(plan.build("encoder"), role) == "frozen"
        key = json.dumps([self._backbone_key(plan, upstream, role), plan.save_model])
        kept = self._backbones.pop(role, None)
        if not frozen:
            return self._load(plan, upstream, role)
        if kept is None or kept[0] != key:
            del kept  # before another one takes its memory
            kept = (key, self._load_frozen(plan, upstream, role))
        self._backbones[role] = kept
        return kept[1]

    def _load_frozen(self, plan: Plan, upstream: UpstreamWeights | None, role: str) -> LoadedBackbone:
        backbone = self._deferred(plan, upstream, role)
        if backbone is None:
            backbone = self._load(plan, upstream, role)
            if _can_be_deferred(plan.backbone_of(role)):
                keep_facts(self.backbone_key(plan, role=role), backbone)
        return backbone

    def _load(self, plan: Plan, upstream: UpstreamWeights | None, role: str) -> LoadedBackbone:
        loaded = plan.backbone_of(role).load()
        if upstream is not None and _is_cells(plan, role):
            upstream.load_into(loaded.model)
        return loaded

    def _deferred(self, plan: Plan, upstream: UpstreamWeights | None, role: str) -> LoadedBackbone | None:
        """Return a frozen backbone whose model is loaded when it is needed, where its facts are known."""
        backbone = plan.backbone_of(role)
        if plan.save_model or not _can_be_deferred(backbone):
            return None

        def load() -> nn.Module:
            # Loading draws on generators that the cell has seeded by then.
            state = RandomState(self.device)
            model: nn.Module = self._load(plan, upstream, role).model
            state.restore()
            return model

        return deferred(self.backbone_key(plan, role=role), backbone, load)

    def generative(self, plan: Plan, precision: Precision, share: bool) -> LoadedBackbone:
        """Load the plan's backbone with its output layer; ``share``: the next cells have it too, and change nothing."""
        key = json.dumps([self._backbone_key(plan), precision])
        if share and self._generative is not None and self._generative[0] == key:
            return self._generative[1]
        # Before another one takes its memory.
        self._generative = None
        loaded = plan.backbone_of(MAIN).load_generative(precision)
        self._generative = (key, loaded) if share else None
        return loaded

    def identity(self, plan: Plan, role: str = MAIN) -> str:
        """Return the identity of the plan's backbone: another version has another."""
        if plan.backbone is None:
            return NO_BACKBONE
        key = self._backbone_key(plan, role=role)
        if key not in self._identities:
            self._identities[key] = plan.backbone_of(role).identity()
        return self._identities[key]

    def backbone_key(self, plan: Plan, upstream: UpstreamWeights | None = None, role: str = MAIN) -> str:
        """Name all that decides the output of the plan's backbone in a role: weights, options and code."""
        code = code_digests({"backbone": type(plan.backbone_of(role))})
        return json.dumps([self._backbone_key(plan, upstream, role), self.identity(plan, role), code])

    def preparation(self, key: str) -> Preparation | None:
        """Return the preparation of this key if it is kept."""
        if key in self._preparations:
            self._preparations.move_to_end(key)
        return self._preparations.get(key)

    def keep(self, key: str, preparation: Preparation) -> None:
        """Keep a preparation; the one that was not asked for the longest makes room."""
        self._preparations[key] = preparation
        if len(self._preparations) > _PREPARATIONS:
            self._preparations.popitem(last=False)

    def preparation_key(self, plan: Plan, fingerprint: str, upstream: UpstreamWeights | None = None) -> str:
        """Name everything that a preparation depends on."""
        covered = {
            "data": fingerprint,
            "dialogues": plan.resolved.slot("dialogues"),
            "limit": plan.limit,
            "dev_only": plan.dev_only,
            "labels": [plan.dataset.labels, plan.dataset.words()],
            "backbone": self._backbone_key(plan, upstream),
            "encoder": [_full_name(plan.components["encoder"]), plan.resolved.slot("encoder")],
            "features": plan.features,
            "training": [plan.resolved.values[f"training.{name}"] for name in ("standardise", "precision")],
        }
        return json.dumps(covered, sort_keys=True)

    def _backbone_key(self, plan: Plan, upstream: UpstreamWeights | None = None, role: str = MAIN) -> str:
        if plan.backbone is None:
            return NO_BACKBONE
        if not _is_cells(plan, role):
            further = plan.language_models[role]
            return json.dumps([_full_name(type(plan.backbone_of(role))), further.options()], sort_keys=True)
        weights = [] if upstream is None else [upstream.identity()]
        return json.dumps([_full_name(plan.backbone), plan.resolved.slot("backbone"), *weights], sort_keys=True)


def _is_cells(plan: Plan, role: str) -> bool:
    """Whether a role has the cell's backbone, which an upstream may have trained."""
    return role == MAIN or plan.language_models[role].component is None


def _can_be_deferred(backbone: Backbone) -> TypeGuard[PretrainedBackbone]:
    """Whether nothing but ``load`` of the core makes the model."""
    return isinstance(backbone, PretrainedBackbone) and type(backbone).load is PretrainedBackbone.load


def _full_name(component: type) -> str:
    return f"{component.__module__}.{component.__qualname__}"
