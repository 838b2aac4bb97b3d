"""Which trainings are written down: every method, and every way of training, reading and choosing once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_FILES_OF_WORDS = {"knowledge": "concepts", "affect": "affect"}
READOUTS = ("head", "centroid", "probe", "tau-norm", "logit-adjusted")
ANCHOR_READOUTS = (*READOUTS, "nearest-anchor", "anchor")
_WITH_ANCHORS = ("eacl", "lacon")
_RECIPE = {
    "training.epochs": 2,
    "training.batch_size": 8,
    "training.encoder_lr": 2e-3,
    "training.head_lr": 5e-3,
    "training.schedule": "linear",
    "training.warmup": 0.2,
    "encoder.window": 3,
    "encoder.length": 64,
    "encoder.trainable": "all",
    # bfloat16 is computed in as many ways as there are processors.
    "training.precision": "float32",
}
_COGMEN = ("cogmen", "cogmen-causal", "cogmen-text", "cogmen-text-causal")
_MMGCN = ("mmgcn", "mmgcn-causal", "mmgcn-text", "mmgcn-text-causal")
DIALOGUE_SYSTEMS = (
    *("dag-erc", "dialogue-rnn", "dialogue-rnn-causal", "dialogue-gcn", "dialogue-gcn-causal"),
    *("dialogue-crn", "dialogue-crn-causal", "sacl", "sacl-causal"),
    *("dag-erc-hcl", "rgat", "rgat-causal", "gru", "dialogue-ein", "dialogue-ein-causal"),
    *("cosmic", "cosmic-causal", "cosmic-no-knowledge"),
    *("emocaps", "emocaps-causal"),
    *(*_COGMEN, *_MMGCN),
)
_SHORTER: Mapping[str, Mapping[str, Any]] = {
    **{
        name: {"training.head_lr": 5e-5, "encoder.layers": 1}
        for name in ("dialogue-ein", "dialogue-ein-causal", *_COGMEN)
    },
    "dialogue-crn": {"training.head_lr": 5e-5},
}
"""Settings of systems whose float32 rounds elsewhere by more than is allowed at the steps of all others."""
SYSTEMS = (
    *("majority", "llm-zero-shot", "llm-k-shot", "llm-zero-shot-written", "llm-k-shot-written"),
    *("llm-lora", "instructerc", "bioserc-context"),
)
_WITHOUT_WINDOW = ("utterance-ce", *DIALOGUE_SYSTEMS, "compm", "cog-bart", "cog-bart-causal")
LACKING = {**dict.fromkeys(_WITHOUT_WINDOW, ("encoder.window",)), **dict.fromkeys(SYSTEMS, tuple(_RECIPE))}
"""What of the recipe a method has no option for."""
FROZEN = {"encoder.trainable": "none", "training.standardise": True}
_FROZEN_MASK = FROZEN | {"encoder.pooling": "mask"}


@dataclass(frozen=True)
class Case:
    """One training: a method with settings; ``micro_batch`` is how many examples are encoded at once."""

    name: str
    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    readouts: tuple[str, ...] = ()
    micro_batch: int | None = None
    seed: int = 1
    backbone: str = "golden"

    def all_settings(self) -> dict[str, Any]:
        """Return the recipe of all cases with what is this case's own."""
        recipe = {address: value for address, value in _RECIPE.items() if address not in LACKING.get(self.method, ())}
        return {**recipe, **self.settings}


def _methods() -> list[Case]:
    names = (
        *("bcl", "ce", "kcl", "lacon", "majority", "spcl", "spcl-cl", "supcon", "supcon-outside", "tsc"),
        "utterance-ce",
        *("eacl", "eacl-literal", "eacl-official", "eacl-no-adaptation", "eacl-no-anchor-learning"),
        *("eacl-no-anchors", "eacl-no-ce", "eacl-no-inheritance"),
    )
    # Steps short enough that float32 rounds alike: at ten times the rate, attention amplifies the last bit.
    dialogues = {"upstream": "none", "training.batch_size": 3, "encoder.trainable": "none", "training.head_lr": 5e-4}
    return [
        *(Case(name, name, readouts=_readouts(name)) for name in names),
        *(Case(name, name, dialogues | _SHORTER.get(name, {}), _readouts(name)) for name in DIALOGUE_SYSTEMS),
    ]


