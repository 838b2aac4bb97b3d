"""The subset of EmoryNLP whose sizes are those of the EACL paper's Table 1: three CSV files."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

import erc_bench.api as erc

_ORIGIN = "https://raw.githubusercontent.com/declare-lab/MELD/2d2011b409d3ca2d7e94460cd007d434b1d0a102/data/emorynlp"
_TRAIN, _DEV, _TEST = "emorynlp_train_final.csv", "emorynlp_dev_final.csv", "emorynlp_test_final.csv"
_COLUMNS = ("Utterance", "Speaker", "Emotion", "Scene_ID", "Utterance_ID", "Season", "Episode")


class EmoryNLPSubset(erc.Dataset):
    """The EmoryNLP subset with the sizes of the EACL paper's Table 1; published scores are on ``emorynlp``.

    ``Scene_ID`` restarts in every episode, so a dialogue is (Season, Episode, Scene_ID), written
    like an official scene id (``s01_e15_c01``). Utterance ids have gaps: the rows between are only
    in the full release. Speaker, text and labels are treated as in ``emorynlp``.
    """

    name = "emorynlp-subset"
    source = "Zahiri and Choi 2018 (AAAI workshops), https://arxiv.org/abs/1708.04299; subset by declare-lab/MELD"
    labels = ("joyful", "neutral", "powerful", "mad", "scared", "peaceful", "sad")
    public_text = "scripts of Friends"
    folder = "emorynlp"
    layouts = (
        erc.Layout(
            name="csv",
            folder="table1_subset",
            files=(
                erc.DataFile(
                    _TRAIN,
                    sha256="462c66c333783adb801836d12d1424f48489bef4fb8ddfec7fbb2f08ce8211d5",
                    url=f"{_ORIGIN}/{_TRAIN}",
                ),
                erc.DataFile(
                    _DEV,
                    sha256="20edc9d5917fe705b17b849f7f288e495d4132a60353a6247c3800445bdf8734",
                    url=f"{_ORIGIN}/{_DEV}",
                ),
                erc.DataFile(
                    _TEST,
                    sha256="dbc4b5638acd12c92a5f48def829e04f1c765cddffb4eedbe34216312e0d2d78",
                    url=f"{_ORIGIN}/{_TEST}",
                ),
            ),
        ),
    )
    licence = "Apache-2.0 (EmoryNLP, Copyright 2017 Emory University); the subset is published in a GPL-3.0 repository"
    redistributable = True
    obtain = "Repository declare-lab/MELD, folder data/emorynlp, the three emorynlp_*_final.csv."
    counts = {
        "train": erc.SplitCounts(659, 7551, 7551),
        "dev": erc.SplitCounts(89, 954, 954),
        "test": erc.SplitCounts(79, 984, 984),
    }
    fingerprints = ("c177cc69bce088acc0ba372db58ec98d4c9647a8626a3ea5c0d43959e0b2ca88",)

    def load(self, folder: Path) -> erc.Splits:
        """Read the three CSV files; two rows with the same scene and utterance id are an error."""
        return erc.Splits(*(self._split(folder / name) for name in (_TRAIN, _DEV, _TEST)))

    def _split(self, path: Path) -> tuple[erc.Dialogue, ...]:
        scenes: dict[str, dict[str, erc.Utterance]] = {}
        for row in erc.read_csv(path, _COLUMNS):
            name = _scene(row)
            scene = scenes.setdefault(name, {})
            utterance = self._utterance(row, name)
            if utterance.id in scene:
                raise erc.ErcBenchError(
                    f"{row.place}: utterance {utterance.id} is there twice",
                    "Remove the row that is wrong, or get a fresh copy of the file.",
                )
            scene[utterance.id] = utterance
        return tuple(
            erc.Dialogue(name, tuple(scene.values()), episode=name.rpartition("_")[0]) for name, scene in scenes.items()
        )

    def _utterance(self, row: erc.Row, scene: str) -> erc.Utterance:
        return erc.Utterance(
            speaker=_first_speaker(row),
            text=erc.clean_text(row["Utterance"]),
            label=erc.known_label(row["Emotion"].lower(), self.labels, row.place),
            scored=True,
            id=f"{scene}_u{row.whole_number('Utterance_ID'):03}",
        )


def _scene(row: erc.Row) -> str:
    season, episode, scene = (row.whole_number(column) for column in ("Season", "Episode", "Scene_ID"))
    return f"s{season:02}_e{episode:02}_c{scene:02}"


def _first_speaker(row: erc.Row) -> str:
    """Return the first word of the first name in a list written as in Python: ``['Monica Geller']``."""
    speakers = _literal(row["Speaker"].strip())
    if not isinstance(speakers, list) or not speakers or not all(isinstance(name, str) for name in speakers):
        raise erc.ErcBenchError(
            f"{row.place}: Speaker must be a list of names such as ['Monica Geller'], found {row['Speaker']!r}",
            "Correct the row, or get a fresh copy of the file.",
        )
    return (erc.clean_text(speakers[0]).split() or [""])[0]


def _literal(text: str) -> object:
    """Return the value of a Python literal, or nothing where the text is none; no code is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a strange escape in a name does not concern us
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    return [EmoryNLPSubset]
