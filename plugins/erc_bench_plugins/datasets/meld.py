"""MELD (Poria et al. 2019): the official text CSVs."""

from __future__ import annotations

from pathlib import Path

import erc_bench.api as erc

_ORIGIN = "https://raw.githubusercontent.com/declare-lab/MELD/2d2011b409d3ca2d7e94460cd007d434b1d0a102/data/MELD"
_TRAIN, _DEV, _TEST = "train_sent_emo.csv", "dev_sent_emo.csv", "test_sent_emo.csv"
_COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID")
_PLAIN = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'", '"': None})


class Meld(erc.Dataset):
    """MELD: multi-party dialogues of a television series, seven emotions.

    A dialogue is a ``Dialogue_ID`` within its split, its turns in the order of the file;
    ``Utterance_ID`` has gaps and is the id of an utterance, never its position. As in EACL's code
    a typographic apostrophe becomes ``'`` and double quotes are removed from the text; the labels
    are in EACL's order. Older copies of the files, with control characters in place of
    typographic marks, give the same text. A dialogue's episode is that of its first turn.
    """

    name = "meld"
    source = "Poria et al. 2019 (ACL), https://aclanthology.org/P19-1050; Chen et al. 2018 (EmotionLines)"
    labels = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")
    public_text = "scripts of Friends"
    layouts = (
        erc.Layout(
            name="csv",
            files=(
                erc.DataFile(
                    _TRAIN,
                    sha256="d2fa2d6529cf03cac2989efec05c9b27d8fd2f4c8fc5974c7ae88aa537fa02db",
                    url=f"{_ORIGIN}/{_TRAIN}",
                ),
                erc.DataFile(
                    _DEV,
                    sha256="2e89c6f8aa182d6f62f8c6331aece905ac7273ca4999660bfb5213e1d0370c1c",
                    url=f"{_ORIGIN}/{_DEV}",
                ),
                erc.DataFile(
                    _TEST,
                    sha256="8d37103938f7067600839fe29d5a114a6cd1bcdafb75bec101e06464c5006888",
                    url=f"{_ORIGIN}/{_TEST}",
                ),
            ),
        ),
    )
    licence = "GPL-3.0 (as stated by its repository); dialogue of a television series, for research"
    redistributable = True
    obtain = "Repository declare-lab/MELD, folder data/MELD, the three *_sent_emo.csv."
    counts = {
        "train": erc.SplitCounts(1038, 9989, 9989),
        "dev": erc.SplitCounts(114, 1109, 1109),
        "test": erc.SplitCounts(280, 2610, 2610),
    }
    fingerprints = ("a998271f6a306c267a8882c0f1c31a90a20f05aeadcefdff88a478ffffe93e02",)
    known_repeats = {"test in train": 1}

    def load(self, folder: Path) -> erc.Splits:
        """Read the three CSV files; two rows with the same dialogue and utterance id are an error."""
        return erc.Splits(*(self._split(folder / name) for name in (_TRAIN, _DEV, _TEST)))

    @classmethod
    def normalise(cls, text: str) -> str:
        """Return the text with plain apostrophes and without double quotes."""
        return erc.clean_text(text).translate(_PLAIN)

    def _split(self, path: Path) -> tuple[erc.Dialogue, ...]:
        turns: dict[str, dict[str, erc.Utterance]] = {}
        episodes: dict[str, str] = {}
        for row in erc.read_csv(path, _COLUMNS):
            name = str(row.whole_number("Dialogue_ID"))
            dialogue = turns.setdefault(name, {})
            episodes.setdefault(name, _episode(row))
            identifier = str(row.whole_number("Utterance_ID"))
            if identifier in dialogue:
                raise erc.ErcBenchError(
                    f"{row.place}: utterance {identifier} of dialogue {row['Dialogue_ID']} is there twice",
                    "Remove the row that is wrong, or get a fresh copy of the file.",
                )
            dialogue[identifier] = self._utterance(row, identifier)
        return tuple(
            erc.Dialogue(name, tuple(dialogue.values()), episode=episodes[name]) for name, dialogue in turns.items()
        )

    def _utterance(self, row: erc.Row, identifier: str) -> erc.Utterance:
        return erc.Utterance(
            speaker=self.normalise(row["Speaker"]),
            text=self.normalise(row["Utterance"]),
            label=erc.known_label(row["Emotion"], self.labels, row.place),
            scored=True,
            id=identifier,
        )


def _episode(row: erc.Row) -> str:
    """Return the episode, such as ``s03_e19``; nothing where a copy of the file has no such columns."""
    if not all(row.values.get(column, "").strip() for column in ("Season", "Episode")):
        return ""
    season, episode = (row.whole_number(column) for column in ("Season", "Episode"))
    return f"s{season:02}_e{episode:02}"


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    return [Meld]
