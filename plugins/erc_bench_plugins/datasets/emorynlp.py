"""EmoryNLP (Zahiri and Choi 2018), the full release: the official JSON, or the same scenes as flat JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import erc_bench.api as erc

_FLAT_ORIGIN = (
    "https://raw.githubusercontent.com/whatissimondoing/CoG-BART/0efa636e3034e6aba1e5caa578ae67e660ad126c/data/EmoryNLP"
)
_OFFICIAL_ORIGIN = (
    "https://raw.githubusercontent.com/emorynlp/emotion-detection/289b967a34556f0d86b52ea36571c2a0c90740ae/json"
)
_OFFICIAL_FILES = ("emotion-detection-trn.json", "emotion-detection-dev.json", "emotion-detection-tst.json")
_FLAT_FILES = ("train_data.json", "dev_data.json", "test_data.json")


class EmoryNLP(erc.Dataset):
    """EmoryNLP: scenes of a television series, seven emotions, the full release.

    The official JSON and the flat JSON hold the same scenes in the same order and give the same
    speakers, texts and labels; one of them is read, never a mixture. Dialogue ids are the official
    scene ids (``s01_e15_c01``), and in the flat layout, which has none, the position of the scene
    in its file; so the two have different fingerprints. The speaker is the first word of the first
    speaker listed, as EACL's code names it in the prompt. Labels are lower-cased, in EACL's order.
    The counts of the EACL paper's Table 1 are those of ``emorynlp-subset``.
    """

    name = "emorynlp"
    source = "Zahiri and Choi 2018 (AAAI workshops), https://arxiv.org/abs/1708.04299"
    labels = ("joyful", "neutral", "powerful", "mad", "scared", "peaceful", "sad")
    public_text = "scripts of Friends"
    layouts = (
        erc.Layout(
            name="official",
            folder="official",
            files=(
                # No digest of the training file is on record, so this layout is placed by hand.
                erc.DataFile(_OFFICIAL_FILES[0], url=f"{_OFFICIAL_ORIGIN}/{_OFFICIAL_FILES[0]}"),
                erc.DataFile(
                    _OFFICIAL_FILES[1],
                    sha256="177f0b8ae5442045ea60e6f7940e14b1a8c15c704201f01da1ba74943f99086e",
                    url=f"{_OFFICIAL_ORIGIN}/{_OFFICIAL_FILES[1]}",
                ),
                erc.DataFile(
                    _OFFICIAL_FILES[2],
                    sha256="2da84b0bffbc9da2f3b9de8016c2d3ae5478e6ccb26d473313368373b427dedc",
                    url=f"{_OFFICIAL_ORIGIN}/{_OFFICIAL_FILES[2]}",
                ),
            ),
        ),
        erc.Layout(
            name="flat",
            folder="full_flat_json",
            files=(
                erc.DataFile(
                    _FLAT_FILES[0],
                    sha256="8e52f4e00797074c1348c027b44ed40b375e8fb27792aaa76797a6ac8985354b",
                    url=f"{_FLAT_ORIGIN}/{_FLAT_FILES[0]}",
                ),
                erc.DataFile(
                    _FLAT_FILES[1],
                    sha256="41d43cac2a8290fe732f5c30bef7e6394badded342d2545aa2085616bc644079",
                    url=f"{_FLAT_ORIGIN}/{_FLAT_FILES[1]}",
                ),
                erc.DataFile(
                    _FLAT_FILES[2],
                    sha256="7c43cd104eb3cad776c142e79d9a05799047c289e7581710bfd1243067ac7d2a",
                    url=f"{_FLAT_ORIGIN}/{_FLAT_FILES[2]}",
                ),
            ),
        ),
    )
    licence = "Apache-2.0 (Copyright 2017 Emory University)"
    redistributable = True
    obtain = (
        "Official JSON: repository emorynlp/emotion-detection, folder json (emotion-detection-{trn,dev,tst}.json). "
        "The same scenes as flat JSON: repository whatissimondoing/CoG-BART, folder data/EmoryNLP."
    )
    counts = {
        "train": erc.SplitCounts(713, 9934, 9934),
        "dev": erc.SplitCounts(99, 1344, 1344),
        "test": erc.SplitCounts(85, 1328, 1328),
    }
    fingerprints = ("d6b99c05ce831474f0017c516df23cbbc914769a1dd4a58429268f477417547a",)
    known_repeats = {"dev": 1}

    def load(self, folder: Path) -> erc.Splits:
        """Read the layout that is complete in the folder, the official one where both are."""
        layout = erc.layout_in(self.layouts, folder)
        if layout is not None and layout.name == "official":
            return erc.Splits(*(tuple(self._scenes(folder / name)) for name in _OFFICIAL_FILES))
        return erc.Splits(*(tuple(self._flat(folder / name)) for name in _FLAT_FILES))

    def _scenes(self, path: Path) -> Iterator[erc.Dialogue]:
        for episode in erc.member(erc.read_json(path), "episodes", list, str(path)):
            identifier = _identifier(episode, "episode_id", str(path))
            place = f"{path}, episode {identifier}"
            for scene in erc.member(episode, "scenes", list, place):
                name = _identifier(scene, "scene_id", place)
                turns = erc.member(scene, "utterances", list, f"{path}, scene {name}")
                yield erc.Dialogue(name, tuple(self._turns(turns, f"{path}, scene {name}")), episode=identifier)

    def _turns(self, turns: list[Any], place: str) -> Iterator[erc.Utterance]:
        seen: set[str] = set()
        for turn in turns:
            name = _identifier(turn, "utterance_id", place)
            if name in seen:
                raise erc.ErcBenchError(f"{place}: utterance {name} is there twice", "Get a fresh copy of the file.")
            seen.add(name)
            here = f"{place}, utterance {name}"
            speakers = erc.member(turn, "speakers", list, here)
            speaker = erc.expect(next(iter(speakers), None), str, f"{here}, first speaker")
            text = erc.member(turn, "transcript", str, here)
            yield self._utterance(speaker, text, erc.member(turn, "emotion", str, here), name, here)

    def _flat(self, path: Path) -> Iterator[erc.Dialogue]:
        for number, scene in enumerate(erc.expect(erc.read_json(path), list, str(path))):
            place = f"{path}, dialogue {number}"
            turns = enumerate(erc.expect(scene, list, place))
            yield erc.Dialogue(str(number), tuple(self._flat_turn(turn, i, f"{place}, turn {i}") for i, turn in turns))

    def _flat_turn(self, turn: object, position: int, place: str) -> erc.Utterance:
        speaker, text, label = (erc.member(turn, name, str, place) for name in ("speaker", "text", "label"))
        return self._utterance(speaker, text, label, str(position), place)

    def _utterance(self, speaker: str, text: str, emotion: str, name: str, place: str) -> erc.Utterance:
        return erc.Utterance(
            speaker=_first_word(erc.clean_text(speaker)),
            text=erc.clean_text(text),
            label=erc.known_label(emotion.lower(), self.labels, place),
            scored=True,
            id=name,
        )


def _first_word(speaker: str) -> str:
    """Return the first word of a name: how the prompt calls the speaker."""
    return speaker.split(maxsplit=1)[0] if speaker.strip() else ""


def _identifier(record: object, name: str, place: str) -> str:
    return erc.member(record, name, str, place)


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    return [EmoryNLP]
