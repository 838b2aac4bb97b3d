"""``model.json``: the parts of a saved model, and notes for its user."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from erc_bench.errors import ErcBenchError
from erc_bench.planning.plan import Plan
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.plugin_host.provenance import versions
from erc_bench.store.layout import MODEL_FILE

FORMAT = 1
_MANY = 10_000


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

    ``components`` are by slot (encoder, objective, classifier and backbone; or system alone), ``readouts`` the further
    classifiers by name. ``words`` name those whose states are stored, ``extra_state`` holds what modules keep
    beside tensors, by part. ``degenerate`` says of which readings the test scores were, and why.
    """

    method: str
    dataset: str
    backbone: str
    seed: int
    settings_hash: str
    labels: list[str]
    label_words: list[str]
    scored_labels: list[str]
    headline_metric: str
    sees_future: bool
    dev_only: bool
    limit: int | None
    degenerate: dict[str, str]
    test_score: float | None
    components: dict[str, SavedComponent]
    readouts: dict[str, SavedComponent]
    settings: dict[str, Any]
    regime: str
    versions: dict[str, str]
    backbone_identity: str = ""
    maximum_length: int = 0
    train_counts: list[int] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)
    extra_state: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
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
    try:
        content = json.loads(file.read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ErcBenchError(f"{file} cannot be read: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise ErcBenchError(f"{file} has format {found!r}, this version reads format {FORMAT}")
    wrong = [each.name for each in fields(Description) if not _fits(content.get(each.name), str(each.type))]
    if not wrong:
        wrong = _contradictions(content)
    if wrong:
        raise ErcBenchError(f"{file} has no valid {wrong[0]!r}")
    known = {each.name: content[each.name] for each in fields(Description)}
    for name in ("components", "readouts"):
        known[name] = {slot: SavedComponent(**component) for slot, component in known[name].items()}
    return Description(**known)


def _contradictions(content: Mapping[str, Any]) -> list[str]:
    """Name the fields that do not go together with the others."""
    slots = content["components"].keys()
    classes = len(content["labels"])
    return [
        name
        for name, holds in (
            ("labels", 0 < classes == len(set(content["labels"]))),
            ("label_words", len(content["label_words"]) == classes),
            ("components", slots in ({"system"}, {"encoder", "objective", "classifier", "backbone"})),
            ("components", all(each["kind"] == slot for slot, each in content["components"].items())),
            ("readouts", all(each["kind"] == "classifier" for each in content["readouts"].values())),
            ("train_counts", slots == {"system"} or len(content["train_counts"]) == classes),
            ("regime", content["regime"] in ("frozen", "small", "large")),
        )
        if not holds
    ]


def _is_list_of(kind: type) -> Any:
    return lambda value: isinstance(value, list) and len(value) < _MANY and all(type(each) is kind for each in value)


def _is_dict_of(fits: Any) -> Any:
    return lambda value: isinstance(value, dict) and all(fits(each) for each in value.values())


def _is_component(value: Any) -> bool:
    names = {each.name for each in fields(SavedComponent)}
    return isinstance(value, dict) and value.keys() == names and all(isinstance(v, str) for v in value.values())


_is_texts = _is_list_of(str)
_FITS: Mapping[str, Any] = {
    "str": lambda value: isinstance(value, str),
    "int": lambda value: type(value) is int,
    "bool": lambda value: type(value) is bool,
    "int | None": lambda value: value is None or type(value) is int,
    "float | None": lambda value: value is None or type(value) in (int, float),
    "list[str]": _is_texts,
    "list[int]": _is_list_of(int),
    "list[list[str]]": lambda value: isinstance(value, list) and all(map(_is_texts, value)),
    "dict[str, str]": _is_dict_of(lambda value: isinstance(value, str)),
    "dict[str, Any]": lambda value: isinstance(value, dict),
    "dict[str, dict[str, Any]]": _is_dict_of(lambda value: isinstance(value, dict)),
    "dict[str, SavedComponent]": _is_dict_of(_is_component),
}


def _fits(value: Any, annotation: str) -> bool:
    return bool(_FITS[annotation](value))
