"""What methods are shown of a corpus's dialogues: all of train or a part, the speakers as given or shuffled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from erc_bench.contracts.options import option
from erc_bench.contracts.types import Dialogue
from erc_bench.errors import ErcBenchError


@dataclass(frozen=True)
class DialogueOptions:
    """What every method is shown of the dialogues, an upstream and a system among them.

    A cell whose dialogues are as given has none of these settings.
    """

    speakers: Literal["given", "shuffled"] = option(
        "given",
        "Who says which turn; shuffled: the speakers of each dialogue's turns in random order, in all splits, the same "
        "for every method, seed and epoch.",
    )
    train: int | None = option(
        None,
        "How many dialogues of train there are to learn from, the same for every method and seed, and in every larger "
        "part; none: all. Dev and test stay whole.",
        at_least=1,
    )


def shown(dialogues: Sequence[Dialogue], dataset: str, options: DialogueOptions) -> tuple[Dialogue, ...]:
    """Return the dialogues of a dataset as methods are to see them; texts, labels and order stay as they are.

    Shuffled speakers are drawn by Python's ``random.Random.shuffle``, seeded by the first eight bytes of the SHA-256
    of the JSON list ``["speakers", dataset, dialogue id]``.
    """
    if options.speakers == "given":
        return tuple(dialogues)
    return tuple(_with_shuffled_speakers(dialogue, dataset) for dialogue in dialogues)


def part_of_train(dialogues: Sequence[Dialogue], dataset: str, options: DialogueOptions) -> tuple[Dialogue, ...]:
    """Return as many dialogues of train as the options say, in their order.

    They are those with the smallest SHA-256 of the JSON list ``["train", dataset, dialogue id]``. Raises
    :class:`ErcBenchError` where there are fewer.
    """
    if options.train is None:
        return tuple(dialogues)
    if options.train > len(dialogues):
        raise ErcBenchError(
            f"dialogues.train={options.train}, and train of {dataset} has {len(dialogues)} dialogues",
            "Leave it out to learn from all.",
        )
    digests = [_digest("train", dataset, dialogue) for dialogue in dialogues]
    last = sorted(digests)[options.train - 1]
    return tuple(dialogue for dialogue, digest in zip(dialogues, digests, strict=True) if digest <= last)


def _digest(what: str, dataset: str, dialogue: Dialogue) -> bytes:
    return hashlib.sha256(json.dumps([what, dataset, dialogue.id]).encode()).digest()


def _with_shuffled_speakers(dialogue: Dialogue, dataset: str) -> Dialogue:
    speakers = [utterance.speaker for utterance in dialogue.utterances]
    Random(int.from_bytes(_digest("speakers", dataset, dialogue)[:8], "big")).shuffle(speakers)
    turns = zip(dialogue.utterances, speakers, strict=True)
    return replace(dialogue, utterances=tuple(replace(utterance, speaker=speaker) for utterance, speaker in turns))
