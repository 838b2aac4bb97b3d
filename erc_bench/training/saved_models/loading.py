"""From the folder of a saved model to something that scores dialogues. Nothing is fetched and nothing unpickled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from erc_bench.contracts.adapters import AdapterOptions
from erc_bench.contracts.component import wanted_features
from erc_bench.contracts.dataset import Dataset
from erc_bench.contracts.language_models import MAIN, attribute_of
from erc_bench.contracts.method import Method
from erc_bench.contracts.no_language_model import no_backbone
from erc_bench.contracts.options import specs
from erc_bench.contracts.system import System
from erc_bench.contracts.types import Dialogue, UtteranceKey
from erc_bench.errors import ErcBenchError
from erc_bench.names import did_you_mean
from erc_bench.planning.adapters import SLOT as ADAPTERS
from erc_bench.planning.features import SLOT as FEATURES
from erc_bench.planning.further_backbone import FurtherBackbone
from erc_bench.planning.plan import Plan
from erc_bench.planning.settings import Resolved, TrainingOptions
from erc_bench.plugin_host.catalogue import Catalogue
from erc_bench.plugin_host.code_digests import code_digests
from erc_bench.plugin_host.plugin_files import file_of_module
from erc_bench.pretrained.adapters import load_adapters
from erc_bench.store.layout import CellAddress
from erc_bench.training.assembly import Assembly
from erc_bench.training.device import one_thread
from erc_bench.training.features import FeatureCache, Uncached
from erc_bench.training.file_features import FileFeatures
from erc_bench.training.generative import check_same, context_of
from erc_bench.training.preparation import CellData, Preparer
from erc_bench.training.process_state import turn
from erc_bench.training.readout import scores_of
from erc_bench.training.saved_models.adapted import PART, is_adapted, is_saved, load_named
from erc_bench.training.saved_models.description import Description, SavedComponent
from erc_bench.training.saved_models.files import (
    BACKBONE_WEIGHTS,
    SYSTEM_FOLDER,
    backbone_folder,
    option_file,
    refuse_other_types,
)
from erc_bench.training.saved_models.module_state import put_back
from erc_bench.training.saved_models.storing import Saved, language_models_of, read_weights, rebuild
from erc_bench.training.system_cell import scores_of_system
from erc_bench.training.workspace import Workspace

Scored = tuple[list[UtteranceKey], np.ndarray]
"""Scored utterances, and a row of scores for each, (n, classes)."""
Answer = Callable[[Sequence[Dialogue], FileFeatures], Scored]
"""From sealed dialogues, and the vectors of their turns that the encoder reads, to their scores."""


class Loader:
    """Puts the model of one folder together with the components that are installed."""

    def __init__(self, folder: Path, description: Description, catalogue: Catalogue, device: torch.device) -> None:
        self.folder = folder
        self.description = description
        self.device = device
        self.tokenizer: Any = None
        self._catalogue = catalogue
        self._components = {slot: self._look_up(component) for slot, component in description.components.items()}

    def changed(self, reading: str) -> Iterator[str]:
        """Name changes since training: of the corpus, and of the code of the components that answer."""
        if self.description.dataset not in self._catalogue.entries("dataset"):
            yield (
                f"the dataset {self.description.dataset!r} is not installed here: texts are read as they stand, without"
                " what it changes in its own"
            )
        needed = dict(self.description.components)
        if reading in self.description.readouts:
            needed["classifier"] = self.description.readouts[reading]
        for component in needed.values():
            present = code_digests({"": self._look_up(component)})[""]
            if present != component.code:
                yield (
                    f"the code of the {component.kind} {component.name!r} has changed since the model was saved: its"
                    " answers may no longer be those that were tested"
                )

    def normalise(self) -> Callable[[str], str]:
        """Return the corpus's normalisation of texts; where it is not installed, they stay as they are."""
        corpus = self._catalogue.entries("dataset").get(self.description.dataset)
        return Dataset.normalise if corpus is None else corpus.component.normalise

    def answers(self, reading: str) -> Answer:
        """Return a function that scores dialogues with one of the model's classifiers; threads wait for one another."""
        with turn(self.device):
            answer = self._system() if self.description.is_system else self._composition(reading)

        def in_turn(dialogues: Sequence[Dialogue], features: FileFeatures) -> Scored:
            with turn(self.device):
                return answer(dialogues, features)

        return in_turn

    def _system(self) -> Answer:
        component = self._components["system"]
        paths = {address.partition(".")[2]: path for address, path in self._option_files().items()}
        system: System = component(component.Options(**{**self._settings("system", component.Options), **paths}))
        if not component.can_be_saved():
            raise ErcBenchError(f"the system {component.name!r} that is installed here cannot be loaded: it lacks load")
        plan = self._plan()
        check_same(plan, self.description.backbone_identity)
        system.load(self.folder / SYSTEM_FOLDER, context_of(plan, Workspace(self.device)))
        classes = len(self.description.labels)
        return lambda dialogues, _: scores_of_system(system, dialogues, classes)

    def _composition(self, reading: str) -> Answer:
        saved = Saved.read(self.folder)
        plan = self._plan()
        self._check_features(plan)
        widths = FileFeatures(self.description.feature_dims, {name: {} for name in self.description.feature_dims})
        assembly = Assembly(plan, CellData((), (), None, widths), "", Workspace(self.device))
        encoder, row_encoder = assembly.around(self._backbone(plan))
        self.tokenizer = encoder.tokenizer
        own: dict[str, torch.Tensor] = {}
        for role, model in language_models_of(encoder).items():
            if is_adapted(plan, role):
                load_adapters(model, saved.part(PART)[0])
            else:
                self._put_back_weights(model, role)
            own |= {f"{attribute_of(role)}.{name}": value for name, value in model.state_dict().items()}
        tensors, extra = saved.part("encoder")
        put_back(encoder, {**own, **tensors}, extra, f"the encoder {encoder.name!r}")
        composition, classifiers = rebuild(assembly, (encoder, row_encoder), saved)
        composition.set_training(False)
        standardiser = saved.standardiser(encoder)
        further: dict[str, FeatureCache | Uncached] = {role: Uncached() for role in encoder.language_models}
        preparer = Preparer(encoder, row_encoder, Uncached(), plan.dataset.labels, further_caches=further)
        classifier, classes = classifiers[reading], len(self.description.labels)

        def answer(dialogues: Sequence[Dialogue], features: FileFeatures) -> Scored:
            # As in the cell: on frozen states one core is quicker, and the answer hangs on no number of them.
            with one_thread(self.device) if preparer.frozen else nullcontext():
                reader = replace(preparer, features=features)
                outputs = composition.represent(reader.evaluation_split(dialogues, standardiser))
                scores = scores_of(classifier, outputs, classes).softmax(-1)
            return list(outputs.keys), scores.cpu().numpy()

        return answer

    def _put_back_weights(self, model: Any, role: str) -> None:
        place = backbone_folder(self.folder, role) / BACKBONE_WEIGHTS
        put_back(model, read_weights(place), {}, "the language model")

    def _check_features(self, plan: Plan) -> None:
        """Raise where the installed encoder reads other features than those whose widths were saved."""
        wanted = wanted_features(plan.components["encoder"], plan.build("encoder"))
        if other := set(wanted) ^ set(self.description.feature_dims):
            raise ErcBenchError(
                f"the saved model's encoder reads {', '.join(wanted) or 'no feature'}, and the model was not saved so:"
                f" {', '.join(sorted(other))}",
                "Install the version that saved it, or run it again with --save-model.",
            )

    def _backbone(self, plan: Plan) -> Any:
        if plan.backbone is None:
            return no_backbone()
        lengths = {MAIN: self.description.maximum_length, **self.description.further_lengths}
        loaded = {role: self._language_model(plan, role, lengths[role]) for role in (MAIN, *plan.language_models)}
        return replace(loaded.pop(MAIN), further=loaded)

    def _language_model(self, plan: Plan, role: str, maximum_length: int) -> Any:
        backbone = plan.backbone_of(role)
        if is_adapted(plan, role) and not is_saved(self.folder, role):
            loaded = load_named(plan, role, self.description.backbone_identity)
            return replace(loaded, maximum_length=maximum_length)
        refuse_other_types(backbone_folder(self.folder, role) / BACKBONE_WEIGHTS)
        if not backbone.can_be_saved():
            raise ErcBenchError(
                f"the backbone {backbone.name!r} that is installed here cannot be loaded: it lacks load_saved"
            )
        loaded = backbone.load_saved(backbone_folder(self.folder, role))
        if is_adapted(plan, role):
            # Before it gets adapters, which change the names of its weights.
            self._put_back_weights(loaded.model, role)
        return replace(loaded, maximum_length=maximum_length)

    def _plan(self) -> Plan:
        said = self.description
        slots = {slot: component for slot, component in self._components.items() if slot != "backbone"}
        readouts = {name: self._look_up(component) for name, component in said.readouts.items()}
        values: dict[str, Any] = {}
        declared = {slot: component.Options for slot, component in self._components.items()}
        for slot, options in {**declared, "training": TrainingOptions, ADAPTERS: AdapterOptions}.items():
            values |= {f"{slot}.{name}": value for name, value in self._settings(slot, options).items()}
        values |= {f"{FEATURES}.{name}": said.settings.get(f"{FEATURES}.{name}") for name in said.feature_dims}
        return Plan(
            CellAddress(said.dataset, said.method, said.backbone, said.settings_hash, said.seed),
            Method(said.method, source="", summary=""),
            _dataset(said),
            self._components.get("backbone"),
            slots,
            readouts,
            Resolved(values, {}, {}, said.regime),
            language_models={
                role: FurtherBackbone(self._look_up(each)) for role, each in said.further_backbones.items()
            },
            option_files=self._option_files(),
        )

    def _option_files(self) -> dict[str, str]:
        """Return the copies of the files that options name, by address."""
        named = [
            f"{slot}.{name}"
            for slot, component in self._components.items()
            for name, spec in specs(component.Options).items()
            if spec.is_file and slot != "backbone"
        ]
        return {a: str(option_file(self.folder, a)) for a in named if self.description.settings.get(a)}

    def _settings(self, slot: str, options: type) -> dict[str, Any]:
        """Return the saved settings of a slot in the types that its options declare now."""
        start = f"{slot}."
        stored = {key.removeprefix(start): v for key, v in self.description.settings.items() if key.startswith(start)}
        declared = specs(options)
        settings = {}
        for name, value in stored.items():
            if name not in declared:
                raise ErcBenchError(
                    f"the saved model sets {slot}.{name}, an option that is not there; {did_you_mean(name, declared)}",
                    "Install the version of the component that it was trained with.",
                )
            try:
                settings[name] = declared[name].convert(value)
            except ValueError as error:
                raise ErcBenchError(f"the saved model sets {slot}.{name} to what it cannot be: {error}") from None
        return settings

    def _look_up(self, component: SavedComponent) -> Any:
        if component.kind == "system":
            systems = [entry.component.system for entry in self._catalogue.entries("method").values()]
            known = {system.name: system for system in systems if system is not None}
        else:
            known = {name: entry.component for name, entry in self._catalogue.entries(component.kind).items()}
        if component.name not in known:
            raise ErcBenchError(
                f"the saved model needs the {component.kind} {component.name!r}, which is not installed; "
                f"{did_you_mean(component.name, known)}",
                _whence(component.module),
            )
        return known[component.name]


def _whence(module: str) -> str:
    """Say how a component comes back that is not here: with its package, or with its file."""
    if file := file_of_module(module):
        return f"It came from a file, {file}: name it with --plugin PATH/{file}, in Python with plugins=."
    return f"It was {module}: install the package that brings it."


def _dataset(said: Description) -> type[Dataset]:
    """Return a stand-in for the corpus, of which the labels alone are needed."""
    facts: Mapping[str, Any] = {
        "name": said.dataset,
        "labels": tuple(said.labels),
        "label_words": dict(zip(said.labels, said.label_words, strict=True)),
        "scored_labels": tuple(said.scored_labels),
        "headline_metric": said.headline_metric,
    }
    return type("SavedDataset", (Dataset,), dict(facts))
