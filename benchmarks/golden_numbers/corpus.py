"""An invented corpus that is the same on every machine: four emotions, three speakers."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np

import erc_bench.api as erc
from erc_bench.corpora.features.feature_file import Features

WORDS = {
    "hap": ("great", "love", "smile", "party", "sunny"),
    "ang": ("furious", "hate", "shut", "liar", "enough"),
    "sad": ("alone", "cry", "lost", "miss", "grey"),
    "neutral": ("table", "monday", "paper", "door", "train"),
}
COMMON = ("i", "you", "we", "really", "the", "not", "today", "so", "why", "think")
SPEAKERS = ("ann", "bob", "cleo")
# Unequal on purpose: class weights, balanced draws and logit adjustment are seen in the numbers.
_SHARES = (3, 2, 1, 4)


class GoldenCorpus(erc.Dataset):
    """Short dialogues whose words hint at their emotion, some turns without a label."""

    name = "golden"
    source = "invented"
    labels = tuple(WORDS)
    label_words = {"hap": "love", "ang": "hate", "sad": "lost"}
    scored_labels = ("hap", "ang", "sad")
    licence = "none needed"

    def load(self, folder: Path) -> erc.Splits:
        """Make the dialogues; nothing is read."""
        rng = Random(13)
        sizes = {"train": 9, "dev": 4, "test": 4}
        return erc.Splits(**{split: _dialogues(split, count, rng) for split, count in sizes.items()})


def _dialogues(split: str, count: int, rng: Random) -> tuple[erc.Dialogue, ...]:
    return tuple(
        erc.Dialogue(f"{split}-{number}", tuple(_utterance(rng) for _ in range(rng.randint(4, 7))))
        for number in range(count)
    )


def _utterance(rng: Random) -> erc.Utterance:
    label = rng.choices(tuple(WORDS), _SHARES)[0]
    # A fifth of the words belong to another emotion, so that the corpus is not learnt at once.
    words = [rng.choice(WORDS[label] if rng.random() < 0.8 else WORDS[rng.choice(tuple(WORDS))]) for _ in range(2)]
    words += rng.choices(COMMON, k=rng.randint(1, 4))
    rng.shuffle(words)
    scored = rng.random() < 0.9
    return erc.Utterance(rng.choice(SPEAKERS), " ".join(words), label if scored else None, scored=scored)


def features(name: str, splits: erc.Splits) -> Features:
    """Return invented vectors for all turns of the corpus, ten numbers each."""

    def vector(dialogue: str, turn: int) -> np.ndarray:
        rng = Random(f"{name} {dialogue} {turn}")
        return np.array([rng.gauss() for _ in range(10)], np.float32)

    vectors = {
        f"{split}/{dialogue.id}/{turn}": vector(dialogue.id, turn)
        for split, dialogues in splits.items()
        for dialogue in dialogues
        for turn in range(len(dialogue.utterances))
    }
    return Features(name, vectors)


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    """Offer the corpus of the golden numbers."""
    return [GoldenCorpus]
