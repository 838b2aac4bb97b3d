"""All checks of one component of the catalogue, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from erc_bench.contracts.backbone import LoadedBackbone
from erc_bench.contracts.component import wanted_features
from erc_bench.corpora.folder import data_root, find_layout
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.planning.request import look_up_backbone
from erc_bench.planning.run_requests import FeatureFiles
from erc_bench.plugin_host.catalogue import Catalogue, Entry
from erc_bench.testing.backbones import backbone_findings
from erc_bench.testing.classifiers import classifier_findings
from erc_bench.testing.datasets import dataset_findings
from erc_bench.testing.encoders import encoder_findings
from erc_bench.testing.findings import Finding
from erc_bench.testing.methods import features_of_method, method_findings
from erc_bench.testing.objectives import objective_findings
from erc_bench.testing.observers import observer_findings

_OF_A_CLASS = {
    "objective": objective_findings,
    "classifier": classifier_findings,
    "backbone": backbone_findings,
    "observer": observer_findings,
}


def entry_findings(
    entry: Entry,
    catalogue: Catalogue,
    data_dir: Path | None = None,
    backbone: str = "",
    features: FeatureFiles = (),
    settings: Sequence[str] = (),
) -> list[Finding]:
    """Run every check on a component.

    ``catalogue`` holds the parts of a method, ``data_dir`` the files of a dataset. Methods and encoders are run
    with ``backbone``, by name, hub id or folder; with a tiny one where it is left out, and read vectors of the files
    ``features``. ``settings`` are those of a method, as ``SLOT.OPTION=VALUE``. Raises :class:`ErcBenchError` where
    there is no such backbone.
    """
    if entry.kind == "method":
        return method_findings(entry.component, catalogue, backbone, features, settings)
    if entry.kind == "dataset":
        folder, missing = _folder(entry, data_dir)
        return dataset_findings(entry.component, folder, missing=missing)
    if entry.kind == "encoder":
        loaded = load_backbone(catalogue, backbone) if backbone else None
        return encoder_findings(entry.component, backbone=loaded, features=features)
    return _OF_A_CLASS[entry.kind](entry.component)


def refuse_unread(features: Iterable[str], entries: Iterable[Entry], catalogue: Catalogue) -> None:
    """Raise :class:`ErcBenchError` for a feature that none of the components reads: most likely its name is another."""
    read = {name for entry in entries for name in _features_of(entry, catalogue)}
    for name in features:
        if name not in read:
            instead = did_you_mean(name, read) if read else "it reads none"
            raise ErcBenchError(
                f"what is checked does not read the feature {name!r}; {instead}",
                f"Leave out {OptionName('features'):{name}=…}.",
            )


def _features_of(entry: Entry, catalogue: Catalogue) -> Iterable[str]:
    if entry.kind == "method":
        return features_of_method(entry.component, catalogue)
    return wanted_features(entry.component) if entry.kind == "encoder" else ()


def load_backbone(catalogue: Catalogue, name: str) -> LoadedBackbone:
    """Load a backbone by name, hub id or local folder; raise :class:`ErcBenchError` where there is none."""
    problems: list[str] = []
    found = look_up_backbone(catalogue, name, problems)
    if found is None:
        raise ErcBenchError("; ".join(problems))
    component, _, reference = found
    return component(component.Options(**({"path": reference} if reference else {}))).load()


def _folder(entry: Entry, data_dir: Path | None) -> tuple[Path | None, str]:
    """Return where the files of a dataset lie, or why they do not."""
    try:
        return find_layout(entry.component, data_root(data_dir))[1], ""
    except ErcBenchError as error:
        return None, f"{error.message}; see erc-bench data status {entry.name}"
