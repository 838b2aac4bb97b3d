"""Take over vectors of utterances that other code computed, and read what a request names of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from erc_bench.corpora.features.feature_file import SUFFIX, Features, read_features, read_vectors, sha256_of
from erc_bench.errors import ErcBenchError, OptionName, naming
from erc_bench.names import LONGEST_NAME, NAME
from erc_bench.planning.asked import path_of
from erc_bench.planning.features import GivenFeature, GivenFeatures
from erc_bench.store.regular_files import write_whole


def import_features(name: str, source: Path, out: Path) -> Features:
    """Read vectors in any of the forms and write them as the file of the feature ``name``, as a whole or not at all.

    Raises :class:`ErcBenchError` as :func:`~erc_bench.corpora.features.feature_file.read_vectors` does, for a name that
    is none, and for a file that cannot be written.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ErcBenchError(
            f"{name!r} is no name for a feature",
            f"Take small letters, digits and single hyphens, a letter first, {LONGEST_NAME} at most: commonsense.",
        )
    if out.suffix != SUFFIX:
        raise ErcBenchError(f"{out} does not end in {SUFFIX}", "Name the file so: nothing else is written.")
    features = Features(name, read_vectors(source))
    with naming(f"{out} cannot be written"):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, features.content())
    return features


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
