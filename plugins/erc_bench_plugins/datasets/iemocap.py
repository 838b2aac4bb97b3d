"""IEMOCAP (Busso et al. 2008): the JSON form that the code of SPCL and EACL reads, or the release itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import erc_bench.api as erc

_TRAIN, _DEV, _TEST, _NAMES = "train_data.json", "dev_data.json", "test_data.json", "name_pool"
# The first digits: all that is on record of files that must not be passed on.
_DIGESTS = {_TRAIN: "3995a662", _DEV: "bf77292e", _TEST: "066a2658"}
_TRANSCRIPTIONS = erc.DataFile("Session*/dialog/transcriptions/*.txt")
_EVALUATIONS = erc.DataFile("Session*/dialog/EmoEvaluation/*.txt")
_LABELS = ("neu", "exc", "fru", "sad", "hap", "ang")
_UNSCORED_CODES = ("sur", "fea", "dis", "oth", "xxx")
# A dialogue has two speakers: these are the first two names of the pool that SPCL's and EACL's code reads.
_RELEASE_NAMES = ("Roy", "Weldon")
_FIRST_DEV_DIALOGUE = "Ses04F_script01_3"
_LAUGHTER = re.compile(r"\s*\[LAUGHTER\]\s*")
_DIALOGUE = re.compile(r"Ses0(?P<session>[1-5])[FM]_(impro|script)\w+", re.ASCII)
_TIME = r"-?\d+(?:\.\d+)?"
_TURN = re.compile(
    rf"(?P<actor>Ses\w+_[FM])(?P<number>XX\d*|\d+)\s+\[(?P<start>{_TIME})-{_TIME}\]:(?P<text>.*)", re.ASCII
)
_WITHOUT_ID = re.compile(r"\s*([A-Za-z]+:.*)?")
_BLOCK = re.compile(rf"\[{_TIME} - {_TIME}\]\s+(?P<turn>\w+)\s+(?P<code>\w+)\s+\[.*\]\s*", re.ASCII)
_FRESH_COPY = "Get a fresh copy of the file from USC SAIL."


class _Turn(NamedTuple):
    """One turn as either layout describes it; the actor is called <dialogue>_F or <dialogue>_M."""

    actor: str
    text: str
    label: str | None


class Iemocap(erc.Dataset):
    """IEMOCAP: dialogues of two actors, scripted and improvised, six emotions.

    Turns outside the six classes have no label: they stay in the dialogue as context and are not
    scored. A dialogue's id is its speakers' name without the last two characters, its slice
    ``scripted`` or ``improvised``. The speakers, in the order in which they first speak in a
    dialogue, are called by first names, so that a name says nothing about a person; ``[LAUGHTER]``
    is removed from the text. Names, text and label order are those of EACL's code. An utterance's
    id is its position.

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
    labels = _LABELS
    label_words = {"neu": "neutral", "exc": "excited", "fru": "frustrated", "hap": "happy", "ang": "angry"}
    layouts = (
        erc.Layout(
            name="spcl_json",
            folder="spcl_json",
            files=(*(erc.DataFile(name, sha256=digits) for name, digits in _DIGESTS.items()), erc.DataFile(_NAMES)),
        ),
        erc.Layout(name="usc_release", folder="IEMOCAP_full_release", files=(_TRANSCRIPTIONS, _EVALUATIONS)),
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
        return _from_release(folder) if layout and layout.name == "usc_release" else _from_json(folder)

    @classmethod
    def normalise(cls, text: str) -> str:
        """Return the text without ``[LAUGHTER]``."""
        text = erc.clean_text(text)
        return _LAUGHTER.sub(" ", text).strip() if "[LAUGHTER]" in text else text


def _from_json(folder: Path) -> erc.Splits:
    pool = folder / _NAMES
    names = [erc.expect(name, str, str(pool)) for name in _list(erc.read_json(pool), pool)]
    return erc.Splits(*(tuple(_json_dialogues(folder / name, names)) for name in (_TRAIN, _DEV, _TEST)))


def _json_dialogues(path: Path, names: Sequence[str]) -> Iterator[erc.Dialogue]:
    for number, records in enumerate(_list(erc.read_json(path), path)):
        place = f"{path}, dialogue {number}"
        turns = [_json_turn(record, f"{place}, turn {i}") for i, record in enumerate(erc.expect(records, list, place))]
        yield _dialogue(_common_name(turns, place), turns, names, place)


def _json_turn(record: Any, place: str) -> _Turn:
    actor, text = (erc.member(record, name, str, place) for name in ("speaker", "text"))
    if record.get("label") is None:
        return _Turn(actor, text, None)
    return _Turn(actor, text, erc.known_label(erc.member(record, "label", str, place), _LABELS, place))


def _list(content: object, path: Path) -> list[Any]:
    return erc.expect(content, list, str(path))


def _common_name(turns: Sequence[_Turn], place: str) -> str:
    if not turns:
        raise erc.ErcBenchError(f"{place}: it has no turns", "Get a fresh copy of the file.")
    names = sorted({turn.actor[:-2] for turn in turns})
    if len(names) != 1:
        raise erc.ErcBenchError(
            f"{place}: its speakers name {len(names)} dialogues ({', '.join(names)})",
            "All turns of a dialogue must have the speakers <dialogue>_F and <dialogue>_M.",
        )
    return names[0]


def _from_release(folder: Path) -> erc.Splits:
    transcriptions = _by_dialogue(erc.matching_files(_TRANSCRIPTIONS, folder))
    evaluations = _by_dialogue(erc.matching_files(_EVALUATIONS, folder))
    for name in sorted(transcriptions.keys() ^ evaluations.keys()):
        there, lacking = (
            (transcriptions, "EmoEvaluation") if name in transcriptions else (evaluations, "transcriptions")
        )
        raise erc.ErcBenchError(
            f"{there[name]} has no counterpart: {there[name].parents[1] / lacking / there[name].name} is missing",
            "Every dialogue has a file in transcriptions and one in EmoEvaluation; get the missing one from USC SAIL.",
        )
    splits: dict[str, list[erc.Dialogue]] = {"train": [], "dev": [], "test": []}
    for name, path in sorted(transcriptions.items()):
        turns = _release_turns(name, path, evaluations[name])
        splits[_split_of(name)].append(_dialogue(name, turns, _RELEASE_NAMES, str(path)))
    return erc.Splits(*map(tuple, splits.values()))


def _split_of(name: str) -> str:
    if name.startswith("Ses05"):
        return "test"
    return "train" if name < _FIRST_DEV_DIALOGUE else "dev"


def _by_dialogue(paths: Iterable[Path]) -> dict[str, Path]:
    found = {}
    for path in paths:
        name, session = _DIALOGUE.fullmatch(path.stem), path.parents[2].name
        if name is None or session != f"Session{name['session']}":
            raise erc.ErcBenchError(
                f"{path} is not named after a dialogue of {session}",
                "The files of a dialogue are called like Ses01F_impro01.txt and lie in the folder of their session.",
            )
        found[path.stem] = path
    return found


def _release_turns(name: str, transcription: Path, evaluation: Path) -> list[_Turn]:
    """Return the turns of a dialogue in the order in which they begin."""
    codes = _codes(name, evaluation)
    turns: list[tuple[float, _Turn]] = []
    for number, line in enumerate(erc.read_lines(transcription), start=1):
        if _WITHOUT_ID.fullmatch(line):
            continue
        place = f"{transcription}, line {number}"
        found = _TURN.fullmatch(line)
        if found is None or found["actor"][:-2] != name:
            raise erc.ErcBenchError(
                f"{place}: not a turn of {name}: {line[:60]!r}",
                f"A turn is written like {name}_F000 [006.2901-008.2357]: text. {_FRESH_COPY}",
            )
        code = "xxx" if found["number"].startswith("XX") else _take(codes, found, place, evaluation)
        label = code if code in _LABELS else None
        turns.append((float(found["start"]), _Turn(found["actor"], found["text"].strip(), label)))
    if codes:
        raise erc.ErcBenchError(
            f"{evaluation}: {len(codes)} evaluated turns are not in {transcription}, the first is {next(iter(codes))}",
            _FRESH_COPY,
        )
    return [turn for _, turn in sorted(turns, key=lambda timed: timed[0])]


def _take(codes: dict[str, str], turn: re.Match[str], place: str, evaluation: Path) -> str:
    name = turn["actor"] + turn["number"]
    if name not in codes:
        raise erc.ErcBenchError(f"{place}: {evaluation} has no evaluation of {name}, or it is here twice", _FRESH_COPY)
    return codes.pop(name)


def _codes(name: str, path: Path) -> dict[str, str]:
    """Return the majority label of each evaluated turn of a dialogue."""
    codes: dict[str, str] = {}
    for number, line in enumerate(erc.read_lines(path), start=1):
        # What the annotators said one by one stands on lines of its own, below the line of the turn.
        if not line.startswith("[") and f"{name}_" not in line:
            continue
        place = f"{path}, line {number}"
        found = _BLOCK.fullmatch(line)
        if found is None or found["turn"] in codes:
            raise erc.ErcBenchError(
                f"{place}: not the evaluation of a further turn: {line[:60]!r}",
                f"It is written like [6.2901 - 8.2357] {name}_F000 neu [2.5, 2.5, 2.5], with tabs, once for each turn. "
                f"{_FRESH_COPY}",
            )
        codes[found["turn"]] = erc.known_label(found["code"], (*_LABELS, *_UNSCORED_CODES), place)
    return codes


def _dialogue(name: str, turns: Sequence[_Turn], names: Sequence[str], place: str) -> erc.Dialogue:
    actors = list(dict.fromkeys(turn.actor for turn in turns))
    if len(actors) > len(names):
        raise erc.ErcBenchError(
            f"{place}: {len(actors)} speakers, but {_NAMES} has {len(names)} names", "Get the complete name_pool."
        )
    called = dict(zip(actors, names, strict=False))
    utterances = (
        erc.Utterance(
            speaker=called[turn.actor],
            text=Iemocap.normalise(turn.text),
            label=turn.label,
            scored=turn.label is not None,
            id=str(position),
        )
        for position, turn in enumerate(turns)
    )
    part = "scripted" if "_script" in name else "improvised"
    return erc.Dialogue(name, tuple(utterances), slice=part, session=_session(name))


def _session(name: str) -> str:
    """Return the session, which two actors have to themselves: ``Ses05`` of ``Ses05F_impro01``."""
    found = _DIALOGUE.fullmatch(name)
    return f"Ses0{found['session']}" if found else ""


@erc.hookimpl
def erc_datasets() -> list[type[erc.Dataset]]:
    return [Iemocap]
