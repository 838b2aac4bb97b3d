"""``model.json``: the parts of a saved model, and notes for its user."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, convert

from erc_bench.contracts.options import Regime
from erc_bench.errors import ErcBenchError, naming
from erc_bench.planning.plan import Plan
from erc_bench.planning.request import NO_BACKBONE
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.plugin_host.provenance import versions
from erc_bench.store.file_contents import Content
from erc_bench.store.layout import MODEL_FILE
from erc_bench.training.saved_models.files import AGAIN
from erc_bench.validation import json_object, place_of

FORMAT = 1
Texts = Annotated[list[str], Meta(max_length=10_000)]


@dataclass(frozen=True)
class SavedComponent:
    """A component that a model needs: its name, its package, and a digest of its code."""

    kind: str
    name: str
    module: str
    code: str


@dataclass(frozen=True)
class Description:
    """Everything about a saved model except its tensors.

    ``components`` are by slot (encoder, objective, classifier and, where one is needed, backbone; or system alone),
    ``readouts`` the further classifiers by name, ``further_backbones`` those of language models beside the backbone by
    role, ``feature_dims`` the numbers of a turn in each feature that the encoder reads. ``words`` name those whose
    states are stored, ``extra_state`` holds the modules' state beside tensors, by part. ``degenerate`` says of which
    readings the test scores were, and why.
    """

    method: str
    dataset: str
    backbone: str
    seed: int
    settings_hash: str
    labels: Texts
    label_words: Texts
    scored_labels: Texts
    headline_metric: str
    sees_future: bool
    dev_only: bool
    limit: int | None
    degenerate: dict[str, str]
    test_score: float | None
    components: dict[str, SavedComponent]
    readouts: dict[str, SavedComponent]
    settings: dict[str, Any]
    regime: Regime
    versions: dict[str, str]
    backbone_identity: str = ""
    maximum_length: int = 0
    further_backbones: dict[str, SavedComponent] = field(default_factory=dict)
    further_lengths: dict[str, int] = field(default_factory=dict)
    feature_dims: dict[str, int] = field(default_factory=dict)
    train_counts: list[int] = field(default_factory=list)
    words: list[Texts] = field(default_factory=list)
    extra_state: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, Content] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def is_system(self) -> bool:
        """Whether the model is a system of its own, not a composition of slots."""
        return "system" in self.components

    @property
    def label(self) -> str:
        """Name the model in one line."""
        return f"{self.dataset} · {self.method} · {self.backbone} · seed {self.seed}"

    def readings(self) -> list[str]:
        """Return the names of the classifiers that can answer, the method's own first."""
        own = self.components["system" if self.is_system else "classifier"].name
        return [own, *self.readouts]

    def text(self) -> str:
        """Return the content of the file; raises ``ValueError`` for values that JSON cannot hold."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def describe(plan: Plan, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a description that the plan and the record of a cell give."""
    backbone = {} if plan.backbone is None else {"backbone": plan.backbone}
    test = record["metrics"]["test"]
    own = plan.choices().get("classifier") or plan.choices()["system"]
    degenerate = {own: record["degenerate"]}
    degenerate |= {name: of["degenerate"] for name, of in record["readouts_metrics"].items()}
    return {
        **{name: record[name] for name in ("method", "dataset", "backbone", "seed", "settings_hash", "regime")},
        **{name: record[name] for name in ("sees_future", "dev_only", "limit", "headline_metric")},
        **{name: list(record[name]) for name in ("labels", "scored_labels")},
        "label_words": list(plan.dataset.words()),
        "degenerate": {name: reason for name, reason in degenerate.items() if reason},
        "test_score": None if test is None else test[record["headline_metric"]],
        "components": {
            slot: _component(slot, component) for slot, component in {**plan.components, **backbone}.items()
        },
        "readouts": {name: _component("classifier", component) for name, component in plan.readouts.items()},
        "settings": json.loads(json.dumps(dict(plan.resolved.values), default=list)),
        "further_backbones": {
            role: _component("backbone", type(plan.backbone_of(role))) for role in plan.language_models
        },
        "versions": versions(),
        "backbone_identity": record["inputs"]["backbone"],
    }


def _component(kind: str, component: Any) -> SavedComponent:
    module = f"{component.__module__}.{component.__qualname__}"
    return SavedComponent(kind, str(component.name), module, code_digests({kind: component})[kind])


def read_description(folder: Path) -> Description:
    """Read ``model.json``.

    Raises :class:`ErcBenchError` where it is missing, damaged, of another version, or holds something else.
    """
    file = folder / MODEL_FILE
    with naming(f"{file} cannot be read"):
        content = json_object(file.read_bytes(), str(file))
    if content.get("format") != FORMAT:
        raise ErcBenchError(f"{file} has format {content.get('format')!r}, this version reads format {FORMAT}")
    try:
        description = convert(content, Description)
        wrong = _contradictions(description)
    except ValueError as error:
        wrong = [place_of(error).partition(".")[0]]
    if wrong:
        raise ErcBenchError(f"{file} has no valid {wrong[0]!r}", AGAIN)
    return description


def _contradictions(said: Description) -> list[str]:
    """Name the fields that do not go together with the others."""
    slots = said.components.keys()
    classes = len(said.labels)
    return [
        name
        for name, holds in (
            ("labels", 0 < classes == len(set(said.labels))),
            ("label_words", len(said.label_words) == classes),
            ("components", slots - {"backbone"} in ({"system"}, {"encoder", "objective", "classifier"})),
            ("components", ("backbone" in slots) != (said.backbone == NO_BACKBONE)),
            ("components", all(each.kind == slot for slot, each in said.components.items())),
            ("readouts", all(each.kind == "classifier" for each in said.readouts.values())),
            ("further_backbones", all(each.kind == "backbone" for each in said.further_backbones.values())),
            ("further_lengths", said.further_lengths.keys() == said.further_backbones.keys()),
            ("train_counts", said.is_system or len(said.train_counts) == classes),
        )
        if not holds
    ]
