"""IEMOCAP (Busso et al. 2008): the JSON form that the code of SPCL and EACL reads, or the release itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import erc_bench.api as erc
from erc_bench_plugins.datasets.iemocap.dialogues import LABELS, Turn, dialogue_of, without_laughter
from erc_bench_plugins.datasets.iemocap.release import EVALUATIONS, TRANSCRIPTIONS, read_release

_TRAIN, _DEV, _TEST, _NAMES = "train_data.json", "dev_data.json", "test_data.json", "name_pool"
# The first digits: all that is on record of files that must not be passed on.
_DIGESTS = {_TRAIN: "3995a662", _DEV: "bf77292e", _TEST: "066a2658"}


class Iemocap(erc.Dataset):
    """IEMOCAP: dialogues of two actors, scripted and improvised, six emotions.

    Turns outside the six classes have no label: they stay in the dialogue as context and are not
    scored. A dialogue's id is its speakers' name without the last two characters, its slice
    ``scripted`` or ``improvised``. Its script is the play of a scripted dialogue, all parts of it
    together (``script01``), and the scenario of an improvised one (``impro01``): all sessions share
    them. The speakers, in the order in which they first speak in a dialogue, are called by first
    names, so that a name says nothing about a person; ``[LAUGHTER]`` is removed from the text.
    Names, text and label order are those of EACL's code. An utterance's id is its position.

    Layout ``spcl_json``: split membership follows the files, first names come from ``name_pool``.
    Layout ``usc_release``: the transcriptions in the order of time, joined with the majority labels
    of ``EmoEvaluation`` by turn id. A line without a turn id is not a turn; a turn whose number is XX
    was not evaluated and has no label. Session 5 is test; of the others, in the order of their ids,
    dev begins with Ses04F_script01_3, which for the whole corpus gives the 100, 20 and 31 dialogues
    of the JSON form. Speakers are called Roy and Weldon, as with the pool of SPCL's and EACL's code,
    so that both layouts give the same dialogues; another ``name_pool`` gives others, and another
    fingerprint of the data.
    """

    name = "iemocap"
    source = "Busso et al. 2008, https://doi.org/10.1007/s10579-008-9076-6; splits of SPCL (Song et al. 2022) and EACL"
    labels = LABELS
    label_words = {"neu": "neutral", "exc": "excited", "fru": "frustrated", "hap": "happy", "ang": "angry"}
    layouts: ClassVar[tuple[erc.Layout, ...]] = (
        erc.Layout(
            name="spcl_json",
            folder="spcl_json",
            files=(*(erc.DataFile(name, sha256=digits) for name, digits in _DIGESTS.items()), erc.DataFile(_NAMES)),
        ),
        erc.Layout(name="usc_release", folder="IEMOCAP_full_release", files=(TRANSCRIPTIONS, EVALUATIONS)),
    )
    licence = "USC SAIL's own licence, which forbids passing the corpus on; erc-bench never downloads it"
    redistributable = False
    obtain = (
        "Ask USC SAIL for the corpus (https://sail.usc.edu/iemocap), then place either the folder "
        "IEMOCAP_full_release (of each session, dialog/transcriptions and dialog/EmoEvaluation are read), or the JSON "
        "form that the code of SPCL and EACL reads: train_data.json, dev_data.json, test_data.json and name_pool."
    )
    counts = {
        "train": erc.SplitCounts(100, 6490, 4778),
        "dev": erc.SplitCounts(20, 1401, 980),
        "test": erc.SplitCounts(31, 2196, 1622),
    }

    def load(self, folder: Path) -> erc.Splits:
        """Read the JSON files with their name pool, or the folders of the release."""
        layout = erc.layout_in(self.layouts, folder)
        return read_release(folder) if layout and layout.name == "usc_release" else _from_json(folder)

    @classmethod
    def normalise(cls, text: str) -> str:
        """Return the text without ``[LAUGHTER]``."""
        return without_laughter(text)


def _from_json(folder: Path) -> erc.Splits:
    pool = folder / _NAMES
    names = [erc.expect(name, str, str(pool)) for name in _list(erc.read_json(pool), pool)]
    return erc.Splits(*(tuple(_json_dialogues(folder / name, names)) for name in (_TRAIN, _DEV, _TEST)))


def _json_dialogues(path: Path, names: Sequence[str]) -> Iterator[erc.Dialogue]:
    for number, records in enumerate(_list(erc.read_json(path), path)):
        place = f"{path}, dialogue {number}"
        turns = [_json_turn(record, f"{place}, turn {i}") for i, record in enumerate(erc.expect(records, list, place))]
        yield dialogue_of(_common_name(turns, place), turns, names, place)


def _json_turn(record: Any, place: str) -> Turn:
    actor, text = (erc.member(record, name, str, place) for name in ("speaker", "text"))
    if record.get("label") is None:
        return Turn(actor, text, None)
    return Turn(actor, text, erc.known_label(erc.member(record, "label", str, place), LABELS, place))


def _list(content: object, path: Path) -> list[Any]:
    return erc.expect(content, list, str(path))


def _common_name(turns: Sequence[Turn], place: str) -> str:
    if not turns:
        raise erc.ErcBenchError(f"{place}: it has no turns", "Get a fresh copy of the file.")
    names = sorted({turn.actor[:-2] for turn in turns})
    if len(names) != 1:
        raise erc.ErcBenchError(
            f"{place}: its speakers name {len(names)} dialogues ({', '.join(names)})",
            "All turns of a dialogue must have the speakers <dialogue>_F and <dialogue>_M.",
        )
    return names[0]
