"""Everything that a plugin may import, and what a notebook needs: ``import erc_bench.api as erc``.

Names are resolved when they are first used, so that a dataset plugin does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erc_bench.contracts.backbone import Backbone as Backbone
    from erc_bench.contracts.backbone import LoadedBackbone as LoadedBackbone
    from erc_bench.contracts.classifier import Classifier as Classifier
    from erc_bench.contracts.dataset import DataFile as DataFile
    from erc_bench.contracts.dataset import Dataset as Dataset
    from erc_bench.contracts.dataset import Layout as Layout
    from erc_bench.contracts.dataset import SplitCounts as SplitCounts
    from erc_bench.contracts.dialogue_encoder import DialogueEncoder as DialogueEncoder
    from erc_bench.contracts.encoder import Encoded as Encoded
    from erc_bench.contracts.encoder import Encoder as Encoder
    from erc_bench.contracts.encoder import EncoderBatch as EncoderBatch
    from erc_bench.contracts.encoder import Example as Example
    from erc_bench.contracts.encoder import TokenRow as TokenRow
    from erc_bench.contracts.hookspecs import hookimpl as hookimpl
    from erc_bench.contracts.losses import FeatureQueue as FeatureQueue
    from erc_bench.contracts.losses import PendingBatches as PendingBatches
    from erc_bench.contracts.losses import RandomStream as RandomStream
    from erc_bench.contracts.losses import all_but_self as all_but_self
    from erc_bench.contracts.losses import at_least_float32 as at_least_float32
    from erc_bench.contracts.losses import class_means as class_means
    from erc_bench.contracts.losses import contrastive_loss as contrastive_loss
    from erc_bench.contracts.losses import cosine as cosine
    from erc_bench.contracts.losses import cosine_scale as cosine_scale
    from erc_bench.contracts.losses import follow as follow
    from erc_bench.contracts.losses import log_prior as log_prior
    from erc_bench.contracts.losses import masked_log_softmax as masked_log_softmax
    from erc_bench.contracts.losses import masked_logsumexp as masked_logsumexp
    from erc_bench.contracts.losses import masked_mean as masked_mean
    from erc_bench.contracts.losses import positives as positives
    from erc_bench.contracts.method import Method as Method
    from erc_bench.contracts.objective import EpochView as EpochView
    from erc_bench.contracts.objective import Objective as Objective
    from erc_bench.contracts.objective import Step as Step
    from erc_bench.contracts.observer import ObservedEpoch as ObservedEpoch
    from erc_bench.contracts.observer import ObservedResult as ObservedResult
    from erc_bench.contracts.observer import ObservedRun as ObservedRun
    from erc_bench.contracts.observer import Observer as Observer
    from erc_bench.contracts.options import option as option
    from erc_bench.contracts.system import System as System
    from erc_bench.contracts.task import Outputs as Outputs
    from erc_bench.contracts.task import Task as Task
    from erc_bench.contracts.task import View as View
    from erc_bench.contracts.turns import Turns as Turns
    from erc_bench.contracts.turns import masked_softmax as masked_softmax
    from erc_bench.contracts.types import Dialogue as Dialogue
    from erc_bench.contracts.types import Splits as Splits
    from erc_bench.contracts.types import Utterance as Utterance
    from erc_bench.contracts.types import UtteranceKey as UtteranceKey
    from erc_bench.contracts.utterance_rows import UtteranceRows as UtteranceRows
    from erc_bench.corpora.folder import layout_in as layout_in
    from erc_bench.corpora.folder import matching_files as matching_files
    from erc_bench.corpora.reading import Row as Row
    from erc_bench.corpora.reading import clean_text as clean_text
    from erc_bench.corpora.reading import expect as expect
    from erc_bench.corpora.reading import known_label as known_label
    from erc_bench.corpora.reading import member as member
    from erc_bench.corpora.reading import read_csv as read_csv
    from erc_bench.corpora.reading import read_json as read_json
    from erc_bench.corpora.reading import read_lines as read_lines
    from erc_bench.corpora.reading import read_text as read_text
    from erc_bench.errors import ErcBenchError as ErcBenchError
    from erc_bench.experiments.cells import load_epochs as load_epochs
    from erc_bench.experiments.cells import load_predictions as load_predictions
    from erc_bench.experiments.compare import compare as compare
    from erc_bench.experiments.frames import load_runs as load_runs
    from erc_bench.experiments.installed import components as components
    from erc_bench.experiments.load_model import load_model as load_model
    from erc_bench.experiments.result import Experiment as Experiment
    from erc_bench.experiments.run import run as run
    from erc_bench.experiments.view import ComparisonView as ComparisonView
    from erc_bench.pretrained.backbone import PretrainedBackbone as PretrainedBackbone
    from erc_bench.pretrained.backbone import cast_attention_biases as cast_attention_biases
    from erc_bench.pretrained.files import read_tensors as read_tensors
    from erc_bench.training.saved_models.saved_model import Prediction as Prediction
    from erc_bench.training.saved_models.saved_model import SavedModel as SavedModel

_NAMES = {
    "contracts.backbone": "Backbone LoadedBackbone",
    "contracts.classifier": "Classifier",
    "contracts.dataset": "DataFile Dataset Layout SplitCounts",
    "contracts.dialogue_encoder": "DialogueEncoder",
    "contracts.encoder": "Encoded Encoder EncoderBatch Example TokenRow",
    "contracts.hookspecs": "hookimpl",
    "contracts.losses": (
        "FeatureQueue PendingBatches RandomStream all_but_self at_least_float32 class_means contrastive_loss "
        "cosine cosine_scale follow log_prior masked_log_softmax masked_logsumexp masked_mean positives"
    ),
    "contracts.method": "Method",
    "contracts.objective": "EpochView Objective Step",
    "contracts.observer": "ObservedEpoch ObservedResult ObservedRun Observer",
    "contracts.options": "option",
    "contracts.system": "System",
    "contracts.task": "Outputs Task View",
    "contracts.turns": "Turns masked_softmax",
    "contracts.types": "Dialogue Splits Utterance UtteranceKey",
    "contracts.utterance_rows": "UtteranceRows",
    "corpora.folder": "layout_in matching_files",
    "corpora.reading": "Row clean_text expect known_label member read_csv read_json read_lines read_text",
    "errors": "ErcBenchError",
    "experiments.cells": "load_epochs load_predictions",
    "experiments.compare": "compare",
    "experiments.frames": "load_runs",
    "experiments.installed": "components",
    "experiments.load_model": "load_model",
    "experiments.result": "Experiment",
    "experiments.run": "run",
    "experiments.view": "ComparisonView",
    "pretrained.backbone": "PretrainedBackbone cast_attention_biases",
    "pretrained.files": "read_tensors",
    "training.saved_models.saved_model": "Prediction SavedModel",
}
_HOME = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_HOME)  # noqa: PLE0605 (the names are the keys above)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'erc_bench.api' has no attribute {name!r}{_meant(name)}")
    value = getattr(import_module(f"erc_bench.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def _meant(name: str) -> str:
    # What looks a module over (a debugger, a notebook) asks for names of its own.
    if name.startswith("_"):
        return ""
    from erc_bench.names import did_you_mean

    near = did_you_mean(name, __all__)
    return f"; {near}" if near.startswith("did you mean") else ""


def __dir__() -> list[str]:
    return list(__all__)
