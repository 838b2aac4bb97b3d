"""The files of features that a request names, read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from erc_bench.corpora.features.feature_file import read_features, sha256_of
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.planning.asked import path_of
from erc_bench.planning.features import GivenFeature, GivenFeatures


def given_features(asked: Any, beside: Path | None = None) -> GivenFeatures:
    """Read the files that were asked for, as texts ``[DATASET:]NAME=FILE`` or as a mapping; all of each is checked.

    ``beside`` is the folder that they lie in where their paths are relative. Raises :class:`ErcBenchError` for anything
    else, and for a file that holds another feature.
    """
    given = {}
    for address, file in _named(asked):
        path = path_of(file, f"the file of {OptionName('features')} {address}")
        path = path if beside is None else beside / path
        features = read_features(path)
        name = address.rpartition(":")[2]
        if features.name != name:
            raise ErcBenchError(
                f"{path} holds the feature {features.name!r}, and not {name!r}",
                f"Say {OptionName('features'):{address.removesuffix(name)}{features.name}={path}}.",
            )
        given[address] = GivenFeature(path, sha256_of(path))
    return given


def _named(asked: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(asked, Mapping):
        yield from ((str(address), file) for address, file in asked.items())
        return
    for text in [asked] if isinstance(asked, str) else asked:
        address, equals, file = str(text).partition("=")
        if not equals or not address or not file:
            raise ErcBenchError(
                f"{OptionName('features')} {text!r} is not of the form NAME=FILE",
                f"For example {OptionName('features'):commonsense=commonsense.safetensors}.",
            )
        yield address.strip(), file.strip()
