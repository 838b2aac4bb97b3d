"""DailyDialog (Li et al. 2017): line-aligned text and emotion files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import erc_bench.api as erc

_SPLITS = ("train", "validation", "test")
_END = "__eou__"
_SPEAKERS = ("A", "B")
_EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
_LABELS = ("no emotion", *_EMOTIONS)
_BY_NUMBER = {str(number): label for number, label in enumerate(_LABELS)}
_EMOTION_DIGESTS = {
    "train": "5c94e57c6e6c6641f4b1386513085f9d9b934229e732a556424ca7dfae4b6c77",
    "validation": "3d4094299a995e998bbc3492ce1755c9abc1e7f56500c840e83b12dd16580596",
    "test": "482b7235f91a1441055a09241b2d2709bb1702f4a08d7316c27fa807cba7d3c9",
}
# No digest of the official training text is on record.
_OFFICIAL_TEXT_DIGESTS = {
    "validation": "2ad64701fe3a4449e7a6ee7cdc6c2a71c80f77b8a34f708ac0532395f499081c",
    "test": "3c323651cdfb09f7b529f850eddf96a638fc6cc9b43330b77956ab248484a1a8",
}
_DETOKENIZED_TEXT_DIGESTS = {
    "train": "2268eeaa96633ef4ef890edc30f9cb8d5c88be08173863e5bf402c42cdd60716",
    "validation": "707f5cfc1540e3182548a03b5ad61b900bda6e8d1736e27df0f7ec944b7dd3a3",
    "test": "d6ef752b3e269e4a85b59bd99e42e754d439dbe1534b0b52afc65af3a06cecd4",
}


def _text_file(split: str) -> str:
    return f"{split}/dialogues_{split}.txt"


def _emotion_file(split: str) -> str:
    return f"{split}/dialogues_emotion_{split}.txt"


def _files(text_digests: dict[str, str]) -> tuple[erc.DataFile, ...]:
    texts = [erc.DataFile(_text_file(split), sha256=text_digests.get(split, "")) for split in _SPLITS]
    emotions = [erc.DataFile(_emotion_file(split), sha256=_EMOTION_DIGESTS[split]) for split in _SPLITS]
    return (*texts, *emotions)


class DailyDialog(erc.Dataset):
    """DailyDialog: everyday conversations of two people, six emotions and mostly none.

    Headline metric is micro F1 over the six emotions, because "no emotion" makes 83 % of the data;
    its label word is "neutral". The corpus names no speakers, and two people alternate strictly:
    they are called A and B, which is how the language-learning pages that it was collected from
    mark turns, costs one token, and says nothing about a person. The official text is tokenised
    (``Good morning , sir .``), the detokenized text is not; one of them is read, never a mixture.
    A dialogue's id and an utterance's id are their positions. No settings are suggested: all
    that sets the corpus apart is its metric.
    """

    name = "dailydialog"
    source = "Li et al. 2017 (IJCNLP), https://aclanthology.org/I17-1099"
    labels = _LABELS
    label_words = {"no emotion": "neutral"}
    scored_labels = _EMOTIONS
    headline_metric = "micro_f1"
    layouts = (
        erc.Layout(name="official", folder="official", files=_files(_OFFICIAL_TEXT_DIGESTS)),
        erc.Layout(name="detokenized", folder="detokenized", files=_files(_DETOKENIZED_TEXT_DIGESTS)),
    )
    licence = "CC BY-NC-SA 4.0 (non-commercial, share alike)"
    names_speakers = False
    redistributable = True
    obtain = (
        "http://yanran.li/dailydialog (ijcnlp_dailydialog.zip; unpack train.zip, validation.zip and test.zip inside it "
        "to the folders train, validation and test). It is not downloaded by erc-bench, because no digest of the "
        "training text is on record."
    )
    counts = {
        "train": erc.SplitCounts(11118, 87170, 87170),
        "dev": erc.SplitCounts(1000, 8069, 8069),
        "test": erc.SplitCounts(1000, 7740, 7740),
    }
    fingerprints = ("3a5c77875ad6f865719417692137e839b6420f10d13e3eed39bfe46a8dda72e6",)
    known_repeats = {
        "train": 879,
        "dev": 7,
        "test": 4,
        "dev in train": 122,
        "test in train": 149,
        "test in dev": 11,
    }

    def load(self, folder: Path) -> erc.Splits:
        """Read texts and emotions; a line on which they do not agree is an error."""
        return erc.Splits(*(tuple(self._split(folder, split)) for split in _SPLITS))

    def _split(self, folder: Path, split: str) -> Iterator[erc.Dialogue]:
        text_path, emotion_path = folder / _text_file(split), folder / _emotion_file(split)
        texts, emotions = erc.read_lines(text_path), erc.read_lines(emotion_path)
        if len(texts) != len(emotions):
            raise erc.ErcBenchError(
                f"{text_path} has {len(texts)} lines, but {emotion_path} has {len(emotions)}",
                "The two files must have one line for each dialogue; get both from the same source.",
            )
        for line, (text, numbers) in enumerate(zip(texts, emotions, strict=True), start=1):
            turns, labels = _turns(text), _labels(numbers, f"{emotion_path}, line {line}")
            if len(turns) != len(labels):
                raise erc.ErcBenchError(
                    f"{text_path}, line {line}: {len(turns)} utterances, but {len(labels)} in {emotion_path.name}",
                    "The two files must agree line by line; get both from the same source.",
                )
            yield erc.Dialogue(str(line - 1), _utterances(turns, labels))


def _labels(numbers: str, place: str) -> list[str]:
    try:
        return [_BY_NUMBER[number] for number in numbers.split()]
    except KeyError as error:
        raise erc.ErcBenchError(
            f"{place}: unknown label {error.args[0]!r}; known: {', '.join(_BY_NUMBER)}",
            "Correct the number, or get a fresh copy of the file.",
        ) from error


def _turns(line: str) -> list[str]:
    """Cut a line at its end marks; the rest after the last one is a turn only if it is not empty."""
    turns = [erc.clean_text(turn).strip() for turn in line.split(_END)]
    return turns if turns[-1] else turns[:-1]


def _utterances(turns: list[str], labels: list[str]) -> tuple[erc.Utterance, ...]:
    return tuple(
        erc.Utterance(_SPEAKERS[i % 2], turn, label, scored=True, id=str(i))
        for i, (turn, label) in enumerate(zip(turns, labels, strict=True))
    )


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    return [DailyDialog]
