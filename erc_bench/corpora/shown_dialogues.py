"""What methods are shown of a corpus's dialogues: the speakers as they are given, or shuffled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from erc_bench.contracts.options import option
from erc_bench.contracts.types import Dialogue


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


def shown(dialogues: Sequence[Dialogue], dataset: str, options: DialogueOptions) -> tuple[Dialogue, ...]:
    """Return the dialogues of a dataset as methods are to see them; texts, labels and order stay as they are.

    Shuffled speakers are drawn by Python's ``random.Random.shuffle``, seeded by the first eight bytes of the SHA-256
    of the JSON list ``["speakers", dataset, dialogue id]``.
    """
    if options.speakers == "given":
        return tuple(dialogues)
    return tuple(_with_shuffled_speakers(dialogue, dataset) for dialogue in dialogues)


def _with_shuffled_speakers(dialogue: Dialogue, dataset: str) -> Dialogue:
    named = json.dumps(["speakers", dataset, dialogue.id])
    speakers = [utterance.speaker for utterance in dialogue.utterances]
    Random(int.from_bytes(hashlib.sha256(named.encode()).digest()[:8], "big")).shuffle(speakers)
    turns = zip(dialogue.utterances, speakers, strict=True)
    return replace(dialogue, utterances=tuple(replace(utterance, speaker=speaker) for utterance, speaker in turns))
