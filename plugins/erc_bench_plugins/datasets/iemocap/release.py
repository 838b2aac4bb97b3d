"""The release of IEMOCAP: its transcriptions, joined with the majority labels of its evaluations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import erc_bench.api as erc
from erc_bench_plugins.datasets.iemocap.dialogues import DIALOGUE, LABELS, NAMES, Turn, dialogue_of

TRANSCRIPTIONS = erc.DataFile("Session*/dialog/transcriptions/*.txt")
EVALUATIONS = erc.DataFile("Session*/dialog/EmoEvaluation/*.txt")
_UNSCORED_CODES = ("sur", "fea", "dis", "oth", "xxx")
_FIRST_DEV_DIALOGUE = "Ses04F_script01_3"
_TIME = r"-?\d+(?:\.\d+)?"
_TURN = re.compile(
    rf"(?P<actor>Ses\w+_[FM])(?P<number>XX\d*|\d+)\s+\[(?P<start>{_TIME})-{_TIME}\]:(?P<text>.*)", re.ASCII
)
_WITHOUT_ID = re.compile(r"\s*([A-Za-z]+:.*)?")
_BLOCK = re.compile(rf"\[{_TIME} - {_TIME}\]\s+(?P<turn>\w+)\s+(?P<code>\w+)\s+\[.*\]\s*", re.ASCII)
_FRESH_COPY = "Get a fresh copy of the file from USC SAIL."


def read_release(folder: Path) -> erc.Splits:
    """Return the splits; raise :class:`ErcBenchError` naming file and line of what does not fit."""
    transcriptions = _by_dialogue(erc.matching_files(TRANSCRIPTIONS, folder))
    evaluations = _by_dialogue(erc.matching_files(EVALUATIONS, folder))
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
        splits[_split_of(name)].append(dialogue_of(name, turns, NAMES, str(path)))
    return erc.Splits(*map(tuple, splits.values()))


def _split_of(name: str) -> str:
    if name.startswith("Ses05"):
        return "test"
    return "train" if name < _FIRST_DEV_DIALOGUE else "dev"


def _by_dialogue(paths: Iterable[Path]) -> dict[str, Path]:
    found = {}
    for path in paths:
        name, session = DIALOGUE.fullmatch(path.stem), path.parents[2].name
        if name is None or session != f"Session{name['session']}":
            raise erc.ErcBenchError(
                f"{path} is not named after a dialogue of {session}",
                "The files of a dialogue are called like Ses01F_impro01.txt and lie in the folder of their session.",
            )
        found[path.stem] = path
    return found


def _release_turns(name: str, transcription: Path, evaluation: Path) -> list[Turn]:
    """Return the turns of a dialogue in the order in which they begin."""
    codes = _codes(name, evaluation)
    turns: list[tuple[float, Turn]] = []
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
        label = code if code in LABELS else None
        turns.append((float(found["start"]), Turn(found["actor"], found["text"].strip(), label)))
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
        codes[found["turn"]] = erc.known_label(found["code"], (*LABELS, *_UNSCORED_CODES), place)
    return codes