def _readouts(method: str) -> tuple[str, ...]:
    if method == "majority":
        return ()
    return ANCHOR_READOUTS if method.startswith(_WITH_ANCHORS) else READOUTS


def _frozen() -> list[Case]:
    names = ("ce", "eacl", "spcl-cl", "tsc", "bcl", "lacon", "supcon")
    return [Case(f"{name} frozen", name, _FROZEN_MASK, _readouts(name)) for name in names]


def _varied(name: str, method: str, **settings: Any) -> Case:
    return Case(name, method, {address.replace("__", "."): value for address, value in settings.items()})


def _training() -> list[Case]:
    return [
        _varied("constant rates", "ce", training__schedule="constant", training__warmup=0.0),
        _varied("cosine rates", "ce", training__schedule="cosine"),
        _varied("halving rates", "ce", training__schedule="halving", training__warmup=0.0),
        _varied("accumulation", "eacl", training__accumulation=2, training__batch_size=7),
        _varied("balanced class weights", "ce", training__class_weights="balanced"),
        _varied("clipped", "supcon", training__clip=0.05),
        _varied("unclipped", "eacl-no-ce", training__clip=0.0, training__weight_decay=0.3),
        _varied("last epoch", "ce", training__selection="last"),
        _varied("average of epochs", "ce", training__selection="average-last-k", training__last_k=2),
        _varied("patience", "ce", training__epochs=5, training__patience=1, training__encoder_lr=1e-5),
        _varied("without dropout", "eacl", training__head_dropout=0.0),
        _varied("top layer", "ce", encoder__trainable=1),
        _varied("frozen, not standardised", "ce", encoder__trainable="none", encoder__pooling="mask"),
        Case("micro-batches", "eacl", micro_batch=3),
        Case("another seed", "spcl-cl", seed=2),
    ]


def _reading() -> list[Case]:
    return [
        _varied("template eacl, opening token", "ce", encoder__template="eacl", encoder__pooling="cls"),
        _varied("template spcl, requeried", "ce", encoder__template="spcl", encoder__requery=0.9, encoder__window=6),
        _varied("mean of tokens, no window", "ce", encoder__pooling="mean", encoder__window=0),
        _varied("too long", "ce", encoder__length=24, encoder__window=8),
        _varied("words of the prompt, frozen", "ce", encoder__trainable="none", training__standardise=True),
    ]


def _components() -> list[Case]:
    """Return what no method sets: the other values of each component's options."""
    return [
        _varied("eacl projected to 5", "eacl", objective__projection_dim=5, classifier__score="half-cosine"),
        _varied("eacl official, plain anchors", "eacl", objective__formulation="official", objective__lambda2=0.5),
        _varied("kcl left out", "kcl", objective__unused="left-out", objective__positives=2),
        _varied("kcl queue of 16", "kcl", objective__queue=16, objective__momentum=0.9),
        _varied("tsc queue of 16", "tsc", objective__queue=16, objective__momentum=0.9, objective__positives=2),
        _varied("spcl as printed", "spcl-cl", objective__formulation="paper", objective__support=4),
        _varied("spcl projected", "spcl", objective__projection=True, objective__threshold=0.1),
        _varied("lacon of 2 heads", "lacon", objective__heads=2),
        _varied("bcl to 6", "bcl", objective__projection_dim=6, objective__head_scale=5.0),
        _varied("probe in balance", "kcl", classifier__balanced=True, classifier__space="projected"),
        _varied("probe of z", "tsc", classifier__balanced=False, classifier__space="z"),
        _varied("centroid, projected", "spcl", classifier__space="projected", objective__projection=True),
        _varied("dag-erc reaching further", "dag-erc", upstream="none", encoder__speaker_turns=2, encoder__hidden=12),
        _varied("dialogue-rnn with listeners", "dialogue-rnn", upstream="none", encoder__listeners=True),
        _varied("dialogue-crn reasoning", "dialogue-crn", upstream="none", encoder__situation_turns=2),
        _varied("sacl on states", "sacl", upstream="none", objective__contrast="hidden", objective__rarity=True),
        *_two_models(),
        *_with_decoder(),
        *_of_words(),
        *_asked(),
        *_adapted(),
        _varied("supcon at .05", "supcon", objective__temperature=0.05, objective__contrastive_weight=1.0),
    ]


