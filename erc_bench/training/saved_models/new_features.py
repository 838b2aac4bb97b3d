"""Vectors of new conversations, for saved models whose encoders read features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from erc_bench.contracts.types import Splits
from erc_bench.corpora.conversations.conversation import Conversation, sealed
from erc_bench.corpora.features.feature_file import Features, read_features
from erc_bench.errors import ErcBenchError, OptionName
from erc_bench.names import did_you_mean
from erc_bench.planning.features import GivenFeature, GivenFeatures
from erc_bench.training.file_features import NO_FEATURES, FileFeatures

if TYPE_CHECKING:
    from erc_bench.training.saved_models.description import Description


def features_of(description: Description, given: GivenFeatures, conversations: Sequence[Conversation]) -> FileFeatures:
    """Return the vectors of all turns of new conversations; they stand under ``test/DIALOGUE/INDEX``.

    ``DIALOGUE`` is the id that a conversation came with, ``INDEX`` the position of the turn in it, from 0. Raises
    :class:`ErcBenchError` for a feature that the model reads and nobody gave or that it does not read, for vectors of
    another width than it was trained with, for conversations that no key can name, and for turns without a vector.
    """
    wanted = description.feature_dims
    files = _chosen(description, given)
    if lacking := [name for name in wanted if name not in files]:
        asked = " ".join(f"{OptionName('features'):{name}=FILE.safetensors}" for name in lacking)
        names = " and ".join(map(repr, lacking))
        raise ErcBenchError(f"the saved model reads {names} of every turn, which other code computes: {asked}")
    if not wanted:
        return NO_FEATURES
    _check_ids(conversations)
    asked_of = Splits((), (), tuple(dialogue for dialogue in sealed(conversations) if dialogue.utterances))
    return FileFeatures.of((_read(name, files[name], dim, asked_of) for name, dim in wanted.items()), asked_of)


def _chosen(description: Description, given: GivenFeatures) -> Mapping[str, GivenFeature]:
    """Return the files by the features that the model reads, those for its dataset alone before others."""
    chosen: dict[str, GivenFeature] = {}
    for address in sorted(given, key=lambda address: ":" in address):
        dataset, _, name = address.rpartition(":")
        if name not in description.feature_dims or dataset not in ("", description.dataset):
            raise ErcBenchError(
                f"the saved model of {description.dataset} does not read {address!r}; {_instead(name, description)}",
                f"Leave out {OptionName('features'):{address}=…}.",
            )
        chosen[name] = given[address]
    return chosen


def _instead(name: str, description: Description) -> str:
    return did_you_mean(name, description.feature_dims) if description.feature_dims else "it reads no feature"


def _check_ids(conversations: Sequence[Conversation]) -> None:
    counts = Counter(conversation.id for conversation in conversations)
    for number, each in enumerate(conversations, start=1):
        if each.turns and (not each.id or counts[each.id] > 1):
            lacks = f"has the id {each.id!r} of another one" if each.id else "has no id"
            raise ErcBenchError(
                f"conversation {number} {lacks}, and vectors are found by the id of their conversation",
                "Give each conversation an id of its own: 'id' in JSON and in Python, 'dialogue_id' in CSV.",
            )


def _read(name: str, given: GivenFeature, dim: int, conversations: Splits) -> Features:
    features = read_features(given.file)
    if features.dim != dim:
        raise ErcBenchError(
            f"{given.file} has {features.dim} numbers for each turn, and the saved model was trained with {dim} of the"
            f" feature {name!r}",
            "Compute the vectors as those of the training corpus were computed.",
        )
    missing = [key for part in features.coverage(conversations) for key in part.missing]
    if missing:
        turns = sum(len(dialogue.utterances) for dialogue in conversations.test)
        raise ErcBenchError(
            f"the feature {name!r} has no vector for {len(missing):,} of the {turns:,} turns, the first of them"
            f" {missing[0]}",
            "Vectors of new conversations stand under test/DIALOGUE/INDEX: the id of the conversation, and the position"
            " of the turn in it, from 0.",
        )
    return features
