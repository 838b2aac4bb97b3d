"""What is already there for a cell, and whether it must run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from erc_bench.contracts.language_models import MAIN
from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import NO_BACKBONE
from erc_bench.planning.run_requests import Overwrite
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.store.arrays import REPRESENTATIONS, array_names
from erc_bench.store.layout import MODEL_FILE, MODEL_FOLDER
from erc_bench.store.reading import read_cell, read_status
from erc_bench.training.core_versions import versions_used

Tell = Callable[[str], None]
"""Takes one sentence about what could not be looked at."""


class Looks:
    """Remembers what was seen; what cannot be looked at is told once and counts as unchanged."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._known: dict[str, str | None] = {}
        self._told: set[str] = set()

    def once(self, key: str, what: str, look: Callable[[], str]) -> str | None:
        """Look, once for the same key; ``None`` where that cannot be done."""
        if key not in self._known:
            try:
                self._known[key] = look()
            # A dataset and a backbone are a stranger's code, and their files may be gone.
            except Exception as error:
                self._known[key] = None
                self.failed(what, error)
        return self._known[key]

    def failed(self, what: str, error: Exception) -> None:
        """Tell in a sentence what stood in the way of looking."""
        reason = error.message if isinstance(error, ErcBenchError) else f"{type(error).__name__}: {error}"
        sentence = f"{what} was not looked at: {' '.join(reason.split())}"
        if sentence not in self._told:
            self._told.add(sentence)
            self._tell(sentence)


def inputs(plan: Plan, fingerprint: str | None, identity: str | None) -> dict[str, Any]:
    """Return what a stored cell must still agree with, else it is stale; ``None`` is what was not looked at."""
    code = code_digests(plan.code())
    return {"data": fingerprint, "backbone": identity, "code": code, "core": versions_used(plan.resolved.values)}


def joined_identity(main: str, further: Mapping[str, str]) -> str:
    """Return the identity of all backbones of a cell; ``further`` are those of roles that have one of their own."""
    return "; ".join([main, *(f"{role}: {identity}" for role, identity in further.items())])


class _Identities(Protocol):
    """Knows the identity of a plan's backbones."""

    def identity(self, plan: Plan, role: str = MAIN) -> str:
        """Return the identity of the backbone of a role."""


def identity_of(plan: Plan, backbones: _Identities) -> str:
    """Return the identity of all backbones of a cell, as its record has it."""
    if plan.backbone is None:
        return NO_BACKBONE
    further = {role: backbones.identity(plan, role) for role in plan.roles_apart()}
    return joined_identity(backbones.identity(plan), further)


State = Literal["missing", "done", "failed", "stale"]

RUNS_UNDER: Mapping[Overwrite, frozenset[State]] = {
    "missing": frozenset({"missing"}),
    "failed": frozenset({"missing", "failed"}),
    "stale": frozenset({"missing", "failed", "stale"}),
    "always": frozenset({"missing", "failed", "stale", "done"}),
}
"""Which cells each value of ``--overwrite`` runs; each includes the ones before it."""


@dataclass(frozen=True)
class Found:
    """The state of a cell's folder and a line about it."""

    state: State
    reason: str = ""
    record: Mapping[str, Any] | None = None


def find(folder: Path, present_inputs: Mapping[str, Any], plan: Plan) -> Found:
    """Look at a cell's folder.

    ``present_inputs`` is what its data, backbone and code are now; the plan says which further classifiers must have
    read it, and whether scores of every epoch, representations of test and the trained model must be there.
    """
    if not folder.is_dir():
        return Found("missing")
    cell = read_cell(folder)
    if cell.status == "failed":
        then = _inputs_of_failed(folder)
        repaired = changes(then, present_inputs) if then else []
        return Found("missing", f"{' and '.join(repaired)} changed since") if repaired else Found("failed", cell.error)
    if cell.status != "done":
        return Found("missing", cell.error)
    unread = [name for name in plan.readouts if name not in cell.record.get("readouts", [])]
    if unread:
        return Found("missing", f"it has not been read by {' and '.join(unread)} yet")
    asked_and_lacking = (
        (plan.audit and not cell.record.get("audit"), "it has not been audited yet"),
        (plan.save_representations and not _represents(folder), "its representations have not been stored yet"),
        (plan.save_model and not (folder / MODEL_FOLDER / MODEL_FILE).is_file(), "its model has not been saved yet"),
    )
    reason = next((reason for lacks, reason in asked_and_lacking if lacks), "")
    if reason:
        return Found("missing", reason)
    changed = changes(cell.record.get("inputs", {}), present_inputs)
    if changed:
        return Found("stale", f"{' and '.join(changed)} changed since", cell.record)
    return Found("done", record=cell.record)


def _represents(folder: Path) -> bool:
    # What cannot be read is not there, and the cell writes it again.
    try:
        return REPRESENTATIONS in array_names(folder)
    except ErcBenchError:
        return False


def _inputs_of_failed(folder: Path) -> Mapping[str, Any]:
    then = read_status(folder).get("inputs", {})
    return then if isinstance(then, dict) else {}


def changes(stored: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    """Name what is no longer as it was when the cell ran; what is ``None`` now was not looked at."""
    looked_at = [name for name in ("data", "backbone") if present[name] is not None]
    named = [f"the {name}" for name in looked_at if stored.get(name) != present[name]]
    if not isinstance(stored.get("core"), dict) or not isinstance(stored.get("code", {}), dict):
        # Digests of that time covered other text: they would name every component.
        return [*named, "the core, which had no versions then,"]
    old = stored.get("code", {})
    named += [f"the code of {slot}" for slot, digest in present["code"].items() if old.get(slot) != digest]
    return named + [
        f"the core's {part} ({stored['core'].get(part, 'none')} → {version})"
        for part, version in present["core"].items()
        if stored["core"].get(part) != version
    ]
