"""IEMOCAP as most systems since COSMIC read it: turns with one of six labels alone, in the splits of its pickle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import erc_bench.api as erc
from erc_bench_plugins.datasets.iemocap.corpus import Iemocap
from erc_bench_plugins.datasets.iemocap.dialogues import NAMES, Turn, dialogue_of

_FILE = "iemocap_cosmic.json"
_SPLITS = ("trainIds", "validIds", "testIds")
_CODES = ("hap", "sad", "neu", "ang", "exc", "fru")
"""The labels by their number in the pickle."""


class IemocapCosmic(Iemocap):
    """IEMOCAP's six-label turns alone, 1,623 of them in test; other turns are no context either.

    The file that COSMIC's code reads (108, 12 and 31 dialogues) holds no turn without one of the six labels, and 53
    turns as happy that carry none of them in the release, one of them in test. Scores on it and on ``iemocap``
    (1,622 turns among 2,196) are of other turns with another context: they are datasets of their own, and methods
    have the settings of ``iemocap`` on both. Ids, names, slices and scripts are those of ``iemocap``; an utterance's
    id is its position among the turns that are there.

    Layout ``cosmic_json``: what the pickle says beside its features, as JSON (``speakers``, ``labels`` and
    ``sentences`` by dialogue, and the ids of the splits); dialogues stand in the order of their ids. Layouts
    ``spcl_json`` and ``usc_release``: the files of ``iemocap`` without their other turns, in their splits (100, 20 and
    31 dialogues with 4,778, 980 and 1,622 turns). That is nearly the same test split, and tables say that it is not
    the published one.
    """

    name = "iemocap-cosmic"
    source = (
        "Busso et al. 2008, https://doi.org/10.1007/s10579-008-9076-6; turns and splits of COSMIC (Ghosal et al. 2020)"
    )
    folder = "iemocap"
    variant_of = "iemocap"
    layouts = (
        erc.Layout(name="cosmic_json", folder="cosmic_json", files=(erc.DataFile(_FILE),)),
        *Iemocap.layouts,
    )
    obtain = (
        "Ask USC SAIL for the corpus (https://sail.usc.edu/iemocap). iemocap_features_roberta.pkl of the repository "
        "declare-lab/conv-emotion (COSMIC) holds the turns; a pickle runs code when it is read, so write what it says "
        f"to cosmic_json/{_FILE} yourself (docs/footguns.md, Two IEMOCAPs), or place the files of iemocap."
    )
    counts = {
        "train": erc.SplitCounts(108, 5163, 5163),
        "dev": erc.SplitCounts(12, 647, 647),
        "test": erc.SplitCounts(31, 1623, 1623),
    }

    def load(self, folder: Path) -> erc.Splits:
        """Read the pickle's content as JSON, or the files of ``iemocap``; keep turns with a label."""
        layout = erc.layout_in(self.layouts, folder)
        if layout is not None and layout.name == "cosmic_json":
            return _from_json(folder / _FILE)
        return erc.Splits(*(tuple(map(_labelled, dialogues)) for _, dialogues in super().load(folder).items()))


def _labelled(dialogue: erc.Dialogue) -> erc.Dialogue:
    people = dict(dialogue.people)
    turns = [
        Turn(people.get(turn.speaker, turn.speaker), turn.text, turn.label)
        for turn in dialogue.utterances
        if turn.label is not None
    ]
    return dialogue_of(dialogue.id, turns, NAMES, dialogue.id)


def _from_json(path: Path) -> erc.Splits:
    content = erc.expect(erc.read_json(path), dict, str(path))
    splits = [erc.member(content, name, list, str(path)) for name in _SPLITS]
    return erc.Splits(*(tuple(_dialogues(ids, content, path)) for ids in splits))


def _dialogues(ids: list[Any], content: Mapping[str, Any], path: Path) -> Iterator[erc.Dialogue]:
    names = [erc.expect(name, str, f"{path}, ids of a split") for name in ids]
    # The pickle's splits are sets, whose order is another in every copy.
    for name in sorted(names):
        place = f"{path}, dialogue {name}"
        said = {part: _of(content, part, name, path) for part in ("speakers", "labels", "sentences")}
        lengths = {part: len(values) for part, values in said.items()}
        if len(set(lengths.values())) > 1:
            counted = ", ".join(f"{length} {part}" for part, length in lengths.items())
            raise erc.ErcBenchError(f"{place}: it has {counted}", "Write the file again from the pickle.")
        told = enumerate(zip(said["speakers"], said["labels"], said["sentences"], strict=True))
        turns = [
            _turn(name, speaker, label, text, f"{place}, turn {number}") for number, (speaker, label, text) in told
        ]
        yield dialogue_of(name, turns, NAMES, place)


def _of(content: Mapping[str, Any], part: str, name: str, path: Path) -> list[Any]:
    return erc.member(erc.member(content, part, dict, str(path)), name, list, f"{path}, {part}")


def _turn(dialogue: str, speaker: Any, label: Any, text: Any, place: str) -> Turn:
    actor = erc.known_label(erc.expect(speaker, str, f"{place}, speaker"), ("F", "M"), place)
    number = erc.expect(label, int, f"{place}, label")
    if not 0 <= number < len(_CODES):
        numbered = ", ".join(f"{code} {name}" for code, name in enumerate(_CODES))
        raise erc.ErcBenchError(f"{place}: there is no label {number}", f"The labels are {numbered}.")
    return Turn(f"{dialogue}_{actor}", erc.expect(text, str, f"{place}, sentence"), _CODES[number])


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    return [IemocapCosmic]
