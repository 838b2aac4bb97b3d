"""Take over vectors of utterances that other code computed."""

from __future__ import annotations

from pathlib import Path

from erc_bench.corpora.features.feature_file import SUFFIX, Features, read_vectors
from erc_bench.errors import ErcBenchError, naming
from erc_bench.names import LONGEST_NAME, NAME
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