def _two_models() -> list[Case]:
    uses = {"": "trained", " frozen memory": "frozen", " memory from scratch": "scratch"}
    # Short steps: two language models amplify the last bit of float32 more than one.
    short = {"training.encoder_lr": 2e-4, "training.head_lr": 5e-4}
    return [
        *(Case(f"compm{name}", "compm", {**short, "encoder.memory": use}) for name, use in uses.items()),
        Case("compm frozen", "compm", FROZEN, READOUTS),
        Case("compm of a frozen context, official", "compm", _OF_A_FROZEN_CONTEXT | short, micro_batch=3),
    ]


def _of_words() -> list[Case]:
    short = {"training.encoder_lr": 5e-5, "training.head_lr": 5e-5, "training.epochs": 1}
    files = {f"encoder.{name}": str(_HERE / f"{file}.tsv") for name, file in _FILES_OF_WORDS.items()}
    return [
        Case("ket-no-knowledge", "ket-no-knowledge", short, READOUTS),
        Case("ket", "ket", short | files, READOUTS),
        Case("ket frozen", "ket", short | FROZEN | files | {"encoder.concepts_per_word": 1}),
    ]


def _with_decoder() -> list[Case]:
    # Chunks of four, for the dialogues have seven turns at most.
    short = {"training.encoder_lr": 2e-4, "training.head_lr": 5e-4, "training.batch_size": 4, "encoder.turns": 4}
    bart = partial(Case, backbone="golden-decoder")
    return [
        bart("cog-bart", "cog-bart", short, READOUTS),
        bart("cog-bart-causal", "cog-bart-causal", short, READOUTS),
        bart("cog-bart, top layer, micro-batches", "cog-bart", short | {"encoder.trainable": 1}, micro_batch=1),
        bart("cog-bart frozen", "cog-bart", short | FROZEN, READOUTS),
        Case("cog-bart without a decoder", "cog-bart", short | {"encoder.dropout": 0.0}),
        Case("cog-bart's loss on a prompt", "ce", _ON_A_PROMPT),
    ]


def _asked() -> list[Case]:
    asked = partial(Case, backbone="golden-writer")
    return [
        asked("llm-zero-shot", "llm-zero-shot"),
        asked("llm-k-shot", "llm-k-shot"),
        asked("llm-k-shot, any turns, a question, calibrated", "llm-k-shot", _CALIBRATED),
        asked("llm-zero-shot, bare, by the mean", "llm-zero-shot", {"system.template": "bare", "system.rule": "mean"}),
        *(asked(name, name, {"system.longest": 4}) for name in ("llm-zero-shot-written", "llm-k-shot-written")),
        asked("llm-lora", "llm-lora", {"system.epochs": 2, "system.rate": 1e-3}),
        *(asked(name, name, {"system.epochs": 1, "system.rate": 1e-3}) for name in ("instructerc", "bioserc-context")),
        asked("llm-lora of queries, keys, values", "llm-lora", _FEW_ADAPTERS),
    ]


def _adapted() -> list[Case]:
    short = {"encoder.trainable": "lora", "adapters.rank": 4, "training.encoder_lr": 1e-3, "training.head_lr": 5e-4}
    few = short | {"adapters.layers": "attention", "adapters.dropout": 0.2}
    writer = partial(Case, backbone="golden-writer")
    return [
        writer("llm-encoder", "llm-encoder", short | {"encoder.pooling": "native"}),
        writer("llm-eacl", "llm-eacl", short | {"encoder.pooling": "native"}, ANCHOR_READOUTS),
        Case("ce by adapters of queries, keys, values, micro-batches", "ce", few, micro_batch=3),
    ]


_FEW_ADAPTERS = {
    **{"system.adapted": "attention", "system.rank": 2, "system.dropout": 0.0, "system.micro_batch": 3},
    **{"system.epochs": 1, "system.rate": 1e-3, "system.batch_size": 8, "system.template": "bare"},
}
_CALIBRATED = {
    **{"system.demonstrations": "seeded", "system.template": "question", "system.rule": "calibrated"},
    **{"system.window": 1, "system.shot_window": 0},
}
_ON_A_PROMPT = {"objective": "cog-bart", "training.head_dropout": 0.3, "objective.contrastive_weight": 0.2}
_OF_A_FROZEN_CONTEXT = FROZEN | {"encoder.memory": "trained", "encoder.formulation": "official"}

CASES = (*_methods(), *_frozen(), *_training(), *_reading(), *_components())
