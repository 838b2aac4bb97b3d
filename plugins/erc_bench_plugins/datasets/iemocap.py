"""IEMOCAP (Busso et al. 2008), in the JSON form that the code of SPCL and EACL reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import erc_bench.api as erc

_TRAIN, _DEV, _TEST, _NAMES = "train_data.json", "dev_data.json", "test_data.json", "name_pool"
_LAUGHTER = re.compile(r"\s*\[LAUGHTER\]\s*")


class Iemocap(erc.Dataset):
    """IEMOCAP: dialogues of two actors, scripted and improvised, six emotions.

    Turns outside the six classes have no label: they stay in the dialogue as context and are not
    scored. Split membership follows the files. A dialogue's id is its speakers' name without the
    last two characters, its slice ``scripted`` or ``improvised``. The speakers, in the order in
    which they first speak in a dialogue, are called by the first names of the file ``name_pool``,
    so that a name says nothing about a person; ``[LAUGHTER]`` is removed from the text. Names,
    text and label order are those of EACL's code. An utterance's id is its position.
    """

    name = "iemocap"
    source = "Busso et al. 2008, https://doi.org/10.1007/s10579-008-9076-6; splits of SPCL (Song et al. 2022) and EACL"
    labels = ("neu", "exc", "fru", "sad", "hap", "ang")
    label_words = {"neu": "neutral", "exc": "excited", "fru": "frustrated", "hap": "happy", "ang": "angry"}
    layouts = (
        erc.Layout(
            name="spcl_json",
            folder="spcl_json",
            files=tuple(erc.DataFile(name) for name in (_TRAIN, _DEV, _TEST, _NAMES)),
        ),
    )
    licence = "USC SAIL's own licence, which forbids passing the corpus on; erc-bench never downloads it"
    obtain = (
        "Ask USC SAIL for the corpus (https://sail.usc.edu/iemocap), then place the JSON form that the code of "
        "SPCL and EACL reads: train_data.json, dev_data.json, test_data.json and name_pool."
    )
    counts = {
        "train": erc.SplitCounts(100, 6490, 4778),
        "dev": erc.SplitCounts(20, 1401, 980),
        "test": erc.SplitCounts(31, 2196, 1622),
    }

    def load(self, folder: Path) -> erc.Splits:
        """Read the three JSON files and the name pool."""
        pool = folder / _NAMES
        names = [erc.expect(name, str, str(pool)) for name in _list(erc.read_json(pool), pool)]
        return erc.Splits(*(tuple(self._split(folder / name, names)) for name in (_TRAIN, _DEV, _TEST)))

    def _split(self, path: Path, names: list[str]) -> Iterator[erc.Dialogue]:
        for number, turns in enumerate(_list(erc.read_json(path), path)):
            place = f"{path}, dialogue {number}"
            yield self._dialogue(erc.expect(turns, list, place), names, place)

    def _dialogue(self, turns: list[Any], names: list[str], place: str) -> erc.Dialogue:
        actors = [erc.member(turn, "speaker", str, f"{place}, turn {i}") for i, turn in enumerate(turns)]
        called = dict(zip(dict.fromkeys(actors), names, strict=False))
        if len(called) < len(set(actors)):
            raise erc.ErcBenchError(
                f"{place}: {len(set(actors))} speakers, but {_NAMES} has {len(names)} names",
                "Get the complete name_pool.",
            )
        utterances = tuple(
            self._utterance(turn, called[actor], i, f"{place}, turn {i}")
            for i, (turn, actor) in enumerate(zip(turns, actors, strict=True))
        )
        name = _dialogue_id(actors, place)
        return erc.Dialogue(name, utterances, slice=_slice(name))

    def _utterance(self, turn: Any, speaker: str, position: int, place: str) -> erc.Utterance:
        label = None if turn.get("label") is None else erc.member(turn, "label", str, place)
        return erc.Utterance(
            speaker=speaker,
            text=_without_laughter(erc.clean_text(erc.member(turn, "text", str, place))),
            label=label if label is None else erc.known_label(label, self.labels, place),
            scored=label is not None,
            id=str(position),
        )


def _list(content: object, path: Path) -> list[Any]:
    return erc.expect(content, list, str(path))


def _dialogue_id(actors: list[str], place: str) -> str:
    if not actors:
        raise erc.ErcBenchError(f"{place}: it has no turns", "Get a fresh copy of the file.")
    names = sorted({actor[:-2] for actor in actors})
    if len(names) != 1:
        raise erc.ErcBenchError(
            f"{place}: its speakers name {len(names)} dialogues ({', '.join(names)})",
            "All turns of a dialogue must have the speakers <dialogue>_F and <dialogue>_M.",
        )
    return names[0]


def _slice(name: str) -> str:
    return "scripted" if "_script" in name else "improvised"


def _without_laughter(text: str) -> str:
    return _LAUGHTER.sub(" ", text).strip() if "[LAUGHTER]" in text else text


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    return [Iemocap]
