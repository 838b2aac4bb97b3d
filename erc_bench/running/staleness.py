"""Whether a cell is stale: asked of its record, or of a plan for a dry run; nothing is trained and nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from erc_bench.contracts.language_models import MAIN, SAME, backbone_option
from erc_bench.contracts.options import specs
from erc_bench.corpora.corpus import load_corpus
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import ANY_BACKBONE, NO_BACKBONE, look_up_backbone
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.running.state import Found, Looks, Tell, changes, find, inputs, joined_identity
from erc_bench.training.core_versions import versions_used

Record = Mapping[str, Any]


class Staleness:
    """Compares records with what is there now; what cannot be looked at is told once and counts as unchanged."""

    def __init__(self, catalogue: Catalogue, data_dir: Path | None, tell: Tell) -> None:
        self._catalogue = catalogue
        self._data_dir = data_dir
        self._looks = Looks(tell)

    def reasons(self, records: Iterable[tuple[Path, Record]]) -> dict[Path, str]:
        """Return why cells are stale, by their paths; those that are not are left out."""
        found = {path: self._reason(record) for path, record in records}
        return {path: reason for path, reason in found.items() if reason}

    def _reason(self, record: Record) -> str:
        stored = record.get("inputs", {})
        present = {
            "data": self._once(self._fingerprint, "dataset", record, f"the corpus {record['dataset']}"),
            "backbone": self._once(self._identity, "backbone", record, f"the backbone {record['backbone']}"),
            "code": self._code(record),
            "core": versions_used(record.get("settings", {})),
        }
        changed = changes(stored, present)
        return f"{' and '.join(changed)} changed since" if changed else ""

    def _once(self, look: Callable[[Record], str], slot: str, record: Record, what: str) -> str | None:
        """Look at the input of a slot, once for the same name and options."""
        further = list(_further_backbones(record)) if slot == "backbone" else []
        key = json.dumps([slot, record[slot], _settings(record, slot), *further], sort_keys=True)
        return self._looks.once(key, what, lambda: look(record))

    def _fingerprint(self, record: Record) -> str:
        dataset = self._get("dataset", record["dataset"], record)
        return load_corpus(dataset(_options(dataset, record, "dataset")), self._data_dir).fingerprint

    def _identity(self, record: Record) -> str:
        if record["backbone"] == NO_BACKBONE:
            return NO_BACKBONE
        backbone = self._backbone(record)
        identity: str = backbone(_options(backbone, record, "backbone")).identity()
        return joined_identity(identity, {role: self._further(name) for role, name in _further_backbones(record)})

    def _further(self, name: str) -> str:
        wrong: list[str] = []
        found = look_up_backbone(self._catalogue, name, wrong)
        if found is None:
            raise ErcBenchError(wrong[0])
        component, _, path = found
        return component(component.Options(**({"path": path} if path else {}))).identity()

    def _backbone(self, record: Record) -> Any:
        # What was named by a hub id or a folder has its address among the settings.
        named = record["backbone"] in self._catalogue.entries("backbone") or "path" not in _settings(record, "backbone")
        return self._get("backbone", record["backbone"] if named else ANY_BACKBONE, record)

    def _code(self, record: Record) -> dict[str, str]:
        """Return the digests of the components that are installed still; the others are told."""
        looked_up: dict[str, Callable[[], Any]] = {
            slot: lambda slot=slot, name=name: self._component(record, slot, name)  # type: ignore[misc]
            for slot, name in record.get("choices", {}).items()
            if slot != "upstream"  # the name of a method, whose components have slots of their own
        }
        for name in record.get("readouts", []):
            looked_up[name] = lambda name=name: self._get("classifier", name, record)  # type: ignore[misc]
        if record["backbone"] != NO_BACKBONE:
            looked_up["backbone"] = lambda: self._backbone(record)
        found = {}
        for slot, look_up in looked_up.items():
            try:
                found[slot] = look_up()
            except ErcBenchError as error:
                self._looks.failed(f"the code of the {slot}", error)
        return code_digests(found)

    def _component(self, record: Record, slot: str, name: str) -> Any:
        slot = slot.removeprefix("upstream.")
        if slot == "system":
            return self._get("method", record["method"], record).system
        return self._get(slot, name, record)

    def _get(self, kind: str, name: str, record: Record) -> Any:
        """Look a component up; where it may be that of a file which the cell ran with, the reason says so."""
        try:
            return self._catalogue.get(kind, name)
        except ErcBenchError as error:
            files = _plugin_files(record)
            if not files or name in self._catalogue.entries(kind):
                raise
            raise ErcBenchError(f"{error.message}; the cell ran with {' '.join(files)}: say so here, too") from None


def _plugin_files(record: Record) -> list[str]:
    stored = record.get("provenance", {}).get("plugins", [])
    named = [each.get("file") for each in stored if isinstance(each, dict)] if isinstance(stored, list) else []
    return [f"--plugin {file}" for file in named if isinstance(file, str)]


def _further_backbones(record: Record) -> Iterator[tuple[str, str]]:
    """Yield the roles of the encoder's language models that do not have the cell's backbone, and what they have."""
    for option, value in _settings(record, "encoder").items():
        role = option.removesuffix(backbone_option(""))
        if role != option and value != SAME:
            yield role, str(value)


def _settings(record: Record, slot: str) -> dict[str, Any]:
    prefix = f"{slot}."
    return {name.removeprefix(prefix): v for name, v in record.get("settings", {}).items() if name.startswith(prefix)}


def _options(component: Any, record: Record, slot: str) -> Any:
    """Build a component's options as the record has them; raise ``ValueError`` where they are no longer admitted."""
    declared = specs(component.Options)
    settings = _settings(record, slot)
    return component.Options(**{name: declared[name].convert(v) for name, v in settings.items() if name in declared})


class Outlook:
    """Finds the cells of plans as :class:`GridRunner` does.

    A corpus or a backbone that cannot be looked at is told once, and counts as unchanged.
    """

    def __init__(self, runs: Path, data_dir: Path | None, tell: Tell) -> None:
        self._runs = runs
        self._data_dir = data_dir
        self._looks = Looks(tell)

    def find(self, plan: Plan) -> Found:
        """Return what is there for a cell; corpus and backbone are looked at where something is."""
        folder = plan.address.folder(self._runs)
        if not folder.is_dir():
            return Found("missing")
        fingerprint = self._once(self._fingerprint, plan, "dataset", f"the corpus {plan.address.dataset}")
        identity = self._once(self._identity, plan, "backbone", f"the backbone {plan.address.backbone}")
        return find(folder, inputs(plan, fingerprint, identity), plan)

    def _once(self, look: Callable[[Plan], str], plan: Plan, slot: str, what: str) -> str | None:
        apart = {role: str(plan.language_models[role]) for role in plan.roles_apart()} if slot == "backbone" else {}
        key = json.dumps([what, plan.resolved.slot(slot), apart], sort_keys=True)
        return self._looks.once(key, what, lambda: look(plan))

    def _fingerprint(self, plan: Plan) -> str:
        return load_corpus(plan.dataset(plan.build("dataset", plan.dataset)), self._data_dir).fingerprint

    def _identity(self, plan: Plan) -> str:
        if plan.backbone is None:
            return NO_BACKBONE
        further = {role: plan.backbone_of(role).identity() for role in plan.roles_apart()}
        return joined_identity(plan.backbone_of(MAIN).identity(), further)
